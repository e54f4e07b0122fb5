// The documented scripts hand over exactly what the documents promise.
#include <gmock/gmock.h>

#include "core/process.h"
#include "project.h"

namespace summit::config {
namespace {

using testing::HasSubstr;

// A stand-in for the program: it prints its arguments, one in <…> each, and the configuration it was given.
class Scripts : public testing::Test {
 protected:
  void SetUp() override {
    project_.write(
        "summit-dr",
        "#!/bin/sh\nprintf '<%s>' \"$@\"\necho \" config=$SUMMIT_DR_CONFIG\"\nexit ${STAND_IN_EXIT:-0}\n");
    fs::permissions(program(), fs::perms::owner_all);
  }
  fs::path program() const { return project_.path() / "summit-dr"; }

  std::string output(const std::string& script, std::vector<std::string> arguments, const fs::path& directory,
                     std::map<std::string, std::string> env = {}) const {
    arguments.insert(arguments.begin(), (fs::path(SUMMIT_SOURCE_DIR) / "scripts" / script).string());
    env.emplace("SUMMIT_DR", program().string());
    env.emplace("SUMMIT_DR_CONFIG", "");
    env.emplace("SUMMIT_DR_ENVIRONMENT", "");
    auto result = run(Command{.argv = arguments, .env = env, .directory = directory});
    return result.ok() ? *result : result.error().to_string();
  }
  std::string output(const std::string& script, std::vector<std::string> arguments) const {
    return output(script, std::move(arguments), project_.path());
  }

  Project project_;
};

TEST_F(Scripts, EnhancedBackupPassesTheSet) {
  EXPECT_EQ(output("backup-enhanced.sh", {"--set=full"}), "<backup><--set=full> config=\n");
}

TEST_F(Scripts, EnhancedRestorePassesIdAndFlags) {
  EXPECT_EQ(output("restore-enhanced.sh", {"summit-backup-full-20250120T020000Z", "--env=dev", "--mode=full",
                                           "--sanitize=true", "--dry-run"}),
            "<restore><summit-backup-full-20250120T020000Z><--env=dev><--mode=full><--sanitize=true><--dry-"
            "run> config=\n");
}

TEST_F(Scripts, DatabaseBackupTakesTheFullSetUnderItsOwnIdForm) {
  EXPECT_EQ(
      output("db/backup.sh", {"--env=staging", "--datastores=all", "--upload-s3"}),
      "<backup><--id-form=database><--set=full><--env=staging><--datastores=all><--upload-s3> config=\n");
  EXPECT_EQ(output("db/backup.sh", {"--env=production", "--confirm-production", "--dry-run"}),
            "<backup><--id-form=database><--set=full><--env=production><--confirm-production><--dry-run> "
            "config=\n");
}

TEST_F(Scripts, DatabaseRestorePassesPathAndId) {
  EXPECT_EQ(
      output("db/restore.sh",
             {"--env=dev", "--datastores=postgres", "--backup-path=./backups/backup-dir", "--dry-run"}),
      "<restore><--env=dev><--datastores=postgres><--backup-path=./backups/backup-dir><--dry-run> config=\n");
  EXPECT_EQ(output("db/restore.sh", {"--env=staging", "--backup-id=prod-backup", "--sanitize"}),
            "<restore><--env=staging><--backup-id=prod-backup><--sanitize> config=\n");
}

TEST_F(Scripts, PostgresBackupCountsAsProductionUnlessToldOtherwise) {
  EXPECT_EQ(output("backups/postgres_backup.sh", {}),
            "<backup><--set=full><--datastores=postgres><--id-form=database><--env=production> config=\n");
  EXPECT_THAT(
      output("backups/postgres_backup.sh", {}, project_.path(), {{"SUMMIT_DR_ENVIRONMENT", "staging"}}),
      HasSubstr("<--env=staging>"));
  EXPECT_EQ(output("backups/postgres_backup.sh", {"--env", "dev"}),
            "<backup><--set=full><--datastores=postgres><--id-form=database><--env><dev> config=\n");
}

TEST_F(Scripts, CalledFromElsewhereTheyUseTheirOwnTreesConfiguration) {
  const auto elsewhere = TemporaryDirectory::create(fs::temp_directory_path(), "elsewhere-").value();
  EXPECT_EQ(output("backup-enhanced.sh", {"--set=full"}, elsewhere.path()),
            "<backup><--set=full> config=" + (fs::path(SUMMIT_SOURCE_DIR) / "config").string() + "\n");
}

TEST_F(Scripts, SmokeAndGoldenPathRunTheChecksAndThenThePlatformsOwnTests) {
  EXPECT_EQ(output("test-smoke.sh", {"--env=dr-drill"}), "<smoke><--env=dr-drill> config=\n");
  EXPECT_EQ(output("test-golden-path.sh", {}, project_.path(), {{"SUMMIT_GOLDEN_PATH_COMMAND", "echo"}}),
            "<smoke> config=\n\n");
}

TEST_F(Scripts, AFailedCheckStopsBeforeThePlatformsOwnTests) {
  const auto text = output("test-golden-path.sh", {}, project_.path(),
                           {{"STAND_IN_EXIT", "20"}, {"SUMMIT_GOLDEN_PATH_COMMAND", "echo"}});
  EXPECT_THAT(text, HasSubstr("20")) << "the program's exit code comes through";
}

TEST_F(Scripts, WithoutTheProgramTheySayHowToGetIt) {
  const auto copy = TemporaryDirectory::create(fs::temp_directory_path(), "tree-").value();
  fs::create_directories(copy.path() / "scripts");
  fs::copy(fs::path(SUMMIT_SOURCE_DIR) / "scripts/lib", copy.path() / "scripts/lib",
           fs::copy_options::recursive);
  fs::copy_file(fs::path(SUMMIT_SOURCE_DIR) / "scripts/backup-enhanced.sh",
                copy.path() / "scripts/backup-enhanced.sh");
  const auto result = run(Command{.argv = {(copy.path() / "scripts/backup-enhanced.sh").string()},
                                  .env = {{"SUMMIT_DR", ""}, {"PATH", "/usr/bin:/bin"}},
                                  .directory = copy.path()});
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(result.error().message(), HasSubstr("summit-dr is not built and not in PATH"));
}

}  // namespace
}  // namespace summit::config
