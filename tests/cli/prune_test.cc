// prune, pin, unpin, verify in part: by the program.

#include "packed_project.h"

namespace summit::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

class Prune : public testing::Test {
 protected:
  Finished run(std::vector<std::string> words) const {
    words.insert(words.begin(), "--json");
    return project_.run(std::move(words));
  }
  void expect_ok(std::vector<std::string> words) const {
    const auto finished = run(std::move(words));
    EXPECT_EQ(finished.code, 0) << finished.output << finished.diagnostics;
  }
  std::vector<std::string> ids() const {
    std::vector<std::string> found;
    for (const auto& line : run({"list"}).lines()) found.push_back(line.value("id", ""));
    return found;
  }
  nlohmann::json prune(std::vector<std::string> more) const {
    more.insert(more.begin(), "prune");
    const auto finished = run(std::move(more));
    EXPECT_EQ(finished.code, 0) << finished.output << finished.diagnostics;
    return finished.message("prune");
  }
  std::string reason(const Finished& pruned, const std::string& id) const {
    for (const auto& line : pruned.lines())
      if (line.value("message_type", "") == "retention" && line["id"] == id) return line["reason"];
    return {};
  }
  void remove_by_hand(const std::string& id) const { fs::remove_all(project_.path() / "backups" / id); }
  bool has_view(const std::string& id) const { return fs::exists(project_.path() / "backups" / id / id); }
  fs::path a_pack() const {
    for (const auto& entry : fs::recursive_directory_iterator(project_.path() / "backups/repository/packs"))
      if (entry.is_regular_file()) return entry.path();
    return {};
  }

  PackedProject project_;
};

TEST_F(Prune, NothingGoesBeforeANewerOneIsVerifiedInEitherLayout) {
  for (const std::string layout : {"packed", "plain"}) {
    const auto old = project_.back_up(layout);
    const auto newer = project_.back_up(layout);
    EXPECT_THAT(prune({"--keep-last=1"})["removed"], IsEmpty());
    expect_ok({"verify", newer});
    EXPECT_THAT(prune({"--keep-last=1", "--dry-run"})["removed"], Not(IsEmpty()));
    EXPECT_THAT(ids(), testing::Contains(old)) << "a dry run removed it";
    EXPECT_THAT(prune({"--keep-last=1"})["removed"], testing::Contains(old));
    EXPECT_THAT(ids(), ElementsAre(newer));
    EXPECT_FALSE(fs::exists(project_.path() / "backups" / old));
  }
}

TEST_F(Prune, TheConfiguredAgeKeepsWhatIsYoung) {
  const auto old = project_.back_up();
  const auto newer = project_.back_up("plain");
  expect_ok({"verify", newer});
  const auto pruned = run({"prune"});
  EXPECT_THAT(pruned.message("prune")["removed"], IsEmpty());
  EXPECT_EQ(reason(pruned, old), "younger than 30 d");
  EXPECT_EQ(reason(run({"prune", "--set=minimal"}), old), "") << "a backup of another set was judged";
}

TEST_F(Prune, APinnedBackupStaysUntilItIsUnpinned) {
  const auto packed = project_.back_up();
  const auto plain = project_.back_up("plain");
  const auto newest = project_.back_up();
  expect_ok({"verify", newest});
  for (const auto& id : {packed, plain}) expect_ok({"pin", id, "--reason=incident 4711"});
  for (const auto& line : run({"list"}).lines()) EXPECT_EQ(line["pinned"], line["id"] != newest) << line;
  EXPECT_THAT(prune({"--keep-last=1"})["removed"], IsEmpty());
  for (const auto& id : {packed, plain}) expect_ok({"unpin", id});
  EXPECT_THAT(prune({"--keep-last=1"})["removed"], UnorderedElementsAre(packed, plain));
  EXPECT_EQ(run({"unpin", newest}).message("error")["code"], "not_found");
  EXPECT_EQ(run({"pin", newest}).code, 2);
  EXPECT_EQ(run({"pin", newest, "--reason= "}).code, 2);
}

TEST_F(Prune, BackupsOfBothLayoutsNeverShareAnId) {
  // Ids have seconds: these want the same one.
  std::set<std::string> made;
  for (int round = 0; round < 3; ++round)
    for (const char* layout : {"plain", "packed"}) made.insert(project_.back_up(layout));
  EXPECT_THAT(made, SizeIs(6));
  expect_ok({"verify", "--all"});
}

TEST_F(Prune, APackedBackupWhoseDirectoryWasRemovedIsGivenUp) {
  const auto removed = project_.back_up();
  const auto pinned = project_.back_up();
  const auto kept = project_.back_up();
  const auto newest = project_.back_up();
  expect_ok({"pin", pinned, "--reason=audit"});
  for (const auto& id : {removed, pinned, newest}) remove_by_hand(id);

  EXPECT_THAT(prune({"--grace=0s"})["removed"], ElementsAre(removed));
  EXPECT_THAT(ids(), ElementsAre(newest, kept, pinned));
  EXPECT_TRUE(has_view(pinned)) << "the view of a pinned backup was not made again";
  EXPECT_TRUE(has_view(newest)) << "the writer of the newest may have died before it published it";
}

TEST_F(Prune, AMissingViewIsMadeAgainWhereNobodyMayHaveMeantIt) {
  const auto verified = project_.back_up();
  const auto young = project_.back_up();
  project_.back_up();
  expect_ok({"verify", verified});
  remove_by_hand(verified);
  EXPECT_THAT(prune({"--grace=0s"})["removed"], IsEmpty()) << "the newest verified backup was given up";
  EXPECT_TRUE(has_view(verified));
  remove_by_hand(young);
  EXPECT_THAT(prune({})["removed"], IsEmpty()) << "a writer may be about to publish it";
  EXPECT_TRUE(has_view(young));
  for (const auto& id : ids()) remove_by_hand(id);
  EXPECT_THAT(prune({"--grace=0s"})["removed"], IsEmpty()) << "a lost set of views is no cleaning up";
  EXPECT_THAT(ids(), SizeIs(3));
}

TEST_F(Prune, TheSpaceOfGivenUpBackupsComesBackInALaterRun) {
  project_.write("uploads/large", std::string(300'000, 'x') + "once");
  project_.back_up();
  project_.write("uploads/large", "small");
  expect_ok({"verify", project_.back_up()});
  const auto before = size_below(project_.path() / "backups/repository/packs");
  EXPECT_EQ(prune({"--keep-last=1", "--grace=0s"})["removed"].size(), 1U);
  const auto packs = prune({"--keep-last=1", "--grace=0s"})["packs"];
  EXPECT_GE(packs["deleted"]["packs"].get<int>(), 1);
  EXPECT_LT(size_below(project_.path() / "backups/repository/packs"), before);
}

TEST_F(Prune, WithoutAKeyItDoesNothing) {
  const auto plain = project_.back_up("plain");
  const auto refused = project_.Project::run({"--json", "prune", "--days=1"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_EQ(refused.message("error")["code"], "key_missing");
  EXPECT_TRUE(has_view(plain));
}

TEST_F(Prune, VerifyOfStoredBytesNeedsNoKeyAndFindsDamage) {
  const auto id = project_.back_up();
  const auto without_key = [&](const std::string& level) {
    return project_.Project::run({"--json", "verify", id, "--level=" + level});
  };
  const auto good = without_key("1");
  EXPECT_EQ(good.code, 0) << good.output;
  EXPECT_EQ(good.message("verification")["level"], 1);
  EXPECT_EQ(without_key("2").message("error")["code"], "key_missing");

  auto bytes = read_file(a_pack()).value();
  bytes.at(bytes.size() / 2) ^= 1;
  ASSERT_TRUE(write_file_durably(a_pack(), bytes).ok());
  const auto damaged = without_key("1");
  EXPECT_EQ(damaged.code, 20);
  EXPECT_EQ(damaged.message("verification")["findings"].size(), 1U);
  EXPECT_EQ(run({"verify", id}).code, 20);
}

TEST_F(Prune, ASampleTakesNothingFromAWholeVerificationButDamageDoes) {
  for (const std::string layout : {"packed", "plain"}) {
    const auto id = project_.back_up(layout);
    const auto verified = [&] {
      for (const auto& line : run({"list"}).lines())
        if (line["id"] == id) return !line["verified"].is_null();
      return false;
    };
    EXPECT_FALSE(verified());
    expect_ok({"verify", id});
    EXPECT_TRUE(verified());
    expect_ok({"verify", id, "--fraction=0.5", "--bandwidth=1GB"});
    EXPECT_TRUE(verified());
    const auto victim = layout == "packed" ? a_pack() : project_.path() / "backups" / id / "uploads.tar.zst";
    ASSERT_TRUE(write_file_durably(victim, "other bytes").ok());
    EXPECT_EQ(run({"verify", id}).code, 20);
    EXPECT_FALSE(verified());
  }
  EXPECT_EQ(run({"verify", "latest", "--bandwidth=fast"}).code, 2);
  EXPECT_EQ(run({"verify", "latest", "--fraction=0"}).code, 2);
  EXPECT_EQ(run({"verify", "latest", "--level=4"}).code, 2);
}

}  // namespace
}  // namespace summit::cli
