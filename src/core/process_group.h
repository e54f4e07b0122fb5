// Looking at a whole process group. Internal to core; use core/process.h.
#pragma once

#include <sys/types.h>

namespace summit {

// Whether any process of the group still runs. Those that have ended and wait to be reaped by their new
// parent do not count: in a container whose first process reaps nobody they stay for ever.
bool has_living_member(pid_t group);

}  // namespace summit
