// Runs an action in a child that is killed, with SIGKILL, right before its n-th system call that changes the
// file system: what a crash at that moment leaves can then be looked at, for every such moment.
#pragma once

#include <functional>

namespace summit {

// True when the child was killed before the action ended; false when the action has fewer such calls and
// ended well. Fails the test when the action fails or the child cannot be traced.
bool killed_before_change(int n, const std::function<bool()>& action);

}  // namespace summit
