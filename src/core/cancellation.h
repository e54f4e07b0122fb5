// A request to stop, shared by all threads of one run. Ctrl-C sets it; long loops look at it.
#pragma once

#include <atomic>
#include <memory>

#include "core/result.h"

namespace summit {

class Cancellation {
 public:
  void request() noexcept { requested_->store(true, std::memory_order_relaxed); }
  bool requested() const noexcept { return requested_->load(std::memory_order_relaxed); }

  // kCancelled once requested, for RETURN_IF_ERROR in loops.
  Result<void> check() const;

  // Copies share one flag. Async-signal-safe to set through this pointer.
  std::atomic<bool>* flag() const noexcept { return requested_.get(); }

 private:
  std::shared_ptr<std::atomic<bool>> requested_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace summit
