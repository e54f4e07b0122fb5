#include "core/wait.h"

#include <gtest/gtest.h>

#include "core/task_group.h"
#include "core/time.h"

namespace summit {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

TEST(Cancellation, IsSharedByCopiesAndCanBeSetThroughItsFlag) {
  Cancellation cancellation;
  const Cancellation copy = cancellation;
  EXPECT_TRUE(copy.check().ok());
  cancellation.flag()->store(true);
  EXPECT_EQ(copy.check().error().code(), Code::kCancelled);
}

TEST(Cancellation, WithinAnotherOutlivesItAndHearsIt) {
  auto parent = std::make_unique<Cancellation>();
  Cancellation child = Cancellation::within(*parent);
  const Cancellation grandchild = Cancellation::within(child);
  parent->request();
  parent.reset();
  EXPECT_TRUE(grandchild.requested());
}

TEST(Pause, EndsEarlyOnRequest) {
  Cancellation cancellation;
  TaskGroup group;
  group.spawn([&]() -> Result<void> {
    RETURN_IF_ERROR(pause_for(milliseconds(30), Cancellation()));
    cancellation.request();
    return {};
  });
  const Stopwatch stopwatch;
  EXPECT_EQ(pause_for(minutes(10), cancellation).error().code(), Code::kCancelled);
  EXPECT_LT(stopwatch.elapsed().count(), 5);
  EXPECT_TRUE(group.join().ok());
}

TEST(WaitUntil, AsksAgainUntilReady) {
  int asked = 0;
  const auto ready = [&]() -> Result<bool> { return ++asked == 3; };
  EXPECT_TRUE(wait_until(ready, "three", minutes(1), milliseconds(1), {}).ok());
  EXPECT_EQ(asked, 3);
}

TEST(WaitUntil, NamesWhatItWaitedForWhenItNeverCame) {
  const auto never = []() -> Result<bool> { return false; };
  const auto result = wait_until(never, "neo4j to accept connections", milliseconds(20), milliseconds(5), {});
  EXPECT_EQ(result.error().code(), Code::kTimeout);
  EXPECT_EQ(result.error().message(), "waited 20 ms for neo4j to accept connections, in vain");
}

TEST(WaitUntil, EndsAtOnceWhenAskingFails) {
  const auto broken = []() -> Result<bool> { return Error(Code::kDenied, "wrong password"); };
  const auto result = wait_until(broken, "a login", minutes(1), milliseconds(1), {});
  EXPECT_EQ(result.error().code(), Code::kDenied);
}

}  // namespace
}  // namespace summit
