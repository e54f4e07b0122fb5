// Brings frames from the store: neighbours in one request, each opened once, the last ones kept.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "core/cancellation.h"
#include "repository/packed/buffer_pool.h"
#include "repository/packed/frame_codec.h"
#include "repository/packed/keyring.h"
#include "repository/packed/pack_reader.h"
#include "storage/object_store.h"

namespace summit::repository::packed {

// Bytes that one request brings at most, unless a single frame is larger; with room for the pack's header.
inline constexpr uint64_t kGroupSize = 4 * MiB;
inline constexpr uint64_t kGroupCapacity = kGroupSize + 4 * KiB;

// What a thread needs to open frames and to check chunks. One thread at a time.
class OpeningTools {
 public:
  static Result<std::unique_ptr<OpeningTools>> create(const Keyring& keyring);

  FrameDecoder& decoder() { return *decoder_; }
  Buffer& scratch() { return scratch_; }
  // Names chunks as this generation does.
  Result<ChunkNamer*> namer(uint32_t generation);

 private:
  OpeningTools(const Keyring& keyring, std::unique_ptr<FrameDecoder> decoder)
      : keyring_(keyring), decoder_(std::move(decoder)) {}
  const Keyring& keyring_;
  std::unique_ptr<FrameDecoder> decoder_;
  Buffer scratch_;
  std::map<uint32_t, ChunkNamer> namers_;
};

// Neighbouring frames of one pack, brought by one request of whoever needs the first of them. Thread-safe.
class FrameGroup;

// The group that one caller's next frame may join: what others ask for meanwhile does not part neighbours.
using FrameRun = std::shared_ptr<FrameGroup>;

// A frame's plain bytes, there after load(). Thread-safe.
class LoadedFrame {
 public:
  LoadedFrame(const FramePlace& place, std::shared_ptr<FrameGroup> group, std::shared_ptr<BufferPool> buffers)
      : place_(place), group_(std::move(group)), buffers_(std::move(buffers)) {}
  LoadedFrame(const LoadedFrame&) = delete;
  LoadedFrame& operator=(const LoadedFrame&) = delete;
  ~LoadedFrame() { buffers_->give_back(std::move(plain_)); }

  const FramePlace& place() const { return place_; }
  // Once; later calls return at once. What failed is tried again.
  Result<void> load(OpeningTools& tools, const Cancellation& cancellation);
  // After load().
  ByteView plain() const { return plain_.view(); }
  uint32_t generation() const { return generation_; }

 private:
  const FramePlace place_;
  std::mutex mutex_;
  std::shared_ptr<FrameGroup> group_;  // until loaded
  const std::shared_ptr<BufferPool> buffers_;
  Buffer plain_;
  uint32_t generation_ = 0;
};

// Thread-safe.
class FrameLoader {
 public:
  // `memory`: bytes of plain frames that are kept.
  FrameLoader(storage::ObjectStore& store, const Keyring& keyring, uint64_t memory)
      : store_(store), keyring_(keyring), memory_(memory) {}

  // The frame, nothing of it read yet. Asking for frames in the order of their places lets neighbours of one
  // run share a request. A run begins empty and is of one thread.
  std::shared_ptr<LoadedFrame> frame(const FramePlace& place, FrameRun& run);

  // The pack's key. `header`: its first bytes when they are at hand, else empty.
  Result<std::shared_ptr<const PackOpener>> opener(const PackName& pack, ByteView header,
                                                   const Cancellation& cancellation);

  storage::ObjectStore& store() { return store_; }

 private:
  using Key = std::pair<PackName, uint32_t>;
  struct KeyHash {
    size_t operator()(const Key& key) const noexcept { return PackNameHash{}(key.first) + key.second; }
  };
  void forget_old();

  storage::ObjectStore& store_;
  const Keyring& keyring_;
  const uint64_t memory_;
  // Shared with the frames, which may outlive the loader's interest in them.
  const std::shared_ptr<BufferPool> frame_buffers_ = std::make_shared<BufferPool>(kMaxFramePlain, 4);
  const std::shared_ptr<BufferPool> group_buffers_ = std::make_shared<BufferPool>(kGroupCapacity, 4);
  std::mutex mutex_;                                // guards everything below
  std::list<std::shared_ptr<LoadedFrame>> by_use_;  // the last used first
  std::unordered_map<Key, std::list<std::shared_ptr<LoadedFrame>>::iterator, KeyHash> frames_;
  uint64_t kept_ = 0;
  std::unordered_map<PackName, std::shared_ptr<const PackOpener>, PackNameHash> openers_;
};

}  // namespace summit::repository::packed
