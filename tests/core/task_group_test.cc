#include "core/task_group.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "core/time.h"
#include "core/wait.h"

namespace summit {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

TEST(TaskGroup, WithoutFailuresJoinsWithSuccess) {
  std::atomic<int> done{0};
  TaskGroup group;
  for (int i = 0; i < 8; ++i) {
    group.spawn([&]() -> Result<void> {
      ++done;
      return {};
    });
  }
  EXPECT_TRUE(group.join().ok());
  EXPECT_EQ(done, 8);
}

TEST(TaskGroup, FirstFailureStopsTheOthersAndIsTheOneReported) {
  TaskGroup group;
  const Cancellation cancellation = group.cancellation();
  for (int i = 0; i < 4; ++i) group.spawn([cancellation] { return pause_for(minutes(10), cancellation); });
  group.spawn([]() -> Result<void> { return Error(Code::kNoSpace, "disk full"); });
  const Stopwatch stopwatch;
  const auto result = group.join();
  EXPECT_EQ(result.error().code(), Code::kNoSpace);
  EXPECT_LT(stopwatch.elapsed().count(), 5);
}

TEST(TaskGroup, ConsequenceThatArrivesFirstDoesNotHideItsCause) {
  TaskGroup group;
  std::atomic<bool> cancelled_one_ended{false};
  group.spawn([&]() -> Result<void> {
    const Error consequence(Code::kCancelled, "stopped");
    cancelled_one_ended = true;
    return consequence;
  });
  group.spawn([&]() -> Result<void> {
    while (!cancelled_one_ended) RETURN_IF_ERROR(pause_for(milliseconds(1), Cancellation()));
    RETURN_IF_ERROR(pause_for(milliseconds(20), Cancellation()));
    return Error(Code::kIo, "the cause");
  });
  EXPECT_EQ(group.join().error().message(), "the cause");
}

TEST(TaskGroup, RequestOnTheParentReachesTheTasksButNotTheOtherWayRound) {
  Cancellation parent;
  TaskGroup group(parent);
  const Cancellation cancellation = group.cancellation();
  group.spawn([cancellation] { return pause_for(minutes(10), cancellation); });
  parent.request();
  EXPECT_EQ(group.join().error().code(), Code::kCancelled);

  const Cancellation bystander;
  TaskGroup failing(bystander);
  failing.spawn([]() -> Result<void> { return Error(Code::kIo, "broken"); });
  EXPECT_FALSE(failing.join().ok());
  EXPECT_FALSE(bystander.requested());
}

TEST(TaskGroup, ExceptionInATaskIsItsFailure) {
  TaskGroup group;
  group.spawn([]() -> Result<void> { throw std::runtime_error("surprise"); });
  EXPECT_EQ(group.join().error().message(), "a task ended unexpectedly: surprise");
}

TEST(TaskGroup, DestroyedWithoutJoinStopsItsTasks) {
  const Stopwatch stopwatch;
  {
    TaskGroup group;
    const Cancellation cancellation = group.cancellation();
    group.spawn([cancellation] { return pause_for(minutes(10), cancellation); });
  }
  EXPECT_LT(stopwatch.elapsed().count(), 5);
}

TEST(ParallelFor, RunsEveryIndexOnce) {
  for (const size_t workers : {size_t{0}, size_t{1}, size_t{3}, size_t{200}}) {
    std::vector<std::atomic<int>> calls(100);
    const auto result = parallel_for(calls.size(), workers, [&](size_t index) -> Result<void> {
      ++calls[index];
      return {};
    });
    EXPECT_TRUE(result.ok());
    for (const auto& count : calls) EXPECT_EQ(count, 1);
  }
  EXPECT_TRUE(parallel_for(0, 4, [](size_t) -> Result<void> { return Error(Code::kFailed, "called"); }).ok());
}

TEST(ParallelFor, StopsAfterTheFirstFailure) {
  std::atomic<size_t> calls{0};
  const auto result = parallel_for(100'000, 4, [&](size_t index) -> Result<void> {
    ++calls;
    if (index == 10) return Error(Code::kCorrupt, "bad block {}", index);
    return pause_for(milliseconds(1), Cancellation());
  });
  EXPECT_EQ(result.error().message(), "bad block 10");
  EXPECT_LT(calls, 1000U);
}

TEST(ParallelFor, CancelledBeforeItsEndIsNotASuccess) {
  Cancellation cancellation;
  const auto result = parallel_for(
      1000, 2,
      [&](size_t index) -> Result<void> {
        if (index == 5) cancellation.request();
        return {};
      },
      cancellation);
  EXPECT_EQ(result.error().code(), Code::kCancelled);
}

}  // namespace
}  // namespace summit
