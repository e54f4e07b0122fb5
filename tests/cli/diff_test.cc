// diff and info: what changed, what it takes, how it grows.

#include <random>

#include "packed_project.h"

namespace summit::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string noise(size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>('a' + random() % 26);
  return text;
}

TEST(Diff, EqualBackupsAreEqualAndNeedNothingNew) {
  const PackedProject project;
  const auto first = project.back_up();
  const auto second = project.back_up();
  const auto diff = project.run({"--json", "diff", first, second}).message("diff");
  EXPECT_EQ(diff["first"], first);
  EXPECT_EQ(diff["second"], second);
  ASSERT_EQ(diff["components"].size(), 1U);
  EXPECT_EQ(diff["components"][0]["equal"], true);
  EXPECT_EQ(diff["new_bytes"], 0);
}

TEST(Diff, SaysWhichTreeChangedAndHowMuchIsNew) {
  const PackedProject project;
  const auto first = project.back_up();
  project.write("uploads/new.bin", noise(300 * KiB, 1));
  const auto second = project.back_up();
  const auto diff = project.run({"--json", "diff", first}).message("diff");
  const auto& component = diff["components"][0];
  EXPECT_EQ(component["equal"], false);
  EXPECT_EQ(component["fingerprints"][0]["before"], 1);
  EXPECT_EQ(component["fingerprints"][0]["after"], 2);
  // 26 letters hold 4.7 bits a byte, and the archive is compressed.
  EXPECT_GT(diff["new_bytes"].get<uint64_t>(), 150 * KiB);
  EXPECT_LT(diff["new_bytes"].get<uint64_t>(), 350 * KiB);
  EXPECT_EQ(component["new_bytes"], diff["new_bytes"]);

  const auto text = project.run({"diff", first, second});
  EXPECT_EQ(text.code, 0) << text.diagnostics;
  EXPECT_THAT(text.output, HasSubstr("~ tree uploads: 1 -> 2"));
  EXPECT_THAT(text.output, HasSubstr("new in the second"));
}

TEST(Diff, OfPlainBackupsTellsRowsAndSizes) {
  const Project project;
  ASSERT_EQ(project.run({"backup"}).code, 0);
  const auto first = project.run({"--json", "list", "--latest"}).message("latest")["id"].get<std::string>();
  project.write("uploads/report.txt", "what a user uploaded later\n");
  ASSERT_EQ(project.run({"backup"}).code, 0);
  const auto diff = project.run({"--json", "diff", first, "latest"}).message("diff");
  EXPECT_EQ(diff["components"][0]["equal"], false);
  EXPECT_FALSE(diff.contains("new_bytes"));
  EXPECT_THAT(project.run({"diff", first}).output, HasSubstr("with another content"));
}

TEST(Info, OfAPackedBackupTellsWhatItTakesAndWhatWasProven) {
  const PackedProject project;
  project.write("uploads/big.bin", noise(200 * KiB, 2));
  const auto first = project.back_up();
  const auto alone = project.run({"--json", "info", first}).message("info")["storage"];
  EXPECT_GT(alone["stored_bytes"], 0);
  EXPECT_EQ(alone["own_bytes"], alone["stored_bytes"]);
  EXPECT_TRUE(alone["pin"].is_null());
  EXPECT_TRUE(alone["verifications"].empty());

  project.back_up();
  ASSERT_EQ(project.run({"verify", first}).code, 0);
  const auto shared = project.run({"--json", "info", first}).message("info")["storage"];
  EXPECT_EQ(shared["own_bytes"], 0);
  ASSERT_EQ(shared["verifications"].size(), 1U);
  EXPECT_EQ(shared["verifications"][0]["level"], 2);
  EXPECT_THAT(project.run({"info", first}).output, HasSubstr("verified        level 2 of 100 %"));
}

TEST(Info, OfAPlainBackupTellsPinAndVerification) {
  const Project project;
  ASSERT_EQ(project.run({"backup"}).code, 0);
  const auto before = project.run({"--json", "info"}).message("info")["storage"];
  EXPECT_TRUE(before["verifications"].empty());
  ASSERT_EQ(project.run({"verify", "latest"}).code, 0);
  ASSERT_EQ(project.run({"pin", "latest", "--reason=the auditors ask for it"}).code, 0);
  const auto after = project.run({"--json", "info"}).message("info")["storage"];
  EXPECT_EQ(after["pin"], "the auditors ask for it");
  EXPECT_EQ(after["verifications"].size(), 1U);
  EXPECT_THAT(project.run({"info"}).output, HasSubstr("pinned          the auditors ask for it"));
}

TEST(Info, SetsShowDeduplicationAndWhatEachBackupAdded) {
  const PackedProject project;
  project.write("uploads/big.bin", noise(200 * KiB, 3));
  const auto first = project.back_up();
  const auto second = project.back_up();
  const auto growth = project.run({"--json", "info", "--sets"}).message("set_growth");
  EXPECT_EQ(growth["set"], "full");
  ASSERT_EQ(growth["backups"].size(), 2U);
  EXPECT_THAT((std::vector<std::string>{growth["backups"][0]["id"], growth["backups"][1]["id"]}),
              ElementsAre(first, second));
  EXPECT_EQ(growth["backups"][0]["added_bytes"], growth["stored_bytes"]);
  EXPECT_EQ(growth["backups"][1]["added_bytes"], 0);
  EXPECT_GT(growth["ratio"], 1.5);

  const auto text = project.run({"info", "--sets", "--set=full"});
  EXPECT_EQ(text.code, 0) << text.diagnostics;
  EXPECT_THAT(text.output, HasSubstr(second));
  EXPECT_EQ(project.run({"info", "--sets", "--set=other"}).code, 1);
  EXPECT_EQ(project.run({"info", "--set=full"}).code, 2);
}

}  // namespace
}  // namespace summit::cli
