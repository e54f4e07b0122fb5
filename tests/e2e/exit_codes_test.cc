// What each exit code of docs/exit-codes.md promises to a script.
#include <fcntl.h>
#include <sys/file.h>

#include <chrono>
#include <csignal>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/e2e/world.h"

namespace summit::e2e {
namespace {

class ExitCode : public testing::Test {
 protected:
  World& world_ = World::shared();
  fs::path base_ = world_.new_base(testing::UnitTest::GetInstance()->current_test_info()->name());
  std::string base_option_ = "--backup-base=" + base_.string();

  // A configuration whose hook, before Redis is backed up or restored, says that it runs and then waits.
  std::string waiting(const std::string& step) const {
    return world_.configured("waiting", [&](std::string& text) {
      replace_line(text, "\n  dev:\n", "    layout: plain\n",
                   "    layout: plain\n    " + step +
                       "_hooks: {redis: {before: [[sh, -c, 'touch \"$0\" && sleep 60', " +
                       hook_reached_.string() + "]]}}\n");
    });
  }

  ExitStatus signalled_in_hook(Process& process, int signal) const {
    while (!fs::exists(hook_reached_) && process.running()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    EXPECT_TRUE(fs::remove(hook_reached_)) << "the hook was not reached";
    process.signal(signal);
    auto status = process.wait();
    EXPECT_TRUE(status.ok());
    return status.ok() ? *status : ExitStatus();
  }

  fs::path hook_reached_ = world_.project() / "hook-reached";

  bool has_leftovers() const {
    if (!fs::exists(base_)) return false;
    for (const auto& entry : fs::directory_iterator(base_)) {
      if (entry.path().filename().string().starts_with(".incomplete-")) return true;
    }
    return false;
  }
};

TEST_F(ExitCode, TwoForWrongWords) {
  EXPECT_EQ(world_.run({"backup", "--no-such-flag"}).exit_code, 2);
  EXPECT_EQ(world_.run({base_option_, "backup", "--datastores=oracle"}).exit_code, 2);
  EXPECT_EQ(world_.run({"no-such-command"}).exit_code, 2);
  EXPECT_EQ(world_.run({base_option_, "backup", "--set=tenant"}).exit_code, 2) << "TENANT_ID is not set";
  EXPECT_FALSE(fs::exists(base_));
}

TEST_F(ExitCode, ThreeWhenTheBucketIsNotReached_TheLocalPartIsKept) {
  const auto ran = world_.run({base_option_, "backup", "--set=full", "--datastores=redis"},
                              {{"S3_BUCKET", "summit-backups-prod"},
                               {"AWS_ENDPOINT_URL", "http://127.0.0.1:9"},
                               {"AWS_ACCESS_KEY_ID", "nobody"},
                               {"AWS_SECRET_ACCESS_KEY", "nothing"},
                               {"AWS_MAX_ATTEMPTS", "1"}});
  EXPECT_EQ(ran.exit_code, 3) << ran;
  EXPECT_NE((ran.out + ran.err).find("s3://summit-backups-prod"), std::string::npos) << ran;
  ASSERT_EQ(world_.ids(base_).size(), 1U);
  EXPECT_EQ(world_.run({base_option_, "verify", "latest"}).exit_code, 0);
}

TEST_F(ExitCode, ThreeWhenOneStoreIsDown_TheOthersAreKeptAndItIsNotListedAsComplete) {
  auto& redis = world_.platform().redis();
  ASSERT_TRUE(redis.stop().ok());
  const auto ran = world_.run({base_option_, "backup", "--set=full", "--datastores=postgres,redis"});
  ASSERT_TRUE(redis.start().ok());
  EXPECT_EQ(ran.exit_code, 3) << ran;
  const auto ids = world_.ids(base_);
  ASSERT_EQ(ids.size(), 1U);
  EXPECT_EQ(world_.metadata(base_ / ids[0]).at("status"), "partial");
  EXPECT_TRUE(fs::exists(base_ / ids[0] / "postgres-full.dump"));
  EXPECT_FALSE(fs::exists(base_ / ids[0] / "redis.rdb"));
  EXPECT_NE(world_.run({base_option_, "list", "--latest"}).exit_code, 0) << "a partial backup is no latest";
}

TEST_F(ExitCode, TenWithoutARepository) {
  const auto ran = world_.run({base_option_, "verify", "latest"});
  EXPECT_EQ(ran.exit_code, 10) << ran;
}

TEST_F(ExitCode, ElevenWhileAnotherRestoreRuns) {
  const auto backup = world_.small_backup(base_);
  fs::create_directories(base_ / ".restores");
  UniqueFd lock(::open((base_ / ".restores/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640));
  ASSERT_TRUE(lock.valid());
  ASSERT_EQ(::flock(lock.get(), LOCK_EX | LOCK_NB), 0);
  const auto ran = world_.run({base_option_, "restore", backup.filename(), "--datastores=redis"});
  EXPECT_EQ(ran.exit_code, 11) << ran;
}

TEST_F(ExitCode, TwelveForAnotherKey_SecretsStayAsTheyWere) {
  const auto backup = world_.small_backup(base_);
  const auto secret = world_.platform().files_root() / ".env";
  const auto before = read_text(secret);
  const auto ran =
      world_.run({base_option_, "restore", backup.filename(), "--datastores=secrets", "--no-safety-backup"},
                 {{"BACKUP_ENCRYPTION_KEY", "another key than the one that sealed it"}});
  EXPECT_EQ(ran.exit_code, 12) << ran;
  EXPECT_EQ(read_text(secret), before);
}

TEST_F(ExitCode, TwentyForAFlippedBit_InVerifyAndInVerifyOnly) {
  const auto backup = world_.small_backup(base_);
  flip_bit(backup / "redis.rdb");
  const auto verify = world_.run({base_option_, "verify", backup.filename()});
  EXPECT_EQ(verify.exit_code, 20) << verify;
  EXPECT_NE((verify.out + verify.err).find("redis.rdb"), std::string::npos) << verify;
  const auto verify_only = world_.run({base_option_, "restore", backup.filename(), "--mode=verify-only"});
  EXPECT_EQ(verify_only.exit_code, 20) << verify_only;
}

TEST_F(ExitCode, HundredAndThirtyAfterASignalDuringABackup_NothingIsKept) {
  for (const int signal : {SIGINT, SIGTERM}) {
    auto process =
        world_.start({waiting("backup"), base_option_, "backup", "--set=full", "--datastores=redis"});
    const auto ended = signalled_in_hook(process, signal);
    EXPECT_EQ(ended.code, 130) << ended.diagnostics;
    EXPECT_NE(ended.diagnostics.find("was cancelled, and nothing of it is kept"), std::string::npos)
        << ended.diagnostics;
    EXPECT_NE(ended.diagnostics.find("hint:"), std::string::npos) << ended.diagnostics;
    EXPECT_TRUE(world_.ids(base_).empty());
    EXPECT_FALSE(has_leftovers());
    EXPECT_TRUE(World::processes_with(hook_reached_.string()).empty()) << "the hook still runs";
  }
}

TEST_F(ExitCode, HundredAndThirtyAfterASignalWhilePostgresqlIsDumped) {
  auto process = world_.start({base_option_, "backup", "--set=full", "--datastores=postgres"});
  while (!has_leftovers() && process.running()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  process.signal(SIGINT);
  const auto status = process.wait();
  ASSERT_TRUE(status.ok());
  EXPECT_EQ(status->code, 130) << status->diagnostics;
  EXPECT_TRUE(world_.ids(base_).empty());
  EXPECT_FALSE(has_leftovers());
}

TEST_F(ExitCode, HundredAndThirtyAfterASignalDuringARestore_ItSaysHowToGoOn) {
  const auto backup = world_.small_backup(base_);
  for (const int signal : {SIGINT, SIGTERM}) {
    auto process = world_.start({waiting("restore"), base_option_, "restore", backup.filename(),
                                 "--datastores=redis", "--no-safety-backup"});
    const auto ended = signalled_in_hook(process, signal);
    EXPECT_EQ(ended.code, 130) << ended.diagnostics;
    EXPECT_NE(ended.diagnostics.find("was cancelled: `dev` may hold parts of both"), std::string::npos)
        << ended.diagnostics;
    EXPECT_NE(ended.diagnostics.find("summit-dr restore " + backup.filename().string()), std::string::npos)
        << ended.diagnostics;
  }
  const auto restores = world_.run({base_option_, "list", "--restores"});
  EXPECT_EQ(restores.out.find("finished"), std::string::npos) << restores;
  EXPECT_EQ(world_.run({base_option_, "restore", backup.filename(), "--datastores=redis"}).exit_code, 0);
}

}  // namespace
}  // namespace summit::e2e
