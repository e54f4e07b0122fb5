#include "repository/set_growth.h"

#include <gtest/gtest.h>

namespace summit::repository {
namespace {

BackupUse use(const std::string& set, const char* started, uint64_t native, uint64_t added) {
  return {.id = set + started,
          .set = set,
          .started = *from_rfc3339(started),
          .native_bytes = native,
          .added_bytes = added};
}

TEST(SetGrowth, IsCountedPerSetFromTheOldestToTheNewest) {
  const auto sets = growth_of_sets(
      {use("full", "2026-11-23T00:00:00Z", 1400, 60), use("minimal", "2026-11-21T00:00:00Z", 10, 10),
       use("full", "2026-11-21T00:00:00Z", 1000, 500), use("full", "2026-11-22T00:00:00Z", 1200, 40)});
  ASSERT_EQ(sets.size(), 2U);
  EXPECT_EQ(sets[0].set, "full");
  ASSERT_EQ(sets[0].backups.size(), 3U);
  EXPECT_EQ(sets[0].backups[0].native_bytes, 1000U);
  EXPECT_EQ(sets[0].native_bytes, 3600U);
  EXPECT_EQ(sets[0].stored_bytes, 600U);
  EXPECT_DOUBLE_EQ(sets[0].deduplication(), 6);
  EXPECT_DOUBLE_EQ(sets[0].native_growth_per_day, 200);
  EXPECT_DOUBLE_EQ(sets[0].stored_growth_per_day, 50);
  EXPECT_DOUBLE_EQ(sets[1].native_growth_per_day, 0) << "one backup does not grow";
}

TEST(SetGrowth, AShrinkingSetHasANegativeRate) {
  const auto sets = growth_of_sets(
      {use("full", "2026-11-21T00:00:00Z", 500, 500), use("full", "2026-11-21T12:00:00Z", 400, 400)});
  EXPECT_DOUBLE_EQ(sets[0].native_growth_per_day, -200);
}

TEST(SetGrowth, MinutesApartSayNothingAboutDays) {
  const auto sets = growth_of_sets(
      {use("full", "2026-11-21T00:00:00Z", 500, 500), use("full", "2026-11-21T00:05:00Z", 501, 1)});
  EXPECT_DOUBLE_EQ(sets[0].native_growth_per_day, 0);
}

}  // namespace
}  // namespace summit::repository
