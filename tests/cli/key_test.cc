// The keys of a packed repository, by the program.

#include "program.h"
#include "repository/packed/format_file.h"
#include "repository/packed/slot_store.h"
#include "storage/local_store.h"

namespace summit::cli {
namespace {

using namespace repository::packed;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

// A project whose backups lie in a packed repository that "the first passphrase" opens.
class KeyCommands : public testing::Test {
 protected:
  void SetUp() override {
    auto store =
        storage::LocalStore::open(project_.path() / "backups", storage::LocalStore::IfMissing::kCreate);
    ASSERT_TRUE(store.ok()) << store.error().to_string();
    const auto format = create_format(**store, {.id = RepositoryId::random(), .created = now()});
    ASSERT_TRUE(format.ok()) << format.error().to_string();
    const auto keyring = Keyring::create(format->format.id);
    SlotStore slots(**store, format->format.id);
    const SlotSecret first{SlotKind::kPassphrase, Secret(kFirst), "test"};
    ASSERT_TRUE(slots.create_first(*keyring, {first, "the first", {.passes = 1, .memory_kib = 8}}).ok());
  }

  // Opened by `passphrase`.
  Finished key(std::vector<std::string> words, const std::string& passphrase = kFirst) const {
    words.insert(words.begin(), {"--json", "key"});
    return project_.run(std::move(words), {{"ENCRYPTION_KEY", passphrase}});
  }
  std::string secret_file(const std::string& name, const std::string& text) const {
    EXPECT_TRUE(write_file_durably(project_.path() / name, text, 0600).ok());
    return (project_.path() / name).string();
  }
  std::vector<nlohmann::json> slots() const { return key({"list"}).lines(); }

  static inline const std::string kFirst = "the first passphrase";
  Project project_;
};

TEST_F(KeyCommands, ListShowsTheSlotsWithoutAnyKey) {
  const auto listed = project_.run({"key", "list"});
  EXPECT_EQ(listed.code, 0) << listed.diagnostics;
  EXPECT_THAT(listed.output, HasSubstr("generation-1"));
  EXPECT_THAT(listed.output, HasSubstr("the first"));
  ASSERT_THAT(slots(), SizeIs(1));
  EXPECT_EQ(slots().front()["kind"], "passphrase");
}

TEST_F(KeyCommands, AddedKeysOpenAndRemovedOnesDoNot) {
  const std::string file = secret_file("restore.key", "0123456789abcdef0123456789abcdef\n");
  const auto added = key({"add", "--new-key-file=" + file, "--label=restore host"});
  ASSERT_EQ(added.code, 0) << added.diagnostics;
  EXPECT_THAT(slots(), SizeIs(2));

  const auto refused = key({"remove", "generation-1"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_EQ(refused.message("error")["code"], "refused");
  const auto removed = key({"remove", "generation", "--key-file=" + file});
  ASSERT_EQ(removed.code, 0) << removed.diagnostics;
  EXPECT_EQ(removed.message("key")["slot"], "generation-1");

  const auto wrong = key({"add", "--new-key-file=" + file});
  EXPECT_EQ(wrong.code, 12);
  EXPECT_THAT(wrong.message("error")["hint"].get<std::string>(), HasSubstr("restore host"));
  EXPECT_THAT(wrong.output + wrong.diagnostics, Not(HasSubstr(kFirst)));
}

TEST_F(KeyCommands, RotateChangesThePassphrase) {
  const std::string file = secret_file("new.pass", "the second passphrase\n");
  ASSERT_EQ(key({"rotate", "--new-passphrase-file=" + file}).code, 0);
  ASSERT_THAT(slots(), SizeIs(1));
  EXPECT_EQ(slots().front()["generation"], 1);
  EXPECT_EQ(key({"rotate", "--new-passphrase-file=" + file}).code, 12);
  EXPECT_EQ(
      key({"rotate", "--new-passphrase-command=printf 'the third passphrase'"}, "the second passphrase").code,
      0);
}

TEST_F(KeyCommands, ANewMasterNeedsAYesAndRemovesTheOtherSlots) {
  ASSERT_EQ(key({"add", "--new-passphrase-file=" + secret_file("leaked", "a leaked passphrase")}).code, 0);
  const auto unconfirmed = key({"rotate", "--new-master"});
  EXPECT_EQ(unconfirmed.message("error")["code"], "refused");
  EXPECT_THAT(slots(), SizeIs(2));
  const auto rotated = key({"rotate", "--new-master", "--yes"});
  ASSERT_EQ(rotated.code, 0) << rotated.diagnostics;
  ASSERT_THAT(slots(), SizeIs(1));
  EXPECT_EQ(slots().front()["generation"], 2);
  EXPECT_EQ(key({"rotate", "--new-master", "--yes"}, "a leaked passphrase").code, 12);
}

TEST_F(KeyCommands, WeakKeysAndKeysBesideTheBackupsAreRefused) {
  EXPECT_EQ(key({"add", "--new-passphrase-file=" + secret_file("short", "hunter2")}).code, 2);
  EXPECT_EQ(
      key({"add", "--argon2-memory=1MiB", "--new-key-file=" + secret_file("long", "0123456789abcdef")}).code,
      2);
  const auto beside = key({"add", "--new-key-file=" + secret_file("backups/key", "0123456789abcdef")});
  EXPECT_EQ(beside.message("error")["code"], "refused");
  EXPECT_THAT(slots(), SizeIs(1));
}

TEST_F(KeyCommands, WithoutARepositoryTheyHaveTheirOwnExitCode) {
  const Project elsewhere;
  EXPECT_EQ(elsewhere.run({"key", "list"}).code, 10);
  ASSERT_TRUE(make_directories(elsewhere.path() / "backups").ok());
  EXPECT_EQ(elsewhere.run({"key", "list"}).code, 10);
}

}  // namespace
}  // namespace summit::cli
