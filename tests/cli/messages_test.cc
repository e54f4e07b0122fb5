// With --json every line of standard output is an object that docs/schemas/ describes.

#include "json_schema.h"
#include "program.h"

namespace summit::cli {
namespace {

using ::testing::IsEmpty;

// Each line fits the schema; the last is of the type that the command promises.
void expect_documented(const Finished& finished, const std::string& type) {
  const JsonSchema schema("messages.schema.json");
  const auto lines = finished.lines();
  ASSERT_FALSE(lines.empty()) << finished.diagnostics;
  for (const auto& line : lines) {
    EXPECT_TRUE(line.contains("message_type") && line.contains("schema_version")) << line;
    EXPECT_THAT(schema.problems(line), IsEmpty()) << line;
  }
  EXPECT_EQ(lines.back()["message_type"], type);
}

TEST(Messages, OfEveryCommandFitTheirSchema) {
  const Project project;
  expect_documented(project.run({"--json", "config", "validate"}), "configuration");
  expect_documented(project.run({"--json", "config", "show"}), "configuration");
  expect_documented(project.run({"--json", "config", "schema", "environments"}), "schema");
  expect_documented(project.run({"--json", "completion", "bash"}), "completion");
  expect_documented(project.run({"--json", "backup", "--dry-run"}), "backup_plan");
  expect_documented(project.run({"--json", "--verbose", "backup"}), "backup");
  expect_documented(project.run({"--json", "list"}), "backup_summary");
  expect_documented(project.run({"--json", "list", "--latest"}), "latest");
  expect_documented(project.run({"--json", "info", "latest"}), "info");
  expect_documented(project.run({"--json", "info", "--sets"}), "set_growth");
  expect_documented(project.run({"--json", "diff", "latest", "latest"}), "diff");
  expect_documented(project.run({"--json", "ls", "latest"}), "artifact");
  expect_documented(project.run({"--json", "ls", "latest", "uploads.tar.zst"}), "member");
  expect_documented(project.run({"--json", "find", "*.txt"}), "search");
  expect_documented(project.run({"--json", "export", "latest", "--to=out", "--dry-run"}), "export_plan");
  expect_documented(project.run({"--json", "export", "latest", "--to=out"}), "export");
  const auto id = project.run({"--json", "list", "--latest"}).message("latest")["id"].get<std::string>();
  const std::map<std::string, std::string> elsewhere{{"BACKUP_BASE", (project.path() / "other").string()}};
  expect_documented(project.run({"--json", "import", "out/" + id, "--dry-run"}, elsewhere), "import_plan");
  expect_documented(project.run({"--json", "import", "out/" + id}, elsewhere), "import");
  expect_documented(project.run({"--json", "pin", "latest", "--reason=test"}), "pin");
  expect_documented(project.run({"--json", "unpin", "latest"}), "pin");
  expect_documented(project.run({"--json", "prune", "--dry-run"}), "prune");
  expect_documented(project.run({"--json", "prune"}), "prune");
  const std::map<std::string, std::string> key{{"ENCRYPTION_KEY", "correct horse battery staple"}};
  expect_documented(project.run({"--json", "repository", "init", "--dry-run"}, key), "repository");
  expect_documented(project.run({"--json", "repository", "init", "--location=packed"}, key), "repository");
  expect_documented(project.run({"--json", "--backup-base=packed", "repository", "info"}, key),
                    "repository_info");
  expect_documented(project.run({"--json", "replicate", "--all", "--to=third", "--dry-run"}),
                    "replication_plan");
  expect_documented(project.run({"--json", "replicate", "--all", "--to=third"}), "replication");
  expect_documented(project.run({"--json", "repair", "--from=third"}), "repaired");
  expect_documented(project.run({"--json", "verify", "latest", "--dry-run"}), "verification_plan");
  expect_documented(project.run({"--json", "verify", "latest"}), "verification");
  expect_documented(project.run({"--json", "restore", "latest", "--mode=verify-only"}), "verification");
  expect_documented(project.run({"--json", "restore", "latest", "--dry-run"}), "restore_plan");
  expect_documented(project.run({"--json", "restore", "latest"}), "restore");
  expect_documented(project.run({"--json", "list", "--restores"}), "restore_summary");
}

TEST(Messages, ErrorsAreLinesToo) {
  const Project project;
  const auto missing = project.run({"--json", "list"});
  EXPECT_EQ(missing.code, 10);
  expect_documented(missing, "error");
  EXPECT_EQ(missing.message("error")["code"], "repository_missing");

  const auto wrong_words = project.run({"--json", "backup", "--no-such-option"});
  EXPECT_EQ(wrong_words.code, 2);
  expect_documented(wrong_words, "error");
}

TEST(Messages, TheMetadataOfABackupFitTheirSchema) {
  const Project project;
  ASSERT_EQ(project.run({"backup"}).code, 0);
  const auto info = project.run({"--json", "info", "latest"}).message("info");
  EXPECT_THAT(JsonSchema("backup-metadata.schema.json").problems(info["metadata"]), IsEmpty());
  const auto written = read_file(fs::path(info["location"].get<std::string>()) / "backup-metadata.json");
  ASSERT_TRUE(written.ok());
  EXPECT_EQ(nlohmann::json::parse(*written), info["metadata"]);
}

TEST(Messages, ALineThatLacksWhatTheSchemaRequiresIsFound) {
  const JsonSchema schema("messages.schema.json");
  EXPECT_THAT(schema.problems({{"message_type", "error"},
                               {"schema_version", 1},
                               {"code", "busy"},
                               {"message", "x"},
                               {"hint", ""}}),
              IsEmpty());
  EXPECT_FALSE(schema.problems({{"message_type", "error"}, {"schema_version", 1}, {"code", "busy"}}).empty());
  EXPECT_FALSE(schema.problems({{"message_type", "latest"}}).empty());
  EXPECT_FALSE(schema.problems({{"message_type", "unheard of"}, {"schema_version", 1}}).empty());
}

}  // namespace
}  // namespace summit::cli
