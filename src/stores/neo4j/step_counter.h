// Progress in steps: one call a row would cost more than the row.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "core/progress.h"

namespace summit::neo4j {

class StepCounter {
 public:
  StepCounter(std::unique_ptr<Phase> phase, uint64_t total) : phase_(std::move(phase)) {
    phase_->set_total(total);
  }
  ~StepCounter() { phase_->advance(pending_); }
  StepCounter(const StepCounter&) = delete;
  StepCounter& operator=(const StepCounter&) = delete;

  void count() {
    constexpr uint64_t kStep = 1000;
    if (++pending_ >= kStep) phase_->advance(std::exchange(pending_, 0));
  }

 private:
  std::unique_ptr<Phase> phase_;
  uint64_t pending_ = 0;
};

}  // namespace summit::neo4j
