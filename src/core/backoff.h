// How often something is tried again that may pass, and how long is waited between.
#pragma once

#include <chrono>

#include "core/cancellation.h"
#include "core/result.h"

namespace summit {

struct RetrySettings {
  int attempts = 8;  // in all, without progress between them
  std::chrono::milliseconds base{200};
  std::chrono::milliseconds longest{20000};
};

// Exponential backoff with full jitter: a random time between nothing and a bound that doubles, so that many
// clients of a struggling server do not come back all at once. One per request; one thread at a time.
class Backoff {
 public:
  explicit Backoff(const RetrySettings& settings) : settings_(settings) {}

  // Waits before the next attempt, at least `wish` (what the server asked for, but no more than the longest
  // wait). False when there is none left.
  Result<bool> wait(std::chrono::milliseconds wish, const Cancellation& cancellation);

  // Something was achieved: counts from the start again.
  void reset() { failures_ = 0; }

 private:
  RetrySettings settings_;
  int failures_ = 0;
};

}  // namespace summit
