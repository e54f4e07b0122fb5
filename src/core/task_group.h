// The only way to run threads here: they end before the group does.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/cancellation.h"
#include "core/result.h"

namespace summit {

// Runs tasks, each in its own thread; one thread spawns and joins. An exception in a task is its failure. The
// first failure asks the others to stop through `cancellation()`.
class TaskGroup {
 public:
  // Tasks see a request on `parent` as well as the group's own.
  explicit TaskGroup(const Cancellation& parent = {});
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;
  ~TaskGroup();  // cancels what still runs, and joins

  void spawn(std::function<Result<void>()> task);

  // Joins all tasks and gives the first error, in time, that was not a mere consequence (kCancelled) of
  // another.
  Result<void> join();

  const Cancellation& cancellation() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Runs `count` calls of `task(index)` on at most `workers` threads; the first failure stops the rest.
Result<void> parallel_for(size_t count, size_t workers, const std::function<Result<void>(size_t)>& task,
                          const Cancellation& cancellation = {});

}  // namespace summit
