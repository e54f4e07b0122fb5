// Bytes of changing length in one allocation that is not cleared: large blocks are written once, not twice.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>

#include "core/bytes.h"

namespace summit::repository::packed {

class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(size_t capacity) { reserve(capacity); }

  std::byte* data() { return bytes_.get(); }
  const std::byte* data() const { return bytes_.get(); }
  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }
  size_t room() const { return capacity_ - size_; }
  bool empty() const { return size_ == 0; }
  ByteView view() const { return {bytes_.get(), size_}; }

  // Keeps the content.
  void reserve(size_t capacity) {
    if (capacity <= capacity_) return;
    auto larger = std::make_unique_for_overwrite<std::byte[]>(capacity);
    if (size_ != 0) std::memcpy(larger.get(), bytes_.get(), size_);
    bytes_ = std::move(larger);
    capacity_ = capacity;
  }
  // New bytes have any value.
  void resize(size_t size) {
    reserve(size);
    size_ = size;
  }
  void append(ByteView bytes) {
    if (bytes.empty()) return;
    if (bytes.size() > room()) reserve(std::max(size_ + bytes.size(), 2 * capacity_));
    std::memcpy(bytes_.get() + size_, bytes.data(), bytes.size());
    size_ += bytes.size();
  }
  void clear() { size_ = 0; }

 private:
  std::unique_ptr<std::byte[]> bytes_;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace summit::repository::packed
