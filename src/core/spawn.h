// Starting one child process: what happens between fork and exec. Internal to core; use core/process.h.
#pragma once

#include <sys/types.h>

#include "core/process.h"

namespace summit {

// The child's ends of its standard streams; each must be valid.
struct ChildStreams {
  int input = -1;
  int output = -1;
  int error = -1;
};

// Starts the command in its own process group and returns once its program runs, so a failure to start it is
// known here: kMissingTool when there is no such program, kDenied when it may not be run or its user not
// taken.
Result<pid_t> spawn(const Command& command, const ChildStreams& streams);

}  // namespace summit
