// Chunks on their way into a frame.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include "repository/packed/buffer.h"
#include "repository/packed/pack_format.h"

namespace summit::repository::packed {

// Who fills a frame, and can be asked not to wait for more.
class FrameOwner {
 public:
  virtual ~FrameOwner() = default;
  virtual void seal_frame() = 0;
};

// Where a frame will lie, once it is sealed. Written once, by the thread that seals it.
class FrameTicket {
 public:
  explicit FrameTicket(std::weak_ptr<FrameOwner> owner) : owner_(std::move(owner)) {}

  std::shared_ptr<FrameOwner> owner() const { return owner_.lock(); }
  void set(const FramePlace& place) {
    place_ = place;
    placed_.store(true, std::memory_order_release);
  }
  // Null until then.
  const FramePlace* place() const { return placed_.load(std::memory_order_acquire) ? &place_ : nullptr; }

 private:
  const std::weak_ptr<FrameOwner> owner_;
  FramePlace place_{};
  std::atomic<bool> placed_{false};
};

// A reference whose frame may still be on its way.
struct PendingReference {
  Reference reference{};
  std::shared_ptr<const FrameTicket> ticket{};  // null: the reference is whole

  // Fills in the frame's place; false while it has none.
  bool resolve() {
    if (!ticket) return true;
    const FramePlace* place = ticket->place();
    if (place == nullptr) return false;
    reference.frame = *place;
    ticket.reset();
    return true;
  }
};

// Plain bytes that will be one frame.
struct FrameJob {
  Buffer plain;
  std::vector<PackedChunk> chunks;
  std::shared_ptr<FrameTicket> ticket;
};

// A frame that is being filled. Holds a buffer only while there is something in it.
class OpenFrame {
 public:
  explicit OpenFrame(size_t capacity) : capacity_(capacity) {}

  bool empty() const { return job_.chunks.empty(); }
  bool fits(size_t length) const {
    return empty() || (job_.plain.size() + length <= capacity_ && job_.chunks.size() < kMaxFrameChunks);
  }
  uint32_t size() const { return static_cast<uint32_t>(job_.plain.size()); }
  const std::shared_ptr<FrameTicket>& ticket(const std::weak_ptr<FrameOwner>& owner = {}) {
    if (!job_.ticket) job_.ticket = std::make_shared<FrameTicket>(owner);
    return job_.ticket;
  }
  // Only when it fits.
  void append(const ChunkId& id, ByteView bytes, ChunkKind kind) {
    job_.chunks.push_back({id, size(), static_cast<uint32_t>(bytes.size()), kind});
    job_.plain.append(bytes);
  }
  bool has_buffer() const { return job_.plain.capacity() != 0; }
  void give_buffer(Buffer buffer) { job_.plain = std::move(buffer); }
  FrameJob take() {
    ticket();
    return std::exchange(job_, {});
  }

 private:
  size_t capacity_;
  FrameJob job_;
};

}  // namespace summit::repository::packed
