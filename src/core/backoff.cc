#include "core/backoff.h"

#include <algorithm>
#include <random>

#include "core/wait.h"

namespace summit {

Result<bool> Backoff::wait(std::chrono::milliseconds wish, const Cancellation& cancellation) {
  if (++failures_ >= settings_.attempts) return false;
  const auto doublings = std::min(failures_ - 1, 20);
  const auto bound = std::min(settings_.base * (int64_t{1} << doublings), settings_.longest);
  std::random_device random;
  const std::chrono::milliseconds jitter(std::uniform_int_distribution<int64_t>(0, bound.count())(random));
  RETURN_IF_ERROR(pause_for(std::max(jitter, std::min(wish, settings_.longest)), cancellation));
  return true;
}

}  // namespace summit
