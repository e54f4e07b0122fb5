// A limit on bytes per second, shared by everything that moves them.
#pragma once

#include <chrono>
#include <mutex>

#include "core/cancellation.h"
#include "core/result.h"

namespace summit::storage {

// A token bucket that holds a tenth of a second. Thread-safe.
class BandwidthLimit {
 public:
  // 0: no limit.
  explicit BandwidthLimit(uint64_t bytes_per_second) : bytes_per_second_(bytes_per_second) {}

  // Waits until `bytes` more may be moved.
  Result<void> take(size_t bytes, const Cancellation& cancellation);

 private:
  using Clock = std::chrono::steady_clock;
  Clock::duration reserve(size_t bytes);

  uint64_t bytes_per_second_;
  std::mutex mutex_;
  Clock::time_point paid_until_{};
};

}  // namespace summit::storage
