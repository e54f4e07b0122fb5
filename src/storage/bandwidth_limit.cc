#include "storage/bandwidth_limit.h"

#include "core/wait.h"

namespace summit::storage {

Result<void> BandwidthLimit::take(size_t bytes, const Cancellation& cancellation) {
  if (bytes_per_second_ == 0) return {};
  return pause_for(std::chrono::ceil<std::chrono::milliseconds>(reserve(bytes)), cancellation);
}

BandwidthLimit::Clock::duration BandwidthLimit::reserve(size_t bytes) {
  constexpr std::chrono::milliseconds kBurst{100};
  const std::chrono::duration<double> cost(static_cast<double>(bytes) /
                                           static_cast<double>(bytes_per_second_));
  const std::lock_guard lock(mutex_);
  const auto now = Clock::now();
  paid_until_ = std::max(paid_until_, now - kBurst) + std::chrono::duration_cast<Clock::duration>(cost);
  return std::max(paid_until_ - now, Clock::duration::zero());
}

}  // namespace summit::storage
