// Puts encoded frames together to one pack, in memory.
//
// Who fills it asks has_room() first. Thread-safe, except that finish() comes last.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "repository/packed/events.h"
#include "repository/packed/frame_codec.h"
#include "repository/packed/keyring.h"
#include "repository/packed/pack_format.h"

namespace summit::repository::packed {

struct FinishedPack {
  StoredPack stored;
  std::string content;
};

class PackBuilder {
 public:
  // `capacity`: bytes after which has_room() is false, at most 64 MiB. A usual footer comes on top; a larger
  // one, of many small or well compressed chunks, counts.
  static Result<std::unique_ptr<PackBuilder>> create(const Keyring& keyring, uint64_t epoch,
                                                     uint64_t capacity = 32 * MiB);
  ~PackBuilder();

  const PackName& name() const;
  // For a frame of so many encoded bytes and chunks. The first one always has.
  bool has_room(size_t encoded_length, size_t chunks) const;
  bool empty() const;

  // Seals the frame and says where it lies. `chunks` cover its plain bytes in order.
  Result<FramePlace> add(const EncodedFrame& frame, std::span<const PackedChunk> chunks);

  Result<FinishedPack> finish();

 private:
  struct State;
  explicit PackBuilder(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace summit::repository::packed
