// Ends our children when this process dies, however it dies. Internal to core; use core/process.h.
//
// PR_SET_PDEATHSIG would tie a child to the *thread* that forked it, reach the child only and not what it
// started, and be lost when the child changes its user. So one small guard process holds the reading end of a
// pipe whose writing end is ours alone: each child writes its process group into the pipe before it execs,
// and when the pipe ends, because we exited or were killed, the guard kills every group still registered. A
// child that we saw end is taken off before its number can be used again.
#pragma once

#include <sys/types.h>

#include "core/files.h"
#include "core/result.h"

namespace summit {

class OrphanGuard {
 public:
  // The guard of this process, forked at the first call. Thread-safe.
  static Result<const OrphanGuard*> instance();

  OrphanGuard(const OrphanGuard&) = delete;
  OrphanGuard& operator=(const OrphanGuard&) = delete;
  ~OrphanGuard();

  // Called by a child between fork and exec: async-signal-safe. `group` is the child's own process group.
  bool register_group(pid_t group) const noexcept;
  // Called before the child is reaped, or to let it live on.
  void forget_group(pid_t group) const noexcept;

 private:
  OrphanGuard();
  UniqueFd registry_;
  pid_t guard_ = -1;
  int error_number_ = 0;
};

}  // namespace summit
