#include "core/task_group.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <vector>

namespace summit {

namespace {

// No exception crosses a thread's border.
Result<void> run_guarded(const std::function<Result<void>()>& task) {
  try {
    return task();
  } catch (const std::exception& exception) {
    return Error(Code::kFailed, "a task ended unexpectedly: {}", exception.what());
  }
}

}  // namespace

struct TaskGroup::State {
  explicit State(const Cancellation& parent) : cancellation(Cancellation::within(parent)) {}

  void record(Error error) {
    {
      const std::lock_guard lock(mutex);
      const bool is_consequence = error.code() == Code::kCancelled;
      if (!first_error || (first_error->code() == Code::kCancelled && !is_consequence))
        first_error = std::move(error);
    }
    cancellation.request();
  }

  void join_threads() {
    for (std::thread& thread : threads) thread.join();
    threads.clear();
  }

  Cancellation cancellation;
  std::vector<std::thread> threads;
  std::mutex mutex;
  std::optional<Error> first_error;
};

TaskGroup::TaskGroup(const Cancellation& parent) : state_(std::make_unique<State>(parent)) {}

TaskGroup::~TaskGroup() {
  // Nobody waits for the outcome any more, so nothing is worth finishing.
  if (!state_->threads.empty()) state_->cancellation.request();
  state_->join_threads();
}

void TaskGroup::spawn(std::function<Result<void>()> task) {
  State* state = state_.get();
  try {
    state->threads.emplace_back([state, task = std::move(task)] {
      if (auto result = run_guarded(task); !result.ok()) state->record(std::move(result).error());
    });
  } catch (const std::system_error& failure) {
    state->record(Error(Code::kFailed, "cannot start a thread: {}", failure.what())
                      .hint("raise the limit that `ulimit -u` shows"));
  }
}

Result<void> TaskGroup::join() {
  state_->join_threads();
  if (const auto& error = state_->first_error) return *error;
  return {};
}

const Cancellation& TaskGroup::cancellation() const { return state_->cancellation; }

Result<void> parallel_for(size_t count, size_t workers, const std::function<Result<void>(size_t)>& task,
                          const Cancellation& cancellation) {
  std::atomic<size_t> next{0};
  TaskGroup group(cancellation);
  const auto work = [&]() -> Result<void> {
    for (size_t index = next++; index < count; index = next++) {
      RETURN_IF_ERROR(group.cancellation().check());
      RETURN_IF_ERROR(task(index));
    }
    return {};
  };
  const size_t threads = std::min(count, std::max<size_t>(workers, 1));
  if (threads == 1) return run_guarded(work);
  for (size_t i = 0; i < threads; ++i) group.spawn(work);
  return group.join();
}

}  // namespace summit
