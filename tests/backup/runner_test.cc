#include "backup/runner.h"

#include <thread>

#include "world.h"

namespace summit::backup {
namespace {

using repository::ComponentRecord;
using repository::Status;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Result<void> fail(const char* why) { return Error(Code::kUnreachable, "{}", why).hint("summit-dr doctor"); }

TEST(RunBackup, PreparesAllThenCutsWhatServersTriggerThenTheImmediateOnesThenTransfers) {
  World world;
  auto plan = world.plan({{.name = "postgresql"},
                          {.name = "redis", .kind = "redis", .cut_kind = CutKind::kTriggered},
                          {.name = "uploads", .kind = "files", .cut_kind = CutKind::kNone},
                          {.name = "neo4j", .kind = "neo4j"}});
  const auto outcome = world.run(plan);
  ASSERT_TRUE(outcome.ok()) << outcome.error().message();
  EXPECT_TRUE(outcome->complete());

  const auto& log = world.log;
  for (const char* store : {"postgresql", "redis", "uploads", "neo4j"}) {
    EXPECT_LT(log.position(std::string("prepare ") + store), log.position("cut redis"));
    EXPECT_GT(log.position(std::string("transfer ") + store),
              std::max(log.position("cut postgresql"), log.position("cut neo4j")));
    EXPECT_GT(log.position(std::string("release ") + store), log.position(std::string("transfer ") + store));
  }
  EXPECT_LT(log.position("cut redis"), std::min(log.position("cut postgresql"), log.position("cut neo4j")));
  EXPECT_THAT(log.events(), ::testing::Not(::testing::Contains("cut uploads")));
}

TEST(RunBackup, RecordsWhoseDataTheyAreAndCommitsThem) {
  World world;
  auto plan = world.plan({{.name = "postgresql", .instant = at("2026-11-21T03:10:48Z")}});
  plan.request.label = "before the upgrade";
  const auto outcome = world.run(plan);
  ASSERT_TRUE(outcome.ok());

  const auto reader = world.repository.open(outcome->metadata.id);
  ASSERT_TRUE(reader.ok()) << reader.error().message();
  const auto& metadata = (*reader)->metadata();
  EXPECT_EQ(metadata.set, "full");
  EXPECT_EQ(metadata.environment, "dev");
  EXPECT_EQ(metadata.environment_class, "dev");
  EXPECT_EQ(metadata.label, "before the upgrade");
  EXPECT_EQ(metadata.status, Status::kComplete);
  EXPECT_EQ(metadata.recovery_point, at("2026-11-21T03:10:48Z"));
  ASSERT_EQ(metadata.components.size(), 1U);
  EXPECT_EQ(metadata.components[0].kind, "postgresql");
  EXPECT_TRUE(world.repository.verify(outcome->metadata.id, world.reporter)->findings.empty());
}

TEST(RunBackup, AFailedComponentMakesItPartialAndTheOthersAreKept) {
  World world;
  auto plan =
      world.plan({{.name = "postgresql"},
                  {.name = "neo4j", .kind = "neo4j", .prepare = [](auto&) { return fail("no answer"); }},
                  {.name = "redis", .kind = "redis", .cut = [](auto&) { return fail("gone"); }}});
  const auto outcome = world.run(plan);
  ASSERT_TRUE(outcome.ok()) << outcome.error().message();
  EXPECT_FALSE(outcome->complete());
  EXPECT_EQ(outcome->metadata.status, Status::kPartial);
  EXPECT_EQ(outcome->metadata.find("postgresql")->status, Status::kComplete);
  const auto* neo4j = outcome->metadata.find("neo4j");
  EXPECT_EQ(neo4j->status, Status::kFailed);
  EXPECT_EQ(neo4j->reason, "no answer");
  EXPECT_EQ(neo4j->hint, "summit-dr doctor");
  EXPECT_EQ(outcome->metadata.find("redis")->status, Status::kFailed);
  EXPECT_THAT(world.log.events(), ::testing::Not(::testing::Contains("cut neo4j")));
  EXPECT_THAT(world.log.events(), ::testing::Not(::testing::Contains("transfer redis")));
}

TEST(RunBackup, HypertablesOfAnArchiveThatWasNotMadeAreNotClaimed) {
  World world;
  auto plan = world.plan({{.name = "postgresql", .transfer = [](auto&, auto&) { return fail("disk full"); }},
                          {.name = "timescaledb", .kind = "timescaledb"},
                          {.name = "timescaledb-analytics", .kind = "timescaledb"},
                          {.name = "redis", .kind = "redis"}});
  plan.components[1].store = "postgresql";
  plan.components[2].store = "analytics";
  const auto outcome = world.run(plan);
  ASSERT_TRUE(outcome.ok()) << outcome.error().message();
  const auto* hypertables = outcome->metadata.find("timescaledb");
  EXPECT_EQ(hypertables->status, Status::kFailed);
  EXPECT_THAT(hypertables->reason, HasSubstr("archive of postgresql"));
  EXPECT_EQ(hypertables->hint, "summit-dr doctor");
  EXPECT_EQ(outcome->metadata.find("timescaledb-analytics")->status, Status::kComplete)
      << "its archive is another one";
}

TEST(RunBackup, AllOrNothingKeepsNothingWhenOneComponentFallsShort) {
  const auto partial = [](CaptureContext&, ComponentRecord& record) -> Result<void> {
    record.status = Status::kPartial;
    record.reason = "one file could not be read";
    return {};
  };
  const auto failed = [](CaptureContext&, ComponentRecord&) { return fail("no answer"); };
  for (const auto& transfer :
       {std::function<Result<void>(CaptureContext&, ComponentRecord&)>(partial), {failed}}) {
    World world;
    auto plan =
        world.plan({{.name = "postgresql"}, {.name = "redis", .kind = "redis", .transfer = transfer}});
    plan.all_or_nothing = true;
    const auto outcome = world.run(plan);
    ASSERT_FALSE(outcome.ok());
    EXPECT_THAT(outcome.error().message(), HasSubstr("redis: "));
    EXPECT_THAT(world.repository.list().value(), IsEmpty());
    EXPECT_THAT(world.names_in_base(), ::testing::Each(::testing::Not(HasSubstr("summit-backup-"))));
  }
}

TEST(RunBackup, OfAnotherSetNameIsRecordedUnderIt) {
  World world;
  auto plan = world.plan({{.name = "postgresql"}});
  plan.set_name = "safety";
  const auto outcome = world.run(plan);
  ASSERT_TRUE(outcome.ok()) << outcome.error().message();
  EXPECT_EQ(outcome->metadata.set, "safety");
  EXPECT_THAT(outcome->metadata.id, ::testing::StartsWith("summit-backup-safety-"));
}

TEST(RunBackup, WhatAFailedComponentHadWrittenIsNotInTheBackup) {
  World world;
  auto plan = world.plan({{.name = "postgresql"},
                          {.name = "redis", .kind = "redis", .transfer = [](auto& context, auto& record) {
                             auto written =
                                 ScriptedComponent::write_artifact(context, record, "redis-half.rdb");
                             EXPECT_TRUE(written.ok());
                             return fail("the connection was lost");
                           }}});
  const auto outcome = world.run(plan);
  ASSERT_TRUE(outcome.ok()) << outcome.error().message();
  EXPECT_THAT(outcome->metadata.find("redis")->artifacts, IsEmpty());
  EXPECT_TRUE(fs::exists(outcome->location / "postgresql.dump"));
  EXPECT_FALSE(fs::exists(outcome->location / "redis-half.rdb"));
  EXPECT_TRUE(world.repository.verify(outcome->metadata.id, world.reporter)->findings.empty());
}

TEST(RunBackup, KeepsNothingWhenEveryComponentFailedAndGivesTheFirstError) {
  World world;
  auto plan = world.plan(
      {{.name = "postgresql", .prepare = [](auto&) { return fail("postgresql is down"); }},
       {.name = "redis", .kind = "redis", .prepare = [](auto&) { return fail("redis is down"); }}});
  const auto outcome = world.run(plan);
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().message(), "postgresql is down");
  EXPECT_THAT(world.names_in_base(), IsEmpty());
}

TEST(RunBackup, OfAbsentComponentsOnlyIsAnErrorAndKeepsNothing) {
  World world;
  auto plan = world.plan({{.name = "postgresql"}});
  plan.components[0].component.reset();
  plan.components[0].absent_reason = "no postgresql endpoint is declared for `dev`";
  const auto outcome = world.run(plan);
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().code(), Code::kNotFound);
  EXPECT_THAT(world.names_in_base(), IsEmpty());
}

// A component that finds out in its own time that its store is not there.
Script absent_script() {
  return {.name = "elasticsearch", .kind = "elasticsearch", .transfer = [](auto&, ComponentRecord& record) {
            record.status = Status::kAbsent;
            record.reason = "nothing listens there";
            return Result<void>();
          }};
}

TEST(RunBackup, AComponentThatFindsItselfAbsentStaysSo) {
  for (const bool required : {true, false}) {
    World world;
    auto plan = world.plan({{.name = "postgresql"}, absent_script()});
    plan.components[1].spec.required = required;
    const auto outcome = world.run(plan);
    ASSERT_TRUE(outcome.ok());
    EXPECT_EQ(outcome->metadata.find("elasticsearch")->status, Status::kAbsent);
    EXPECT_EQ(outcome->metadata.find("elasticsearch")->reason, "nothing listens there");
    EXPECT_EQ(outcome->metadata.status, required ? Status::kPartial : Status::kComplete);
  }
}

TEST(RunBackup, AnUndeclaredStoreMakesItPartialOnlyWhenItIsRequired) {
  for (const bool required : {true, false}) {
    World world;
    auto plan = world.plan({{.name = "postgresql"}, {.name = "neo4j", .kind = "neo4j"}});
    plan.components[1].component.reset();
    plan.components[1].absent_reason = "no neo4j endpoint is declared for `dev`";
    plan.components[1].spec.required = required;
    const auto outcome = world.run(plan);
    ASSERT_TRUE(outcome.ok());
    EXPECT_EQ(outcome->metadata.find("neo4j")->reason, "no neo4j endpoint is declared for `dev`");
    EXPECT_EQ(outcome->metadata.status, required ? Status::kPartial : Status::kComplete);
  }
}

TEST(RunBackup, ACancellationLeavesNothingBehind) {
  World world;
  auto plan = world.plan({{.name = "postgresql"},
                          {.name = "redis", .kind = "redis", .transfer = [&](auto& context, auto& record) {
                             world.cancellation.request();
                             return ScriptedComponent::write_artifact(context, record, "redis.rdb");
                           }}});
  const auto outcome = world.run(plan);
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().code(), Code::kCancelled);
  EXPECT_THAT(world.names_in_base(), IsEmpty());
  EXPECT_GT(world.log.position("release redis"), 0U);
}

TEST(RunBackup, TheRecoveryPointIsTheEarliestInstantAndTheSkewReachesToTheLatest) {
  World world;
  auto plan = world.plan({{.name = "postgresql", .instant = at("2026-11-21T03:10:48.500000Z")},
                          {.name = "redis",
                           .kind = "redis",
                           .cut_kind = CutKind::kTriggered,
                           .instant = at("2026-11-21T03:10:48.250000Z")},
                          {.name = "neo4j", .kind = "neo4j", .instant = at("2026-11-21T03:10:49.000000Z")}});
  const auto outcome = world.run(plan);
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->metadata.recovery_point, at("2026-11-21T03:10:48.250000Z"));
  EXPECT_DOUBLE_EQ(outcome->metadata.skew_seconds, 0.75);
}

TEST(RunBackup, FilesHaveAnInstantOfTheirOwnThatNeitherMovesTheRecoveryPointNorTheSkew) {
  World world;
  const auto own_instant = [](auto& context, ComponentRecord& record) {
    record.instant = at("2026-11-21T02:00:00Z");
    return ScriptedComponent::write_artifact(context, record, "uploads.tar.zst");
  };
  auto plan =
      world.plan({{.name = "postgresql", .instant = at("2026-11-21T03:10:48Z")},
                  {.name = "uploads", .kind = "files", .cut_kind = CutKind::kNone, .transfer = own_instant}});
  const auto outcome = world.run(plan);
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->metadata.find("uploads")->instant, at("2026-11-21T02:00:00Z"));
  EXPECT_EQ(outcome->metadata.recovery_point, at("2026-11-21T03:10:48Z"));
  EXPECT_EQ(outcome->metadata.skew_seconds, 0);
}

TEST(RunBackup, AFailedStoreHasNoInstantAndCountsInNoSkew) {
  World world;
  const auto lost = [](auto&, auto&) { return fail("the connection was lost"); };
  auto plan = world.plan(
      {{.name = "postgresql", .instant = at("2026-11-21T03:10:48Z")},
       {.name = "neo4j", .kind = "neo4j", .instant = at("2026-11-21T03:00:00Z"), .transfer = lost}});
  const auto outcome = world.run(plan);
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->metadata.find("neo4j")->instant, std::nullopt);
  EXPECT_EQ(outcome->metadata.recovery_point, at("2026-11-21T03:10:48Z"));
  EXPECT_EQ(outcome->metadata.skew_seconds, 0);
}

TEST(RunBackup, AnInstantThatTransferCorrectsWinsOverTheOneOfTheCut) {
  World world;
  const auto corrected = [](auto& context, ComponentRecord& record) {
    record.instant = at("2026-11-21T03:10:49Z");
    return ScriptedComponent::write_artifact(context, record, "redis.rdb");
  };
  auto plan = world.plan(
      {{.name = "redis", .kind = "redis", .instant = at("2026-11-21T03:10:48Z"), .transfer = corrected}});
  const auto outcome = world.run(plan);
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->metadata.find("redis")->instant, at("2026-11-21T03:10:49Z"));
}

TEST(RunBackup, AComponentsDurationIsItsOwnWorkAndNotTheWaitForOthers) {
  using std::chrono::milliseconds;
  World world;
  const auto slow = [](auto&) {
    std::this_thread::sleep_for(milliseconds(150));
    return Result<void>();
  };
  const auto slow_transfer = [](auto& context, auto& record) {
    std::this_thread::sleep_for(milliseconds(150));
    return ScriptedComponent::write_artifact(context, record, "neo4j.dump");
  };
  auto plan = world.plan(
      {{.name = "redis", .kind = "redis"},
       {.name = "neo4j", .kind = "neo4j", .prepare = slow, .cut = slow, .transfer = slow_transfer}});
  const Stopwatch watch;
  const auto outcome = world.run(plan);
  ASSERT_TRUE(outcome.ok());
  const double whole = watch.elapsed().count();
  const double redis = outcome->metadata.find("redis")->duration_seconds;
  const double neo4j = outcome->metadata.find("neo4j")->duration_seconds;
  EXPECT_GE(neo4j, 0.45);
  EXPECT_LE(neo4j, whole);
  EXPECT_GT(redis, 0);
  // It waited 0.3 s for the other's prepare and cut, whatever the machine is busy with.
  EXPECT_LE(redis, whole - 0.3);
}

TEST(RunBackup, AFailedComponentTellsHowLongItHadWorked) {
  World world;
  const auto late_failure = [](auto&, auto&) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    return fail("the connection was lost");
  };
  auto plan =
      world.plan({{.name = "postgresql"}, {.name = "neo4j", .kind = "neo4j", .transfer = late_failure}});
  const auto outcome = world.run(plan);
  ASSERT_TRUE(outcome.ok());
  EXPECT_GE(outcome->metadata.find("neo4j")->duration_seconds, 0.05);
}

TEST(RunBackup, ToolVersionsOfAllComponentsAreCollected) {
  World world;
  const auto with_tool = [](auto& context, ComponentRecord& record) {
    record.details["tool:pg_dump"] = "16.4";
    return ScriptedComponent::write_artifact(context, record, "postgres-full.dump");
  };
  auto plan = world.plan({{.name = "postgresql", .transfer = with_tool}});
  const auto outcome = world.run(plan);
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->metadata.tool_versions.at("pg_dump"), "16.4");
}

TEST(RunBackup, TheDatabaseFormOfTheIdIsThatOfTheScripts) {
  World world;
  auto plan = world.plan({{.name = "postgresql"}});
  plan.request.database_id_form = true;
  const auto outcome = world.run(plan);
  ASSERT_TRUE(outcome.ok());
  EXPECT_THAT(outcome->metadata.id, ::testing::MatchesRegex("summit-backup-[0-9]+_[0-9]+"));
}

TEST(RunBackup, TwoInOneSecondGetDifferentIds) {
  World world;
  auto first = world.plan({{.name = "postgresql"}});
  auto second = world.plan({{.name = "postgresql"}});
  const auto one = world.run(first);
  const auto other = world.run(second);
  ASSERT_TRUE(one.ok());
  ASSERT_TRUE(other.ok()) << other.error().message();
  EXPECT_NE(one->metadata.id, other->metadata.id);
}

}  // namespace
}  // namespace summit::backup
