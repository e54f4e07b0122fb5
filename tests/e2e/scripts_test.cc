// The documented scripts and shell lines, as printed.
#include <nlohmann/json.hpp>

#include "tests/e2e/world.h"

namespace summit::e2e {
namespace {

class Scripts : public testing::Test {
 protected:
  World& world_ = World::shared();
  fs::path base_ = world_.new_base(testing::UnitTest::GetInstance()->current_test_info()->name());
  Variables in_base_{{"BACKUP_BASE", base_.string()}};
};

TEST_F(Scripts, ConfigOnlyIsBackedUpAndVerifiedThroughTheIdThatLsPrints) {
  const auto backup = world_.run_program({"./scripts/backup-enhanced.sh", "--set=config_only"}, in_base_);
  ASSERT_EQ(backup.exit_code, 0) << backup;
  // `ls` of a single directory lists its files; the newest is named as the backup. A colon may follow a
  // directory's name.
  for (const std::string suffix : {"", ":"}) {
    const auto ran = world_.shell(
        "BACKUP_ID=$(ls -t \"$BACKUP_BASE\"/summit-backup-config_only-* | head -1 | xargs basename)" +
            suffix + "; ./scripts/restore-enhanced.sh \"$BACKUP_ID\" --mode=verify-only",
        in_base_);
    EXPECT_EQ(ran.exit_code, 0) << ran;
  }
}

TEST_F(Scripts, TheLsLineWorksWithSeveralFullBackupsToo) {
  const Variables stores{{"SUMMIT_DR_DATASTORES", "redis,config"}};
  ASSERT_EQ(world_.run_program({"./scripts/backup-enhanced.sh", "--set=full"}, stores).exit_code, 0);
  ASSERT_EQ(world_.run_program({"./scripts/backup-enhanced.sh", "--set=full"}, stores).exit_code, 0);
  const auto ran = world_.shell(
      "BACKUP_ID=$(ls -t backups/summit-backup-full-* | head -1 | xargs basename); echo \"$BACKUP_ID\"; "
      "./scripts/restore-enhanced.sh \"$BACKUP_ID\" --mode=verify-only");
  EXPECT_EQ(ran.exit_code, 0) << ran;
  const auto latest = world_.run({"list", "--latest"});
  EXPECT_EQ(ran.out.substr(0, 30), latest.out.substr(0, 30)) << ran;
}

TEST_F(Scripts, ADryRunOfARestoreShowsThePlanAndChangesNothing) {
  const auto backup = world_.small_backup(base_);
  const auto ran = world_.run_program(
      {"./scripts/restore-enhanced.sh", backup.filename(), "--env=dev", "--dry-run"}, in_base_);
  EXPECT_EQ(ran.exit_code, 0) << ran;
  EXPECT_NE(ran.out.find("overwrites"), std::string::npos) << ran;
  EXPECT_EQ(world_.ids(base_).size(), 1U);
  EXPECT_EQ(world_.run({"--backup-base=" + base_.string(), "list", "--restores"}).out.find("restore-20"),
            std::string::npos);
}

TEST_F(Scripts, SelectiveRestoresExactlyWhatTheVariablesName) {
  const auto backup = world_.small_backup(base_);
  auto variables = in_base_;
  variables.insert({{"RESTORE_POSTGRES", "true"},
                    {"RESTORE_NEO4J", "false"},
                    {"RESTORE_REDIS", "false"},
                    {"RESTORE_CONFIG", "false"}});
  const auto ran =
      world_.run_program({"./scripts/restore-enhanced.sh", backup.filename(), "--mode=selective"}, variables);
  EXPECT_EQ(ran.exit_code, 0) << ran;
  EXPECT_NE(ran.out.find("postgresql"), std::string::npos) << ran;
  EXPECT_EQ(ran.out.find("redis"), std::string::npos) << ran;
}

TEST_F(Scripts, DatabaseBackupDryRunWritesNothing) {
  const auto ran = world_.run_program(
      {"./scripts/db/backup.sh", "--env=dev", "--datastores=postgres", "--dry-run"}, in_base_);
  EXPECT_EQ(ran.exit_code, 0) << ran;
  EXPECT_TRUE(world_.ids(base_).empty());
}

TEST_F(Scripts, DatabaseBackupIsRestoredByItsPath) {
  const auto backup =
      world_.run_program({"./scripts/db/backup.sh", "--env=dev", "--datastores=redis"}, in_base_);
  ASSERT_EQ(backup.exit_code, 0) << backup;
  const auto ids = world_.ids(base_);
  ASSERT_EQ(ids.size(), 1U);
  EXPECT_EQ(ids[0].size(), std::string("summit-backup-20260120_020000").size());
  const auto path = (base_ / ids[0]).string();
  const auto restored = world_.run_program(
      {"./scripts/db/restore.sh", "--env=dev", "--datastores=redis", "--backup-path=" + path});
  EXPECT_EQ(restored.exit_code, 0) << restored;
}

}  // namespace
}  // namespace summit::e2e
