#include "recovery/runner.h"

#include "world.h"

namespace summit::recovery {
namespace {

using ::testing::HasSubstr;

Result<void> fail(const char* why) { return Error(Code::kFailed, "{}", why); }

TEST(RunRestore, OfEverythingIsRecordedAsFinished) {
  World world;
  auto plan = world.plan({{.name = "postgresql"}, {.name = "redis"}});
  const auto outcome = world.run(plan);
  ASSERT_TRUE(outcome.ok()) << outcome.error().message();
  EXPECT_EQ(outcome->failed(), 0U);
  EXPECT_EQ(outcome->different(), 0U);
  EXPECT_EQ(outcome->components[1].probes, std::vector<std::string>{"answers"});

  const auto record = find_restore(world.base(), "latest");
  ASSERT_TRUE(record.ok());
  EXPECT_EQ(record->id, outcome->record.id);
  EXPECT_EQ(record->state, RestoreState::kFinished);
  EXPECT_EQ(record->backup, "summit-backup-full-20261121T031048Z");
  EXPECT_EQ(record->change_reference, "CHG-1");
  EXPECT_EQ(record->components, (std::vector<std::string>{"postgresql", "redis"}));
  EXPECT_TRUE(record->finished.has_value());
}

TEST(RunRestore, TheRecordIsDurableBeforeTheFirstByteChanges) {
  World world;
  std::optional<RestoreState> seen;
  auto plan = world.plan({{.name = "postgresql", .restore = [&] {
                             seen = find_restore(world.base(), "latest")->state;
                             return Result<void>();
                           }}});
  ASSERT_TRUE(world.run(plan).ok());
  EXPECT_EQ(seen, RestoreState::kRunning);
}

TEST(RunRestore, ThatFinishedSettlesTheSameOneThatWasInterrupted) {
  World world;
  {
    const auto journal = RestoreJournal::open(world.base());
    RestoreRecord killed;
    killed.id = "restore-20261121T040000Z";
    killed.environment = "dev";
    killed.part = "tenant acme";
    killed.components = {"postgresql"};
    ASSERT_TRUE(journal->write(killed).ok());
  }
  world.backup.data.scope = {{"tenant_id", "acme"}};
  auto failing = world.plan({{.name = "postgresql", .restore = [] { return fail("disk full"); }}});
  ASSERT_TRUE(world.run(failing).ok());
  EXPECT_EQ(RestoreJournal::open(world.base())->interrupted()->size(), 1U);
  auto plan = world.plan({{.name = "postgresql"}});
  ASSERT_TRUE(world.run(plan).ok());
  EXPECT_TRUE(RestoreJournal::open(world.base())->interrupted()->empty());
}

TEST(RunRestore, AComponentThatFailsKeepsItsErrorAndTheOthersGoOn) {
  World world;
  auto plan =
      world.plan({{.name = "postgresql", .restore = [] { return fail("disk full"); }}, {.name = "redis"}});
  const auto outcome = world.run(plan);
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->failed(), 1U);
  EXPECT_EQ(outcome->components[0].failure->message(), "disk full");
  EXPECT_FALSE(outcome->components[1].failure.has_value());
  EXPECT_EQ(outcome->components[1].probes.size(), 1U);
  EXPECT_EQ(outcome->record.state, RestoreState::kFailed);
  EXPECT_EQ(find_restore(world.base(), "latest")->problem, "postgresql: disk full");
}

TEST(RunRestore, ADifferenceFromTheBackupIsNoSuccess) {
  World world;
  auto plan =
      world.plan({{.name = "postgresql", .differences = {{"table public.users", "1000 rows", "999 rows"}}}});
  const auto outcome = world.run(plan);
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->different(), 1U);
  EXPECT_EQ(outcome->record.state, RestoreState::kFailed);
  EXPECT_THAT(outcome->record.problem, HasSubstr("differs from the backup"));
}

TEST(RunRestore, RefusedForADifferenceCountsAsADifferenceAndIsNotProbed) {
  World world;
  auto plan = world.plan(
      {{.name = "postgresql",
        .restore = []() -> Result<void> { return Error(Code::kMismatch, "it differs, and stays away"); },
        .refused = {{"table public.users", "1000 rows", "999 rows"}}}});
  const auto outcome = world.run(plan);
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->failed(), 0U);
  EXPECT_EQ(outcome->different(), 1U);
  EXPECT_TRUE(outcome->components[0].probes.empty());
  EXPECT_EQ(outcome->record.state, RestoreState::kFailed);
  EXPECT_EQ(outcome->record.problem, "postgresql: it differs, and stays away");
}

TEST(RunRestore, WhatAComponentLeftOutIsAShortfall) {
  World world;
  auto plan = world.plan({{.name = "postgresql", .skipped = {"summit: INDEX public.i was left out"}}});
  const auto outcome = world.run(plan);
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->shortfalls, std::vector<std::string>{"postgresql: summit: INDEX public.i was left out"});
  EXPECT_EQ(outcome->record.state, RestoreState::kFinished);
}

TEST(RunRestore, AProbeThatFailsIsAFailureOfItsComponent) {
  World world;
  auto plan = world.plan({{.name = "neo4j", .probe = []() -> Result<std::vector<std::string>> {
                             return Error(Code::kFailed, "index users is FAILED");
                           }}});
  const auto outcome = world.run(plan);
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->failed(), 1U);
  EXPECT_EQ(outcome->record.state, RestoreState::kFailed);
}

TEST(RunRestore, TwoInOneSecondHaveARecordEach) {
  World world;
  for (int round = 0; round < 3; ++round) {
    auto plan = world.plan({{.name = "redis"}});
    ASSERT_TRUE(world.run(plan).ok());
  }
  EXPECT_EQ(list_restores(world.base())->size(), 3U);
}

void damage_redis(World& world) {
  repository::ComponentRecord record;
  record.name = "redis";
  record.artifacts = {{.name = "redis.rdb", .component = "redis", .size = 40, .sha256 = {}}};
  world.backup.data.components.push_back(record);
  world.backup.broken["redis.rdb"] = Code::kCorrupt;
}

TEST(RunRestore, FromADamagedArtifactTouchesNoStoreAtAll) {
  World world;
  bool touched = false;
  const auto touch = [&] {
    touched = true;
    return Result<void>();
  };
  auto plan = world.plan({{.name = "postgresql", .restore = touch}, {.name = "redis", .restore = touch}});
  damage_redis(world);
  const auto outcome = world.run(plan);
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().code(), Code::kCorrupt);
  EXPECT_THAT(outcome.error().message(), HasSubstr("nothing was changed: redis.rdb"));
  EXPECT_FALSE(touched);
  EXPECT_TRUE(list_restores(world.base())->empty());
}

// As restore does it, which shows the plan meanwhile.
TEST(RunRestore, FromADamagedArtifactThatIsReadSinceThePlanTouchesNoStoreEither) {
  World world;
  bool touched = false;
  auto plan = world.plan({{.name = "redis", .restore = [&] {
                             touched = true;
                             return Result<void>();
                           }}});
  damage_redis(world);
  plan.artifacts = begin_check(plan, world.reporter, world.cancellation);
  const auto outcome = world.run(plan);
  ASSERT_FALSE(outcome.ok());
  EXPECT_THAT(outcome.error().message(), HasSubstr("nothing was changed: redis.rdb"));
  EXPECT_FALSE(touched);
}

TEST(RunRestore, WhatAnExceptionEndsHasFailed) {
  World world;
  auto plan =
      world.plan({{.name = "redis", .restore = []() -> Result<void> { throw std::runtime_error("odd"); }}});
  const auto outcome = world.run(plan);
  ASSERT_TRUE(outcome.ok());
  ASSERT_EQ(outcome->failed(), 1U);
  EXPECT_THAT(outcome->components[0].failure->message(), HasSubstr("odd"));
  EXPECT_EQ(outcome->record.state, RestoreState::kFailed);
}

TEST(RunRestore, WithoutItsSafetyBackupTouchesNothing) {
  World world;
  bool touched = false;
  auto plan = world.plan({{.name = "postgresql", .restore = [&] {
                             touched = true;
                             return Result<void>();
                           }}});
  plan.request.safety_backup = true;
  plan.components[0].step.overwrites_something = true;  // and no backup set is configured to save it with
  const auto outcome = world.run(plan);
  ASSERT_FALSE(outcome.ok());
  EXPECT_THAT(outcome.error().message(), HasSubstr("nothing was changed"));
  EXPECT_FALSE(touched);
  EXPECT_TRUE(list_restores(world.base())->empty());
}

TEST(RunRestore, IntoAnEmptyTargetNeedsNoSafetyBackup) {
  World world;
  auto plan = world.plan({{.name = "postgresql"}});
  plan.request.safety_backup = true;
  const auto outcome = world.run(plan);
  ASSERT_TRUE(outcome.ok()) << outcome.error().message();
  EXPECT_EQ(outcome->record.safety_backup, "");
}

TEST(RunRestore, ACancellationIsNoSuccessOfWhatWasNotComparedAnyMore) {
  World world;
  auto plan = world.plan({{.name = "postgresql", .restore = [&]() -> Result<void> {
                             world.cancellation.request();
                             return {};
                           }}});
  const auto outcome = world.run(plan);
  ASSERT_TRUE(outcome.ok());
  EXPECT_TRUE(outcome->cancelled());
  EXPECT_EQ(outcome->record.state, RestoreState::kFailed);
}

TEST(RunRestore, WhatACancellationTearsApartCountsAsCancelledAndKeepsItsReason) {
  World world;
  auto plan = world.plan({{.name = "postgresql", .restore = [&] {
                             world.cancellation.request();
                             return fail("pg_restore was ended by signal 15");
                           }}});
  const auto outcome = world.run(plan);
  ASSERT_TRUE(outcome.ok());
  EXPECT_TRUE(outcome->cancelled());
  EXPECT_THAT(outcome->components[0].failure->message(), HasSubstr("signal 15"));
}

TEST(RunRestore, ThatIsCancelledBeforeItBeginsLeavesNoRecord) {
  World world;
  world.cancellation.request();
  auto plan = world.plan({{.name = "postgresql"}});
  const auto outcome = world.run(plan);
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().code(), Code::kCancelled);
  EXPECT_THAT(outcome.error().message(), HasSubstr("nothing was changed"));
  EXPECT_TRUE(list_restores(world.base())->empty());
}

void add_hooks(World& world) {
  world.environment.restore_hooks["all"] = {{world.hook("stop $SUMMIT_DR_STEP $SUMMIT_DR_ENVIRONMENT")},
                                            {world.hook("start")}};
  world.environment.restore_hooks["redis"] = {{world.hook("before $SUMMIT_DR_STORE")},
                                              {world.hook("after $SUMMIT_DR_STORE")}};
}

TEST(HooksOfARestore, StopServicesFirstAndStartThemLast) {
  World world;
  add_hooks(world);
  auto plan = world.plan({{.name = "redis"}});
  ASSERT_TRUE(world.run(plan).ok());
  EXPECT_EQ(world.hooks(), "stop restore dev\nbefore redis\nafter redis\nstart\n");
}

TEST(HooksOfARestore, StartServicesAgainAfterAFailureToo) {
  World world;
  add_hooks(world);
  auto plan = world.plan({{.name = "redis", .restore = [] { return fail("disk full"); }}});
  ASSERT_TRUE(world.run(plan).ok());
  EXPECT_EQ(world.hooks(), "stop restore dev\nbefore redis\nafter redis\nstart\n");
}

TEST(HooksOfARestore, StartServicesAgainAfterACancellationToo) {
  World world;
  add_hooks(world);
  auto plan = world.plan({{.name = "redis", .restore = [&] {
                             world.cancellation.request();
                             return world.cancellation.check();
                           }}});
  const auto outcome = world.run(plan);
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->components[0].failure->code(), Code::kCancelled);
  EXPECT_EQ(world.hooks(), "stop restore dev\nbefore redis\nafter redis\nstart\n");
}

TEST(HooksOfARestore, AFailureToStopServicesRestoresNothing) {
  World world;
  world.environment.restore_hooks["all"] = {{world.hook("stop", 1)}, {world.hook("start")}};
  bool touched = false;
  auto plan = world.plan({{.name = "redis", .restore = [&] {
                             touched = true;
                             return Result<void>();
                           }}});
  const auto outcome = world.run(plan);
  ASSERT_FALSE(outcome.ok());
  EXPECT_THAT(outcome.error().message(), HasSubstr("nothing was restored"));
  EXPECT_FALSE(touched);
  EXPECT_EQ(world.hooks(), "stop\nstart\n");
  EXPECT_EQ(find_restore(world.base(), "latest")->state, RestoreState::kFailed);
}

TEST(HooksOfARestore, AFailureToStopAStoresServiceFailsThatStoreAndStartsItAgain) {
  World world;
  world.environment.restore_hooks["redis"] = {{world.hook("before", 1)}, {world.hook("after")}};
  auto plan = world.plan({{.name = "redis"}, {.name = "postgresql"}});
  const auto outcome = world.run(plan);
  ASSERT_TRUE(outcome.ok());
  EXPECT_TRUE(outcome->components[0].failure.has_value());
  EXPECT_FALSE(outcome->components[1].failure.has_value());
  EXPECT_EQ(world.hooks(), "before\nafter\n");
}

TEST(HooksOfARestore, AFailureToStartServicesIsAShortfall) {
  World world;
  world.environment.restore_hooks["all"].after = {world.hook("start", 1)};
  auto plan = world.plan({{.name = "redis"}});
  const auto outcome = world.run(plan);
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->shortfalls.size(), 1U);
}

TEST(ServiceProbes, OneThatNothingAnswersCountsOnlyWhenItIsRequired) {
  for (const bool required : {false, true}) {
    World world;
    world.environment.probes = {{.name = "api", .url = "http://127.0.0.1:1/health", .required = required}};
    auto plan = world.plan({{.name = "redis"}});
    const auto outcome = world.run(plan);
    ASSERT_TRUE(outcome.ok());
    EXPECT_EQ(outcome->shortfalls.size(), required ? 1U : 0U);
  }
}

}  // namespace
}  // namespace summit::recovery
