// Buffers of one size, used again: their pages stay mapped, and memory does not fragment. Thread-safe.
#pragma once

#include <mutex>
#include <utility>
#include <vector>

#include "repository/packed/buffer.h"

namespace summit::repository::packed {

class BufferPool {
 public:
  // At most `keep` of them are kept.
  BufferPool(size_t capacity, size_t keep) : capacity_(capacity), keep_(keep) {}

  Buffer take() {
    const std::lock_guard lock(mutex_);
    if (free_.empty()) return Buffer(capacity_);
    Buffer buffer = std::move(free_.back());
    free_.pop_back();
    return buffer;
  }
  void give_back(Buffer buffer) {
    const std::lock_guard lock(mutex_);
    if (buffer.capacity() != capacity_ || free_.size() == keep_) return;
    buffer.clear();
    free_.push_back(std::move(buffer));
  }

 private:
  const size_t capacity_;
  const size_t keep_;
  std::mutex mutex_;
  std::vector<Buffer> free_;
};

}  // namespace summit::repository::packed
