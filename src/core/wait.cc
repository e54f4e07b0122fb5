#include "core/wait.h"

#include <algorithm>
#include <thread>

#include "core/time.h"

namespace summit {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

Result<void> pause_for(milliseconds duration, const Cancellation& cancellation) {
  const auto end = Clock::now() + duration;
  while (true) {
    RETURN_IF_ERROR(cancellation.check());
    const auto left = end - Clock::now();
    if (left <= Clock::duration::zero()) return {};
    std::this_thread::sleep_for(std::min<Clock::duration>(left, kCancellationInterval));
  }
}

Result<void> wait_until(const std::function<Result<bool>()>& ready, std::string_view what,
                        milliseconds timeout, milliseconds interval, const Cancellation& cancellation) {
  const auto end = Clock::now() + timeout;
  while (true) {
    ASSIGN_OR_RETURN(const bool is_ready, ready(), "while waiting for {}", what);
    if (is_ready) return {};
    if (Clock::now() >= end) {
      return Error(Code::kTimeout, "waited {} for {}, in vain", human_duration(timeout), what);
    }
    RETURN_IF_ERROR(pause_for(interval, cancellation), "while waiting for {}", what);
  }
}

}  // namespace summit
