// Copies the live chunks of packs that are mostly dead into new packs.
//
// Memory: one pack in the making and one frame. One thread at a time.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/cancellation.h"
#include "core/result.h"
#include "repository/packed/events.h"
#include "repository/packed/keyring.h"
#include "repository/packed/live_chunks.h"
#include "repository/packed/pack_builder.h"
#include "repository/packed/pack_reader.h"
#include "storage/object_store.h"

namespace summit::repository::packed {

class Repacker {
 public:
  // Receives relocations whose new packs are all in the storage.
  using Emit = std::function<Result<void>(std::vector<RelocateEvent> relocations)>;

  // `marked_at`: the record after which live chunks were marked; new packs are of that epoch. The store and
  // keyring outlive it.
  static Result<std::unique_ptr<Repacker>> create(storage::ObjectStore& store, const Keyring& keyring,
                                                  uint64_t marked_at, Emit emit);

  // Every chunk of the source is checked on its way. False when it has to stay as it is: it was sealed under
  // an older master key, by which its chunks are named. kCorrupt when it is damaged, or not what the log
  // says; nothing of it is relocated then, and the next source may still be added.
  Result<bool> add(const StoredPack& source, const ChunkFilter& live, const Cancellation& cancellation);
  // Stores and emits what is left.
  Result<void> finish(const Cancellation& cancellation);

  uint64_t packs_written() const { return packs_; }
  uint64_t bytes_written() const { return bytes_; }

 private:
  struct Moved {
    PackName from;
    std::set<PackName> to;
  };

  Repacker(storage::ObjectStore& store, const Keyring& keyring, uint64_t marked_at, Emit emit,
           std::unique_ptr<FrameEncoder> encoder)
      : store_(store),
        keyring_(keyring),
        marked_at_(marked_at),
        emit_(std::move(emit)),
        encoder_(std::move(encoder)) {}

  Result<void> copy_frame(const PackedFrame& frame, ByteView plain, const ChunkFilter& live, Moved& moved,
                          const Cancellation& cancellation);
  Result<void> write_frame(Moved& moved, const Cancellation& cancellation);
  Result<void> store_pack(const Cancellation& cancellation);
  Result<void> emit_finished();

  storage::ObjectStore& store_;
  const Keyring& keyring_;
  const uint64_t marked_at_;
  const Emit emit_;
  std::unique_ptr<FrameEncoder> encoder_;
  std::unique_ptr<PackBuilder> builder_;  // none before the first frame and after each pack
  std::string plain_;                     // of the frame in the making
  std::vector<PackedChunk> chunks_;
  std::map<PackName, StoredPack> stored_;  // new packs that relocations wait for
  std::vector<Moved> moved_;
  uint64_t packs_ = 0;
  uint64_t bytes_ = 0;
};

}  // namespace summit::repository::packed
