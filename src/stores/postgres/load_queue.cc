#include "stores/postgres/load_queue.h"

#include "core/wait.h"

namespace summit::postgres {

Result<void> LoadQueue::push(LoadUnit unit, const Cancellation& cancellation) {
  std::unique_lock lock(mutex_);
  RETURN_IF_ERROR(wait_for_change(changed_, lock, [&] { return bytes_ < capacity_; }, cancellation));
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
  RETURN_IF_ERROR(wait_for_change(changed_, lock, [&] { return !units_.empty() || closed_; }, cancellation));
  RETURN_IF_ERROR(cancellation.check());
  if (units_.empty()) return std::optional<LoadUnit>();
  LoadUnit unit = std::move(units_.front());
  units_.pop_front();
  bytes_ -= unit.block.bytes.size();
  changed_.notify_all();
  return std::optional(std::move(unit));
}

}  // namespace summit::postgres
