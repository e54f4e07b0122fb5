// What some threads hand to others.
#include "core/bounded_queue.h"

#include <gtest/gtest.h>

#include "core/task_group.h"

namespace summit {
namespace {

struct Itself {
  uint64_t operator()(uint64_t item) const { return item; }
};
using Queue = BoundedQueue<uint64_t, Itself>;

TEST(BoundedQueue, GivesEveryItemInOrderThoughItHoldsFew) {
  constexpr uint64_t kItems = 1000;
  Queue queue(5);
  TaskGroup group;
  group.spawn([&]() -> Result<void> {
    for (uint64_t i = 0; i < kItems; ++i) RETURN_IF_ERROR(queue.push(i, group.cancellation()));
    queue.close();
    return {};
  });
  for (uint64_t i = 0; i < kItems; ++i) {
    const auto item = queue.take({});
    ASSERT_TRUE(item.ok() && item->has_value());
    EXPECT_EQ(**item, i);
  }
  const auto end = queue.take({});
  ASSERT_TRUE(end.ok());
  EXPECT_FALSE(end->has_value());
  EXPECT_TRUE(group.join().ok());
}

TEST(BoundedQueue, WhoWaitsForRoomOrForAnItemHearsOfACancellation) {
  Queue full(1);
  ASSERT_TRUE(full.push(1, {}).ok());
  Queue empty(1);
  TaskGroup group;
  group.spawn([&] { return full.push(1, group.cancellation()); });
  group.spawn([&]() -> Result<void> {
    return empty.take(group.cancellation()).ok() ? Result<void>() : Error(Code::kCancelled, "heard");
  });
  group.spawn([]() -> Result<void> { return Error(Code::kFailed, "ends the others"); });
  const auto joined = group.join();
  ASSERT_FALSE(joined.ok());
  EXPECT_EQ(joined.error().code(), Code::kFailed);
}

}  // namespace
}  // namespace summit
