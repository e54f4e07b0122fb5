// A request to stop, shared by all threads of one run. Ctrl-C sets it; long loops look at it.
#pragma once

#include <atomic>
#include <memory>

#include "core/result.h"

namespace summit {

class Cancellation {
 public:
  Cancellation() : state_(std::make_shared<State>()) {}

  // One that also sees every request made on `parent`, while its own requests stay its own.
  static Cancellation within(const Cancellation& parent);

  void request() noexcept { state_->own.store(true, std::memory_order_relaxed); }
  bool requested() const noexcept {
    for (const State* state = state_.get(); state != nullptr; state = state->parent.get()) {
      if (state->own.load(std::memory_order_relaxed)) return true;
    }
    return false;
  }

  // kCancelled once requested, for RETURN_IF_ERROR in loops.
  Result<void> check() const;

  // Copies share one flag. Async-signal-safe to set through this pointer, which lives as long as any copy.
  std::atomic<bool>* flag() const noexcept { return &state_->own; }

 private:
  struct State {
    std::atomic<bool> own{false};
    std::shared_ptr<const State> parent;
  };
  std::shared_ptr<State> state_;
};

}  // namespace summit
