// What some threads hand to others without one side running ahead.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

#include "core/cancellation.h"
#include "core/result.h"
#include "core/wait.h"

namespace summit {

// First in, first out. Thread-safe. `Weigh` says what an item weighs; `capacity` bounds the weight of what
// waits, apart from the item that crosses it.
template <typename Item, typename Weigh>
class BoundedQueue {
 public:
  explicit BoundedQueue(uint64_t capacity) : capacity_(capacity) {}

  // Waits for room; kCancelled on a request to stop.
  Result<void> push(Item item, const Cancellation& cancellation) {
    std::unique_lock lock(mutex_);
    RETURN_IF_ERROR(wait_for_change(changed_, lock, [&] { return weight_ < capacity_; }, cancellation));
    weight_ += Weigh{}(item);
    items_.push_back(std::move(item));
    changed_.notify_all();
    return {};
  }

  // No more items come.
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }

  // Nothing at the end; kCancelled on a request to stop.
  Result<std::optional<Item>> take(const Cancellation& cancellation) {
    std::unique_lock lock(mutex_);
    RETURN_IF_ERROR(
        wait_for_change(changed_, lock, [&] { return !items_.empty() || closed_; }, cancellation));
    RETURN_IF_ERROR(cancellation.check());
    if (items_.empty()) return std::optional<Item>();
    Item item = std::move(items_.front());
    items_.pop_front();
    weight_ -= Weigh{}(item);
    changed_.notify_all();
    return std::optional(std::move(item));
  }

 private:
  const uint64_t capacity_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::deque<Item> items_;
  uint64_t weight_ = 0;
  bool closed_ = false;
};

}  // namespace summit
