#include "stores/postgres/load_queue.h"

#include <chrono>

#include "core/wait.h"

namespace summit::postgres {

Result<void> LoadQueue::push(LoadUnit unit, const Cancellation& cancellation) {
  std::unique_lock lock(mutex_);
  while (bytes_ >= capacity_) {
    RETURN_IF_ERROR(cancellation.check());
    changed_.wait_for(lock, kCancellationInterval);
  }
  bytes_ += unit.block.bytes.size();
  units_.push_back(std::move(unit));
  changed_.notify_all();
  return {};
}

void LoadQueue::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

Result<std::optional<LoadUnit>> LoadQueue::take(const Cancellation& cancellation) {
  std::unique_lock lock(mutex_);
  while (units_.empty() && !closed_) {
    RETURN_IF_ERROR(cancellation.check());
    changed_.wait_for(lock, kCancellationInterval);
  }
  RETURN_IF_ERROR(cancellation.check());
  if (units_.empty()) return std::optional<LoadUnit>();
  LoadUnit unit = std::move(units_.front());
  units_.pop_front();
  bytes_ -= unit.block.bytes.size();
  changed_.notify_all();
  return std::optional(std::move(unit));
}

}  // namespace summit::postgres
