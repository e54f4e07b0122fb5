#include "program.h"

#include "core/host.h"
#include "core/version.h"

namespace summit::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Program, HelpNamesEveryCommandAndTheExitCodes) {
  const Project project;
  for (const auto& words : std::vector<std::vector<std::string>>{{}, {"help"}, {"--help"}}) {
    const auto finished = project.run(words);
    EXPECT_EQ(finished.code, 0);
    for (const char* command : {"backup", "restore", "rollback", "verify", "list", "info", "doctor", "smoke",
                                "config", "env", "key", "completion", "130 cancelled"}) {
      EXPECT_THAT(finished.output, HasSubstr(command));
    }
  }
}

TEST(Program, HelpOfACommandShowsItsOptionsWithTheirVariablesAndAnExample) {
  const Project project;
  for (const auto& words : std::vector<std::vector<std::string>>{{"help", "backup"}, {"backup", "--help"}}) {
    const auto finished = project.run(words);
    EXPECT_EQ(finished.code, 0);
    for (const char* text :
         {"--datastores", "S3_BUCKET, BACKUP_BUCKET", "SUMMIT_DR_LABEL", "summit-dr backup --set=full"}) {
      EXPECT_THAT(finished.output, HasSubstr(text));
    }
  }
  EXPECT_THAT(project.run({"help", "config", "schema"}).output, HasSubstr("backup-sets"));
}

TEST(Program, HelpWorksWithoutAnyConfiguration) {
  const Project project;
  EXPECT_EQ(project.run({"help", "restore"}, {{"SUMMIT_DR_CONFIG", "/nonexistent"}}).code, 0);
}

TEST(Program, VersionIsOneLine) {
  const auto finished = Project().run({"--version"});
  EXPECT_EQ(finished.code, 0);
  EXPECT_EQ(finished.output, "summit-dr " + std::string(kVersion) + "\n");
}

TEST(Program, WrongWordsExitWith2AndPointToTheHelp) {
  const Project project;
  for (const auto& words : std::vector<std::vector<std::string>>{{"backpu"},
                                                                 {"help", "backpu"},
                                                                 {"backup", "--no-such-option"},
                                                                 {"backup", "--jobs=many"},
                                                                 {"backup", "--layout=zip"},
                                                                 {"config"}}) {
    const auto finished = project.run(words);
    EXPECT_EQ(finished.code, 2) << words.back() << "\n" << finished.output;
    EXPECT_THAT(finished.diagnostics, HasSubstr("error: ")) << words.back();
    EXPECT_THAT(finished.diagnostics, HasSubstr("hint: summit-dr help")) << words.back();
  }
}

TEST(Program, AWrongVariableExitsWith2AndIsNamed) {
  const auto finished = Project().run({"list"}, {{"SUMMIT_DR_QUIET", "perhaps"}});
  EXPECT_EQ(finished.code, 2);
  EXPECT_THAT(finished.diagnostics, HasSubstr("SUMMIT_DR_QUIET"));
}

TEST(Program, WithoutARepositoryExitsWith10) {
  const auto finished = Project().run({"list"});
  EXPECT_EQ(finished.code, 10);
  EXPECT_THAT(finished.diagnostics, HasSubstr("hint: "));
}

TEST(Program, TakesGlobalOptionsBeforeAndAfterTheCommand) {
  const Project project;
  for (const auto& words : std::vector<std::vector<std::string>>{{"--json", "config", "validate"},
                                                                 {"config", "--json", "validate"},
                                                                 {"config", "validate", "--json"}}) {
    const auto finished = project.run(words);
    EXPECT_EQ(finished.code, 0) << finished.diagnostics;
    EXPECT_EQ(finished.message("configuration")["environments"], 1);
  }
}

TEST(Program, BacksUpListsVerifiesAndRestoresFilesWithoutAnyServer) {
  const Project project;
  const auto backup = project.run({"backup", "--set=full"});
  ASSERT_EQ(backup.code, 0) << backup.output << backup.diagnostics;
  const auto latest = project.run({"list", "--latest"});
  EXPECT_THAT(latest.output, ::testing::StartsWith("summit-backup-full-"));
  EXPECT_EQ(project.run({"verify", "latest"}).code, 0);

  project.write("uploads/report.txt", "overwritten by mistake\n");
  const auto restore = project.run({"restore", "latest", "--env=dev"});
  EXPECT_EQ(restore.code, 0) << restore.output << restore.diagnostics;
  EXPECT_EQ(read_file(project.path() / "uploads/report.txt").value(), "what a user uploaded\n");

  const auto rollback = project.run({"rollback", "latest"});
  EXPECT_EQ(rollback.code, 0) << rollback.output << rollback.diagnostics;
  EXPECT_EQ(read_file(project.path() / "uploads/report.txt").value(), "overwritten by mistake\n");
}

TEST(Program, ProductionIsRefusedBeforeAnyVariableIsMissed) {
  const Project project;
  project.write("config/environments.yaml", R"(environments:
  dev:
    class: production
    objectives: {recovery_point: 15 minutes, recovery_time: 4 hours}
    retention: 30 days
    hosts: [)" + host_name() + R"(]
    endpoints:
      neo4j:
        - {name: neo4j, bolt_uri: "${NO_SUCH_VARIABLE}", password: {env: NO_SUCH_PASSWORD}}
      files:
        - {name: uploads, root: uploads}
)");
  const auto unconfirmed = project.run({"backup", "--layout=plain"});
  EXPECT_EQ(unconfirmed.code, 1);
  EXPECT_THAT(unconfirmed.diagnostics, HasSubstr("--confirm-production"));
  EXPECT_THAT(unconfirmed.diagnostics, Not(HasSubstr("NO_SUCH")));

  const auto confirmed = project.run({"backup", "--layout=plain", "--confirm-production"});
  EXPECT_THAT(confirmed.diagnostics, HasSubstr("NO_SUCH_VARIABLE"));

  const auto chosen =
      project.run({"backup", "--layout=plain", "--confirm-production", "--datastores=uploads"});
  EXPECT_EQ(chosen.code, 0) << "an endpoint that was not chosen needs no variable\n" << chosen.diagnostics;
}

TEST(Program, CommandsInAnEnvFileAreNotRunAndSaidToBeSo) {
  const Project project;
  project.write(".env", "DB_PASSWORD=$(touch executed)\n");
  for (const auto& words : std::vector<std::vector<std::string>>{{"config", "validate"}, {"doctor"}}) {
    const auto finished = project.run(words);
    EXPECT_THAT(finished.output, HasSubstr(".env:1: DB_PASSWORD: `$(…)` is not executed")) << words.front();
  }
  EXPECT_FALSE(fs::exists(project.path() / "executed"));
}

TEST(Program, WhatARestoreSavedIsListedAsSafetyAndIsNeverTheLatest) {
  const Project project;
  ASSERT_EQ(project.run({"backup"}).code, 0);
  const auto latest = project.run({"list", "--latest"}).output;
  project.write("uploads/report.txt", "changed\n");
  ASSERT_EQ(project.run({"restore", "latest"}).code, 0);
  EXPECT_EQ(project.run({"list", "--latest"}).output, latest);
  const auto safety = project.run({"--json", "list", "--set=safety"}).message("backup_summary");
  EXPECT_THAT(safety["id"].get<std::string>(), ::testing::StartsWith("summit-backup-safety-"));
  EXPECT_THAT(project.run({"info", safety["id"].get<std::string>()}).output,
              ::testing::ContainsRegex("set +safety"));
}

TEST(Program, InstalledItFindsItsDefaultsAndTheEnvFileOfTheWorkingDirectory) {
  const Project project;
  const auto prefix = project.path() / "prefix";
  fs::create_directories(prefix / "bin");
  fs::create_directories(prefix / "share/summit-dr");
  fs::create_directories(project.path() / "elsewhere");
  const auto program = fs::path(SUMMIT_BIN_DIR) / "summit-dr";
  std::error_code other_file_system;
  fs::create_hard_link(program, prefix / "bin/summit-dr", other_file_system);
  if (other_file_system) fs::copy_file(program, prefix / "bin/summit-dr");
  fs::rename(project.path() / "config", prefix / "share/summit-dr/config");
  project.write("elsewhere/.env", "BACKUP_BASE=" + (project.path() / "of-env-file").string() + "\n");
  const auto finished =
      run_to_end({.argv = {prefix / "bin/summit-dr", "list"},
                  .env = {{"HOME", project.path()}, {"SUMMIT_DR_CONFIG", ""}, {"BACKUP_BASE", ""}},
                  .directory = project.path() / "elsewhere"});
  EXPECT_EQ(finished.code, 10) << finished.diagnostics;
  EXPECT_THAT(finished.diagnostics, HasSubstr("of-env-file"));
}

TEST(Program, ADamagedBackupExitsWith20) {
  const Project project;
  ASSERT_EQ(project.run({"backup"}).code, 0);
  const auto location =
      fs::path(project.run({"--json", "list", "--latest"}).message("latest")["location"].get<std::string>());
  for (const auto& entry : fs::directory_iterator(location)) {
    if (entry.path().string().ends_with(".tar.zst")) fs::resize_file(entry.path(), 10);
  }
  EXPECT_EQ(project.run({"verify", "latest"}).code, 20);
}

TEST(Program, ADryRunWritesNothing) {
  const Project project;
  const auto finished = project.run({"backup", "--dry-run"});
  EXPECT_EQ(finished.code, 0) << finished.diagnostics;
  EXPECT_THAT(finished.output, HasSubstr("nothing was written (dry run)"));
  EXPECT_FALSE(fs::exists(project.path() / "backups"));
}

}  // namespace
}  // namespace summit::cli
