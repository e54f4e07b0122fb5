#include "repository/retention.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace summit::repository {
namespace {

using std::chrono::days;
using std::chrono::hours;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const Instant kNow = *from_rfc3339("2026-11-21T12:00:00Z");

RetainedBackup backup(std::string id, hours age, bool verified = false, Status status = Status::kComplete) {
  return {.id = std::move(id),
          .environment = "prod",
          .set = "full",
          .scope = {},
          .finished = kNow - age,
          .status = status,
          .pinned = false,
          .verified = verified};
}

// The ids that go.
std::vector<std::string> removed(const std::vector<RetainedBackup>& backups, const RetentionPolicy& policy) {
  std::vector<std::string> ids;
  for (const auto& decision : decide_retention(backups, [&](const auto&) { return policy; }, kNow)) {
    EXPECT_FALSE(decision.reason.empty());
    if (!decision.keep) ids.push_back(decision.id);
  }
  return ids;
}

const RetentionPolicy kThirtyDays{.age = days(30)};

TEST(Retention, WhatIsOlderThanItsAgeGoes) {
  EXPECT_THAT(removed({backup("new", days(1), true), backup("edge", days(30) - hours(1)),
                       backup("at", days(30)), backup("old", days(90))},
                      kThirtyDays),
              ElementsAre("at", "old"));
}

TEST(Retention, NothingCompleteGoesBeforeANewerOneIsVerified) {
  EXPECT_THAT(
      removed({backup("new", days(1)), backup("old", days(40)), backup("older", days(50))}, kThirtyDays),
      IsEmpty());
  EXPECT_THAT(removed({backup("new", days(1)), backup("old", days(40), true), backup("older", days(50))},
                      kThirtyDays),
              ElementsAre("older"));
}

TEST(Retention, TheNewestVerifiedStaysWhateverItsAge) {
  EXPECT_THAT(removed({backup("a", days(400), true), backup("b", days(300), true)}, kThirtyDays),
              ElementsAre("a"));
}

TEST(Retention, APinnedOneStays) {
  auto pinned = backup("old", days(90));
  pinned.pinned = true;
  EXPECT_THAT(removed({backup("new", days(1), true), pinned}, kThirtyDays), IsEmpty());
}

TEST(Retention, APolicyWithoutRulesKeepsAll) {
  EXPECT_THAT(removed({backup("new", days(1), true), backup("old", days(900))}, {}), IsEmpty());
}

TEST(Retention, SeriesDoNotReplaceEachOther) {
  auto other_set = backup("minimal", days(60));
  other_set.set = "minimal";
  auto other_environment = backup("staging", days(60));
  other_environment.environment = "staging";
  auto other_scope = backup("tenant", days(60));
  other_scope.scope = {{"tenant_id", "acme"}};
  EXPECT_THAT(removed({backup("new", days(1), true), other_set, other_environment, other_scope}, kThirtyDays),
              IsEmpty());
}

TEST(Retention, EachSeriesHasItsOwnPolicy) {
  auto staging = backup("staging", days(20));
  auto staging_new = backup("staging-new", days(1), true);
  staging.environment = staging_new.environment = "staging";
  const auto policy_of = [](const RetainedBackup& of) {
    return RetentionPolicy{.age = of.environment == "staging" ? days(14) : days(30)};
  };
  const auto decisions = decide_retention(
      {backup("new", days(1), true), backup("prod", days(20)), staging, staging_new}, policy_of, kNow);
  EXPECT_TRUE(decisions[1].keep);
  EXPECT_FALSE(decisions[2].keep);
}

TEST(Retention, TheLastSoManyStay) {
  EXPECT_THAT(
      removed({backup("1", days(1), true), backup("2", days(2)), backup("3", days(3)), backup("4", days(4))},
              {.last = 2}),
      ElementsAre("3", "4"));
}

TEST(Retention, TheNewestOfEachDayStays) {
  EXPECT_THAT(
      removed({backup("today", hours(1), true), backup("morning", hours(9)), backup("yesterday", hours(14)),
               backup("yesterday-early", hours(30)), backup("before", hours(40))},
              {.daily = 2}),
      ElementsAre("morning", "yesterday-early", "before"));
}

// 2026-01-01 is a Thursday: its week is the first of 2026, and begins in 2025.
TEST(Retention, WeeksAreThoseOfIso8601) {
  const auto on = [](const char* date) {
    return std::chrono::floor<hours>(kNow - *from_rfc3339(std::string(date) + "T12:00:00Z"));
  };
  EXPECT_THAT(removed({backup("fri", on("2026-01-02"), true), backup("tue", on("2025-12-30")),
                       backup("sun", on("2025-12-28")), backup("mon", on("2025-12-22")),
                       backup("old", on("2025-12-21"))},
                      {.weekly = 2}),
              ElementsAre("tue", "mon", "old"));
}

TEST(Retention, RulesAreJoined) {
  // Months reach further back than days; a backup that one rule keeps still counts for the others.
  EXPECT_THAT(
      removed({backup("nov", days(1), true), backup("nov-old", days(15)), backup("oct", days(25)),
               backup("sep", days(70)), backup("last-year", days(400)), backup("year-before", days(700))},
              {.daily = 1, .monthly = 2, .yearly = 2}),
      ElementsAre("nov-old", "sep", "year-before"));
}

TEST(Retention, IncompleteOnesCountForNoRuleAndGoInTheEnd) {
  const auto partial = [](std::string id, hours age) {
    return backup(std::move(id), age, false, Status::kPartial);
  };
  const auto failed = [](std::string id, hours age) {
    return backup(std::move(id), age, false, Status::kFailed);
  };
  EXPECT_THAT(removed({partial("p1", days(1)), backup("good", days(2), true), partial("p3", days(3)),
                       failed("f9", days(9)), partial("p9", days(9)), backup("old", days(10))},
                      {.last = 2}),
              ElementsAre("f9", "p9"));
  EXPECT_THAT(removed({partial("p9", days(9)), failed("f9", days(9))}, {.last = 1}), ElementsAre("f9"))
      << "a part is more than nothing";
}

TEST(Retention, ABackupFromTheFutureIsTheNewest) {
  EXPECT_THAT(removed({backup("ahead", -hours(48), true), backup("old", days(40))}, kThirtyDays),
              ElementsAre("old"));
}

TEST(Retention, TheLongerOfSetAndEnvironmentCountsAndDaysOverrideBoth) {
  EXPECT_EQ(age_policy(days(30), days(90), {}).age, days(90));
  EXPECT_EQ(age_policy(days(30), days(7), {}).age, days(30));
  EXPECT_TRUE(age_policy({}, days(7), {}).is_manual());
  EXPECT_EQ(age_policy({}, days(7), 14).age, days(14));
  EXPECT_EQ(age_policy(days(30), days(90), 3).age, days(3));
}

}  // namespace
}  // namespace summit::repository
