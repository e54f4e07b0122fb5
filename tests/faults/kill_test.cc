#include <chrono>
#include <csignal>
#include <nlohmann/json.hpp>
#include <thread>

#include "devtools/platform/postgres_client.h"
#include "devtools/platform/redis_client.h"
#include "tests/e2e/world.h"

namespace summit::e2e {
namespace {

using std::chrono::milliseconds;

class Kill : public testing::Test {
 protected:
  World& world_ = World::shared();
  fs::path base_ = world_.new_base(testing::UnitTest::GetInstance()->current_test_info()->name());
  std::string base_option_ = "--backup-base=" + base_.string();

  // Starts the program and kills it after `delay`. False when it had ended by itself.
  bool kill_after(milliseconds delay, const std::vector<std::string>& words) const {
    auto process = world_.start(words);
    std::this_thread::sleep_for(delay);
    const bool ran = process.running();
    ::kill(process.pid(), SIGKILL);
    const auto status = process.wait();
    EXPECT_TRUE(status.ok());
    return ran;
  }

  void expect_only_whole_backups() const {
    for (const auto& entry : fs::directory_iterator(base_)) {
      EXPECT_FALSE(entry.path().filename().string().starts_with(".incomplete-")) << entry.path();
    }
    const auto verify = world_.run({base_option_, "verify", "--all"});
    EXPECT_EQ(verify.exit_code, 0) << verify;
  }

  // PostgreSQL sees the end of a killed client when its present statement ends. Until then its lock stands,
  // and a restore says "busy" (11), as it should.
  Ran restore_once_the_server_let_go(const std::string& id) const {
    Ran ran;
    for (int attempt = 0; attempt < 60; ++attempt) {
      ran = world_.run({base_option_, "restore", id, "--no-safety-backup", "--terminate-connections",
                        "--datastores=postgres,redis,config"});
      if (ran.exit_code != 11) break;
      std::this_thread::sleep_for(milliseconds(500));
    }
    return ran;
  }

  void expect_no_process_left() const {
    for (int attempt = 0; attempt < 100 && !World::processes_with(base_.string()).empty(); ++attempt) {
      std::this_thread::sleep_for(milliseconds(100));
    }
    EXPECT_TRUE(World::processes_with(base_.string()).empty());
  }
};

TEST_F(Kill, DuringABackup_OldBackupsVerifyTheNextOneWorksAndNothingIsLeft) {
  world_.small_backup(base_);
  int killed = 0;
  for (const int delay : {40, 150, 300, 550, 900}) {
    killed += kill_after(milliseconds(delay),
                         {base_option_, "backup", "--set=full", "--datastores=postgres,redis,config"})
                  ? 1
                  : 0;
    expect_no_process_left();
  }
  EXPECT_GE(killed, 2) << "too few of them were still running";
  world_.small_backup(base_);
  expect_only_whole_backups();
}

TEST_F(Kill, DuringABackupOfNeo4j_NoScratchServerAndNoDirectoryIsLeft) {
  for (const int delay : {1500, 6000}) {
    EXPECT_TRUE(
        kill_after(milliseconds(delay), {base_option_, "backup", "--set=full", "--datastores=neo4j"}));
    expect_no_process_left();
  }
  EXPECT_TRUE(world_.ids(base_).empty());
  EXPECT_EQ(world_.run({"smoke"}).exit_code, 0) << "the server that was read is as it was";
  world_.small_backup(base_);
  expect_only_whole_backups();
}

TEST_F(Kill, DuringARestore_ItIsReportedAndTheNextRestoreMakesEverythingWhole) {
  const auto backup = world_.small_backup(base_);
  int reported = 0;
  for (const int delay : {300, 700, 1200, 1800, 2500}) {
    kill_after(milliseconds(delay), {base_option_, "restore", backup.filename(), "--no-safety-backup",
                                     "--datastores=postgres,redis,config"});
    const auto restores = world_.run({base_option_, "list", "--restores"});
    const bool interrupted = (restores.out + restores.err).find("running") != std::string::npos ||
                             (restores.out + restores.err).find("interrupted") != std::string::npos;
    const auto next = restore_once_the_server_let_go(backup.filename());
    EXPECT_EQ(next.exit_code, 0) << "after a kill at " << delay << " ms: " << next;
    if (interrupted) {
      EXPECT_NE(next.err.find("was interrupted"), std::string::npos) << next;
      ++reported;
    }
    const auto smoke = world_.run({"smoke"});
    EXPECT_EQ(smoke.exit_code, 0) << "after a kill at " << delay << " ms: " << smoke;
  }
  EXPECT_GE(reported, 1) << "no kill hit a restore that had begun";
  EXPECT_TRUE(!fs::exists(base_ / ".restores/work") || fs::is_empty(base_ / ".restores/work"));
  expect_no_process_left();
}

TEST_F(Kill, SigtermDuringARestore_EndsItWithoutRestsAndTheNextRestoreMakesEverythingWhole) {
  const auto backup = world_.small_backup(base_);
  int cancelled = 0;
  for (const int delay : {150, 400, 800, 1300}) {
    auto process = world_.start({base_option_, "restore", backup.filename(), "--no-safety-backup",
                                 "--terminate-connections", "--datastores=postgres,redis,config"});
    std::this_thread::sleep_for(milliseconds(delay));
    process.signal(SIGTERM);
    const auto status = process.wait();
    ASSERT_TRUE(status.ok());
    EXPECT_TRUE(status->code == 130 || status->code == 0) << status->code << status->diagnostics;
    if (status->code == 130) {
      ++cancelled;
      EXPECT_NE(status->diagnostics.find("cancelled"), std::string::npos) << status->diagnostics;
    }
    expect_no_process_left();
    EXPECT_TRUE(!fs::exists(base_ / ".restores/work") || fs::is_empty(base_ / ".restores/work"));
  }
  EXPECT_GE(cancelled, 1) << "every restore had ended before";
  const auto next = restore_once_the_server_let_go(backup.filename());
  EXPECT_EQ(next.exit_code, 0) << next;
  const auto smoke = world_.run({"smoke"});
  EXPECT_EQ(smoke.exit_code, 0) << smoke;
}

TEST_F(Kill, RollbackPutsBackWhatARestoreReplaced) {
  auto& platform = world_.platform();
  const auto backup = world_.small_backup(base_);
  const auto on_postgres = [&](const std::string& statement) {
    auto client = platform::PostgresClient::connect(platform.postgres().endpoint());
    ASSERT_TRUE(client.ok()) << client.error().to_string();
    const auto done = client->execute(statement);
    EXPECT_TRUE(done.ok()) << done.error().to_string();
  };
  const auto redis_says = [&](const std::vector<std::string>& words) {
    auto client = platform::RedisClient::connect(platform.redis().endpoint());
    EXPECT_TRUE(client.ok());
    auto reply = client->command(words);
    EXPECT_TRUE(reply.ok());
    return reply.ok() ? reply->text : std::nullopt;
  };
  const auto has_note = [&] {
    auto client = platform::PostgresClient::connect(platform.postgres().endpoint());
    EXPECT_TRUE(client.ok());
    auto value = client->value("SELECT (to_regclass('written_later') IS NOT NULL)::text");
    return value.ok() && *value == "true";
  };
  on_postgres("CREATE TABLE written_later (note text)");
  redis_says({"SET", "written:later", "yes"});

  const auto restored =
      world_.run({base_option_, "restore", backup.filename(), "--datastores=postgres,redis"});
  ASSERT_EQ(restored.exit_code, 0) << restored;
  ASSERT_FALSE(has_note());
  ASSERT_EQ(redis_says({"GET", "written:later"}), std::nullopt);

  const auto back = world_.run({base_option_, "rollback", "latest"});
  EXPECT_EQ(back.exit_code, 0) << back;
  EXPECT_TRUE(has_note());
  EXPECT_EQ(redis_says({"GET", "written:later"}), "yes");
  on_postgres("DROP TABLE written_later");
  redis_says({"DEL", "written:later"});
}

}  // namespace
}  // namespace summit::e2e
