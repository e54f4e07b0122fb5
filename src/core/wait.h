// Waiting that can be cancelled: the only way to sleep outside core.
#pragma once

#include <chrono>
#include <functional>
#include <string_view>

#include "core/cancellation.h"
#include "core/result.h"

namespace summit {

// How long a waiting thread may be deaf to a cancellation: who waits for a condition wakes this often.
inline constexpr std::chrono::milliseconds kCancellationInterval{50};

// Sleeps for `duration`; kCancelled within that interval of a request.
Result<void> pause_for(std::chrono::milliseconds duration, const Cancellation& cancellation);

// Asks `ready` again after each `interval` until it gives true. Its error ends the wait at once; kTimeout
// after `timeout` with `what` in the message ("neo4j on port 7474 to accept connections"). Asks at least
// once.
Result<void> wait_until(const std::function<Result<bool>()>& ready, std::string_view what,
                        std::chrono::milliseconds timeout, std::chrono::milliseconds interval,
                        const Cancellation& cancellation);

}  // namespace summit
