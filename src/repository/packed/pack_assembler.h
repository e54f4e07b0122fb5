// Collects sealed frames in packs, and uploads the packs that are full.
//
// At most `uploads` packs are on their way and one is being filled: add() waits when that is so. Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "core/cancellation.h"
#include "repository/packed/events.h"
#include "repository/packed/frame_codec.h"
#include "repository/packed/keyring.h"
#include "repository/packed/pack_format.h"
#include "storage/object_store.h"

namespace summit::repository::packed {

class PackAssembler {
 public:
  struct Options {
    uint64_t epoch = 0;
    uint64_t pack_size = 32 * MiB;
    size_t uploads = 2;
  };
  // `opened` hears of each new pack before any frame has a place in it, `arrived` when it is durable in the
  // store.
  PackAssembler(storage::ObjectStore& store, const Keyring& keyring, Options options,
                std::function<void(const PackName&)> opened, std::function<void(const PackName&)> arrived);
  ~PackAssembler();

  Result<FramePlace> add(const EncodedFrame& frame, std::span<const PackedChunk> chunks,
                         const Cancellation& cancellation);

  // Runs until close() and an empty queue: `uploads` threads do this. An error is for all.
  Result<void> upload_packs(const Cancellation& cancellation);

  // Hands over the pack that is being filled. No add() afterwards.
  Result<void> close(const Cancellation& cancellation);

  // All packs that arrived.
  std::vector<StoredPack> stored() const;
  uint64_t stored_bytes() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace summit::repository::packed
