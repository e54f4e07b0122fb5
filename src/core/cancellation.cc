#include "core/cancellation.h"

namespace summit {

Cancellation Cancellation::within(const Cancellation& parent) {
  Cancellation child;
  child.state_->parent = parent.state_;
  return child;
}

Result<void> Cancellation::check() const {
  if (requested()) return Error(Code::kCancelled, "cancelled on request");
  return {};
}

}  // namespace summit
