#include "backup/hooks.h"

#include "world.h"

namespace summit::backup {
namespace {

using repository::Status;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(Hooks, RunInOrderAndSeeTheirVariables) {
  World world;
  const auto ran = run_hooks({world.hook("1 $SUMMIT_DR_STORE"), world.hook("2 $SUMMIT_DR_ID")},
                             {{"STORE", "redis"}, {"ID", "summit-backup-full-1"}}, world.reporter, {});
  ASSERT_TRUE(ran.ok()) << ran.error().message();
  EXPECT_EQ(world.hooks(), "1 redis\n2 summit-backup-full-1\n");
}

TEST(Hooks, ARequiredOneThatFailsStopsTheRestAndIsTheError) {
  World world;
  const auto ran = run_hooks({world.hook("1", 3), world.hook("2")}, {}, world.reporter, {});
  ASSERT_FALSE(ran.ok());
  EXPECT_THAT(ran.error().message(), HasSubstr("in hook"));
  EXPECT_EQ(world.hooks(), "1\n");
}

TEST(Hooks, AnotherThatFailsIsOnlyReported) {
  World world;
  const auto ran = run_hooks({world.hook("1", 3, false), world.hook("2")}, {}, world.reporter, {});
  EXPECT_TRUE(ran.ok());
  EXPECT_EQ(world.hooks(), "1\n2\n");
  EXPECT_THAT(world.reporter.warnings.events(), ElementsAre(HasSubstr("not required: going on")));
}

TEST(Hooks, OneThatIsNotInstalledIsAnError) {
  World world;
  const auto ran = run_hooks({{.argv = {"/nonexistent/stop-application"}}}, {}, world.reporter, {});
  ASSERT_FALSE(ran.ok());
  EXPECT_EQ(ran.error().code(), Code::kMissingTool);
}

TEST(Hooks, OneThatHangsIsEndedAtItsTimeout) {
  World world;
  const auto ran =
      run_hooks({{.argv = {"sleep", "600"}, .timeout = std::chrono::seconds(1)}}, {}, world.reporter, {});
  ASSERT_FALSE(ran.ok());
  EXPECT_EQ(ran.error().code(), Code::kTimeout);
}

// What the hooks of the set, of the whole environment and of one store write, in the order of their runs.
void add_hooks_everywhere(World& world) {
  const std::string tail =
      " $SUMMIT_DR_SET $SUMMIT_DR_ENVIRONMENT $SUMMIT_DR_STEP $SUMMIT_DR_STORE $SUMMIT_DR_STATUS";
  world.set.hooks = {{world.hook("set before" + tail)}, {world.hook("set after" + tail)}};
  world.environment.backup_hooks["all"] = {{world.hook("all before" + tail)},
                                           {world.hook("all after" + tail)}};
  world.environment.backup_hooks["redis"] = {{world.hook("store before" + tail)},
                                             {world.hook("store after" + tail)}};
}

TEST(HooksOfABackup, SurroundItFromTheSetToTheStoreAndBack) {
  World world;
  add_hooks_everywhere(world);
  auto plan = world.plan({{.name = "redis", .kind = "redis"}});
  ASSERT_TRUE(world.run(plan).ok());
  EXPECT_EQ(world.hooks(),
            "set before full dev backup  \n"
            "all before full dev backup  \n"
            "store before full dev backup redis \n"
            "store after full dev backup redis complete\n"
            "all after full dev backup  complete\n"
            "set after full dev backup  complete\n");
}

TEST(HooksOfABackup, AfterHooksRunWhenTheComponentFailedAndAreToldSo) {
  World world;
  add_hooks_everywhere(world);
  auto plan = world.plan({{.name = "redis", .kind = "redis", .prepare = [](auto&) {
                             return Result<void>(Error(Code::kUnreachable, "no answer"));
                           }}});
  ASSERT_FALSE(world.run(plan).ok());
  EXPECT_THAT(world.hooks(), HasSubstr("store after full dev backup redis failed\n"
                                       "all after full dev backup  failed\n"
                                       "set after full dev backup  failed\n"));
}

TEST(HooksOfABackup, AfterHooksRunAfterACancellationToo) {
  World world;
  add_hooks_everywhere(world);
  auto plan = world.plan({{.name = "redis", .kind = "redis", .prepare = [&](auto&) {
                             world.cancellation.request();
                             return world.cancellation.check();
                           }}});
  const auto outcome = world.run(plan);
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().code(), Code::kCancelled);
  EXPECT_THAT(world.hooks(), HasSubstr("store after full dev backup redis failed\n"
                                       "all after full dev backup  failed\n"
                                       "set after full dev backup  failed\n"));
}

TEST(HooksOfABackup, AFailedBeforeHookOfTheSetStopsTheBackup) {
  World world;
  world.set.hooks.before = {world.hook("set before", 1)};
  world.set.hooks.after = {world.hook("set after")};
  auto plan = world.plan({{.name = "redis", .kind = "redis"}});
  const auto outcome = world.run(plan);
  ASSERT_FALSE(outcome.ok());
  EXPECT_THAT(outcome.error().message(), HasSubstr("before set full"));
  EXPECT_EQ(world.hooks(), "set before\nset after\n");
  EXPECT_THAT(world.names_in_base(), IsEmpty());
}

TEST(HooksOfABackup, AFailedBeforeHookOfAStoreFailsThatStoreAlone) {
  World world;
  world.environment.backup_hooks["redis"].before = {world.hook("store before", 1)};
  auto plan = world.plan({{.name = "postgresql"}, {.name = "redis", .kind = "redis"}});
  const auto outcome = world.run(plan);
  ASSERT_TRUE(outcome.ok()) << outcome.error().message();
  EXPECT_EQ(outcome->metadata.find("postgresql")->status, Status::kComplete);
  EXPECT_EQ(outcome->metadata.find("redis")->status, Status::kFailed);
  EXPECT_THAT(outcome->metadata.find("redis")->reason, HasSubstr("before redis"));
  EXPECT_THAT(world.log.events(), ::testing::Not(::testing::Contains("prepare redis")));
}

TEST(HooksOfABackup, AFailedAfterHookOfAStoreMakesItPartialAndKeepsItsData) {
  World world;
  world.environment.backup_hooks["redis"].after = {world.hook("store after", 1)};
  auto plan = world.plan({{.name = "postgresql"}, {.name = "redis", .kind = "redis"}});
  const auto outcome = world.run(plan);
  ASSERT_TRUE(outcome.ok()) << outcome.error().message();
  EXPECT_EQ(outcome->metadata.status, Status::kPartial);
  const auto* redis = outcome->metadata.find("redis");
  EXPECT_EQ(redis->status, Status::kPartial);
  EXPECT_THAT(redis->reason, HasSubstr("after redis"));
  EXPECT_EQ(redis->artifacts.size(), 1U);
  EXPECT_TRUE(fs::exists(outcome->location / "redis.dump"));
}

TEST(HooksOfABackup, AFailedAfterHookOfTheSetIsAShortfall) {
  World world;
  world.set.hooks.after = {world.hook("set after", 1)};
  auto plan = world.plan({{.name = "redis", .kind = "redis"}});
  const auto outcome = world.run(plan);
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->metadata.status, Status::kComplete);
  EXPECT_FALSE(outcome->complete());
  EXPECT_EQ(outcome->shortfalls.size(), 1U);
}

}  // namespace
}  // namespace summit::backup
