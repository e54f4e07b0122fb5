// Waiting that can be cancelled: the only way to sleep outside core.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string_view>

#include "core/cancellation.h"
#include "core/result.h"

namespace summit {

// How long a waiting thread may be deaf to a cancellation: who waits for a condition wakes this often.
inline constexpr std::chrono::milliseconds kCancellationInterval{50};

// Waits until `ready`, asked under the lock, gives true; `changed` wakes it. The cancellation is looked at
// before each wait only: what is ready already is taken.
template <typename Ready>
Result<void> wait_for_change(std::condition_variable& changed, std::unique_lock<std::mutex>& lock,
                             Ready ready, const Cancellation& cancellation) {
  while (!ready()) {
    RETURN_IF_ERROR(cancellation.check());
    changed.wait_for(lock, kCancellationInterval);
  }
  return {};
}

// Sleeps for `duration`; kCancelled within that interval of a request.
Result<void> pause_for(std::chrono::milliseconds duration, const Cancellation& cancellation);

// Asks `ready` again after each `interval` until it gives true. Its error ends the wait at once; kTimeout
// after `timeout` with `what` in the message ("neo4j on port 7687 to accept connections"). Asks at least
// once.
Result<void> wait_until(const std::function<Result<bool>()>& ready, std::string_view what,
                        std::chrono::milliseconds timeout, std::chrono::milliseconds interval,
                        const Cancellation& cancellation);

}  // namespace summit
