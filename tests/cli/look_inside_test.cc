// ls, find and cat: looking into backups without restoring them.

#include "packed_project.h"

namespace summit::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kArchive = "uploads.tar.zst";

std::vector<std::string> values_of(const Finished& finished, const std::string& type,
                                   const std::string& member) {
  std::vector<std::string> values;
  for (const auto& line : finished.lines())
    if (line.value("message_type", "") == type) values.push_back(line[member].get<std::string>());
  return values;
}

TEST(LookInside, LsShowsArtifactsAndTheFilesInOne) {
  const PackedProject project;
  project.write("uploads/reports/2026/q3.csv", "a,b\n1,2\n");
  const auto id = project.back_up();
  EXPECT_THAT(values_of(project.run({"--json", "ls", id}), "artifact", "name"), ElementsAre(kArchive));

  const auto members = project.run({"--json", "ls", id, kArchive});
  EXPECT_EQ(members.code, 0) << members.diagnostics;
  EXPECT_THAT(values_of(members, "member", "path"),
              ElementsAre("report.txt", "reports", "reports/2026", "reports/2026/q3.csv"));
  EXPECT_THAT(values_of(members, "member", "type"), ElementsAre("file", "directory", "directory", "file"));
  EXPECT_THAT(project.run({"ls", id, kArchive}).output, HasSubstr("reports/2026/q3.csv"));
}

TEST(LookInside, NamesCannotSpeakToTheTerminal) {
  const PackedProject project;
  project.write("uploads/evil\x1b[2Jname", "x");
  const auto id = project.back_up();
  const auto members = project.run({"ls", id, kArchive});
  EXPECT_EQ(members.code, 0) << members.diagnostics;
  EXPECT_THAT(members.output, HasSubstr("evil\\x1b[2Jname"));
  EXPECT_THAT(members.output, Not(HasSubstr("\x1b")));
}

TEST(LookInside, CatGivesAnArtifactOrOneFileInIt) {
  const PackedProject project;
  project.write("uploads/reports/q3.csv", "a,b\n1,2\n");
  for (const std::string layout : {"packed", "plain"}) {
    const auto id = project.back_up(layout);
    const auto file = project.run({"cat", id, kArchive, "reports/q3.csv"});
    EXPECT_EQ(file.code, 0) << file.diagnostics;
    EXPECT_EQ(file.output, "a,b\n1,2\n");
    const auto whole = project.run({"cat", id, kArchive});
    EXPECT_EQ(whole.code, 0) << whole.diagnostics;
    const auto artifact = project.run({"--json", "ls", id}).message("artifact");
    EXPECT_EQ(whole.output.size(), artifact["bytes"]);
    EXPECT_EQ(to_hex(sha256(as_bytes(whole.output))), artifact["sha256"]);
  }
}

TEST(LookInside, CatSaysWhatIsNotThereAndWhatHasNoContent) {
  const PackedProject project;
  project.write("uploads/reports/q3.csv", "a,b\n");
  const auto id = project.back_up();
  const auto missing = project.run({"cat", id, kArchive, "no/such"});
  EXPECT_EQ(missing.code, 1);
  EXPECT_THAT(missing.diagnostics, HasSubstr("summit-dr ls " + id + " " + kArchive));
  EXPECT_THAT(missing.output, IsEmpty());
  EXPECT_EQ(project.run({"cat", id, kArchive, "reports"}).code, 2);
  EXPECT_EQ(project.run({"cat", id, "postgres-full.dump"}).code, 1);
  EXPECT_EQ(project.run({"--json", "cat", id, kArchive}).code, 2);
}

TEST(LookInside, ADamagedArchiveEndsInAnErrorWhateverWasGiven) {
  const PackedProject project;
  const auto id = project.back_up("plain");
  const auto path = project.path() / "backups" / id / kArchive;
  auto content = read_file(path).value();
  content.back() = static_cast<char>(content.back() ^ 1);
  ASSERT_TRUE(write_file_durably(path, content).ok());
  const auto damaged = project.run({"cat", id, kArchive, "report.txt"});
  EXPECT_NE(damaged.code, 0);
  EXPECT_THAT(damaged.diagnostics, HasSubstr("damaged"));
}

TEST(LookInside, FindNamesTheBackupsThatHoldAFileNewestFirst) {
  const PackedProject project;
  const auto without = project.back_up();
  project.write("uploads/reports/q3.csv", "a,b\n");
  const auto first = project.back_up();
  const auto second = project.back_up("plain");

  const auto all = project.run({"--json", "find", "*.csv", "--all"});
  EXPECT_EQ(all.code, 0) << all.diagnostics;
  EXPECT_THAT(values_of(all, "member", "backup"), ElementsAre(second, first));
  EXPECT_THAT(values_of(all, "member", "path"), ElementsAre("reports/q3.csv", "reports/q3.csv"));
  EXPECT_THAT(values_of(project.run({"--json", "find", "reports/*.csv"}), "member", "backup"),
              ElementsAre(second));
  EXPECT_THAT(values_of(project.run({"--json", "find", "q3.csv", "--in=" + first}), "member", "backup"),
              ElementsAre(first));

  const auto nowhere = project.run({"find", "q3.csv", "--in=" + without});
  EXPECT_EQ(nowhere.code, 1);
  EXPECT_THAT(nowhere.diagnostics, HasSubstr("--all"));
}

TEST(LookInside, FindGoesOnBehindADamagedBackupAndSaysSo) {
  const PackedProject project;
  const auto good = project.back_up("plain");
  const auto damaged = project.back_up("plain");
  ASSERT_TRUE(write_file_durably(project.path() / "backups" / damaged / kArchive, "no archive at all").ok());
  project.write("uploads/report.txt", "the content of the third backup differs\n");
  const auto found = project.run({"--json", "find", "report.txt", "--all"});
  EXPECT_EQ(found.code, 3);
  EXPECT_THAT(values_of(found, "member", "backup"), ElementsAre(good));
  EXPECT_THAT(found.message("message")["text"].get<std::string>(), HasSubstr(damaged));
}

}  // namespace
}  // namespace summit::cli
