#include "stores/files/restore.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>

#include "tree.h"

namespace summit::files {
namespace {

using testing::HasSubstr;

// An archive with entries as an attacker might forge them.
std::string forge(const std::vector<ArchiveEntry>& entries) {
  std::string bytes;
  auto writer = ArchiveWriter::create([&](ByteView block) -> Result<void> {
    bytes += as_text(block);
    return {};
  });
  for (auto entry : entries) {
    if (entry.type == ArchiveEntry::Type::kFile) entry.size = 4;
    EXPECT_TRUE((*writer)->begin(entry).ok());
    if (entry.type == ArchiveEntry::Type::kFile) {
      EXPECT_TRUE((*writer)->write(as_bytes("evil")).ok());
    }
  }
  EXPECT_TRUE((*writer)->finish().ok());
  return bytes;
}
ArchiveEntry file(const std::string& path) {
  ArchiveEntry entry;
  entry.path = path;
  return entry;
}
ArchiveEntry link(const std::string& path, const std::string& target, bool hard = false) {
  ArchiveEntry entry;
  entry.path = path;
  entry.type = hard ? ArchiveEntry::Type::kHardLink : ArchiveEntry::Type::kLink;
  entry.target = target;
  return entry;
}

TEST(Restore, RefusesEveryWayOutOfTheRoot) {
  Tree tree;
  Tree::put_in(tree.outside(), "victim", "untouched");
  const std::string outside = tree.outside().string();
  const std::vector<std::vector<ArchiveEntry>> attacks = {
      {file("../outside/victim")},
      {file("a/../../outside/victim")},
      {file(outside + "/victim")},
      {file("./../outside/victim")},
      {link("way", outside), file("way/victim")},
      {link("way", "../outside"), file("way/victim")},
      {link("victim", outside + "/victim"), file("victim")},
      {link("hard", "../outside/victim", true)},
      {link("hard", outside + "/victim", true)},
      {link("way", outside), link("hard", "way/victim", true)},
      {file(".summit-restoring-x/y")},
      {file("a"), file("a")},
      {file("a"), file("a/b")},
  };
  for (const auto& attack : attacks) {
    fs::remove_all(tree.target());
    Tree::put_in(tree.target(), "present", "old");
    const auto restored = tree.restore(forge(attack));
    EXPECT_FALSE(restored.ok()) << attack.back().path;
    EXPECT_EQ(Tree::get(tree.outside() / "victim"), "untouched") << attack.back().path;
    EXPECT_EQ(Tree::get(tree.target() / "present"), "old") << attack.back().path;
    EXPECT_FALSE(fs::exists(tree.target() / "a"));
    EXPECT_FALSE(unfinished_restore(tree.target()));
  }
}

TEST(Restore, DoesNotFollowLinksOfTheTarget) {
  Tree tree;
  Tree::put_in(tree.outside(), "victim", "untouched");
  tree.put("dir/victim", "new");
  tree.put("file", "new");
  const std::string archive = tree.capture();
  fs::create_directories(tree.target());
  fs::create_directory_symlink(tree.outside(), tree.target() / "dir");
  fs::create_symlink(tree.outside() / "victim", tree.target() / "file");
  ASSERT_TRUE(tree.restore(archive).ok());
  EXPECT_EQ(Tree::get(tree.outside() / "victim"), "untouched");
  EXPECT_FALSE(fs::is_symlink(tree.target() / "dir"));
  EXPECT_EQ(Tree::get(tree.target() / "dir/victim"), "new");
  EXPECT_EQ(Tree::get(tree.target() / "file"), "new");
}

TEST(Restore, MakesTheTreeEqualAndLeavesTheRestAlone) {
  Tree tree;
  tree.patterns.include = {"conf/**", "*.yml"};
  tree.patterns.exclude = {"*.log"};
  tree.put("conf/a", "backed up");
  tree.put("x.yml", "backed up");
  const std::string archive = tree.capture();
  for (const char* path :
       {"conf/a", "conf/extra", "conf/gone/deep", "y.yml", "conf/run.log", "unrelated", "other/file"})
    Tree::put_in(tree.target(), path, "later");
  Tree::put_in(tree.target(), "conf/.env", "A=secret\n");
  const auto restored = tree.restore(archive);
  ASSERT_TRUE(restored.ok()) << restored.error().message();
  EXPECT_EQ(restored->removed, 3u);
  EXPECT_EQ(Tree::get(tree.target() / "conf/a"), "backed up");
  EXPECT_FALSE(fs::exists(tree.target() / "conf/extra"));
  EXPECT_FALSE(fs::exists(tree.target() / "conf/gone"));
  EXPECT_FALSE(fs::exists(tree.target() / "y.yml"));
  EXPECT_TRUE(fs::exists(tree.target() / "conf/run.log"));
  EXPECT_TRUE(fs::exists(tree.target() / "unrelated"));
  EXPECT_TRUE(fs::exists(tree.target() / "other/file"));
  EXPECT_EQ(Tree::get(tree.target() / "conf/.env"), "A=secret\n");
  EXPECT_EQ(tree.fingerprint_of_target(), tree.report.fingerprint.hex());
}

TEST(Restore, RemovesOnlyWhatBothBackupAndTargetCallTheirs) {
  Tree tree;
  tree.put("a", "1");
  const std::string archive = tree.capture();
  Tree::put_in(tree.target(), "new-kind/file", "later");
  RestoreOptions options;
  options.root = tree.target();
  options.recorded.include = {"a"};  // the backup's pattern did not take it
  ASSERT_TRUE(Tree::restore_with(archive, options).ok());
  EXPECT_TRUE(fs::exists(tree.target() / "new-kind/file"));
}

TEST(Restore, FilesAndDirectoriesTakeEachOthersPlaces) {
  Tree tree;
  tree.put("was-directory", "file now");
  tree.put("was-file/x", "directory now");
  const std::string archive = tree.capture();
  Tree::put_in(tree.target(), "was-directory/deep/y", "old");
  Tree::put_in(tree.target(), "was-file", "old");
  ASSERT_TRUE(tree.restore(archive).ok());
  EXPECT_EQ(Tree::get(tree.target() / "was-directory"), "file now");
  EXPECT_EQ(tree.fingerprint_of_target(), tree.report.fingerprint.hex());
}

TEST(Restore, KeepsTheKeyLineOfTheTargetsEnvFile) {
  Tree tree;
  tree.put(".env", "PASSWORD=old\nENCRYPTION_KEY=the-key-of-then\n", 0600);
  const std::string archive = tree.capture(Part::kSecret);
  EXPECT_EQ(archive.find("the-key-of-then"), std::string::npos);
  Tree::put_in(tree.target(), ".env", "PASSWORD=new\nENCRYPTION_KEY=the-key-of-now\n");
  ASSERT_TRUE(tree.restore(archive, Part::kSecret).ok());
  EXPECT_EQ(Tree::get(tree.target() / ".env"), "PASSWORD=old\nENCRYPTION_KEY=the-key-of-now\n");
  EXPECT_EQ(tree.fingerprint_of_target(Part::kSecret), tree.report.fingerprint.hex());
}

TEST(Restore, SecretsDoNotTouchOpenFilesNorTheKeyFile) {
  Tree tree;
  tree.key = Secret("0123456789abcdef0123456789abcdef");
  tree.patterns.secret = {"*.pem"};
  tree.put("a.pem", "PRIVATE");
  const std::string archive = tree.capture(Part::kSecret);
  Tree::put_in(tree.target(), "open", "stays");
  Tree::put_in(tree.target(), "later.pem", "goes");
  Tree::put_in(tree.target(), "my.key", "0123456789abcdef0123456789abcdef\n");
  ASSERT_TRUE(tree.restore(archive, Part::kSecret).ok());
  EXPECT_EQ(Tree::get(tree.target() / "open"), "stays");
  EXPECT_FALSE(fs::exists(tree.target() / "later.pem"));
  EXPECT_TRUE(fs::exists(tree.target() / "my.key"));
}

TEST(Restore, ADamagedArchiveChangesNothing) {
  Tree tree;
  for (int i = 0; i < 20; ++i)
    tree.put("f" + std::to_string(i), std::string(5000, static_cast<char>('a' + i)));
  const std::string archive = tree.capture();
  Tree::put_in(tree.target(), "f0", "old");
  for (size_t size = 0; size < archive.size(); size += 1 + archive.size() / 20) {
    EXPECT_FALSE(tree.restore(archive.substr(0, size)).ok()) << size;
    EXPECT_EQ(Tree::get(tree.target() / "f0"), "old");
    EXPECT_FALSE(fs::exists(tree.target() / "f1"));
    EXPECT_FALSE(unfinished_restore(tree.target()));
  }
}

TEST(Restore, KillAtRandomMoments_EveryFileIsOldOrNewAndTheNextRestoreFinishes) {
  Tree tree;
  for (int i = 0; i < 120; ++i)
    tree.put("d" + std::to_string(i % 7) + "/f" + std::to_string(i), "new " + std::to_string(i));
  const std::string archive = tree.capture();
  std::mt19937 random(3);
  for (int round = 0; round < 15; ++round) {
    fs::remove_all(tree.target());
    for (int i = 0; i < 120; ++i)
      Tree::put_in(tree.target(), "d" + std::to_string(i % 7) + "/f" + std::to_string(i),
                   "old " + std::to_string(i));
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) ::_exit(tree.restore(archive).ok() ? 0 : 1);
    ::usleep(std::uniform_int_distribution<useconds_t>(0, 60000)(random));
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);

    bool old_left = false;
    bool new_there = false;
    for (int i = 0; i < 120; ++i) {
      const std::string text =
          Tree::get(tree.target() / ("d" + std::to_string(i % 7)) / ("f" + std::to_string(i)));
      ASSERT_TRUE(text == "old " + std::to_string(i) || text == "new " + std::to_string(i)) << text;
      (text[0] == 'o' ? old_left : new_there) = true;
    }
    // A mixture is never silent.
    if (old_left && new_there) {
      EXPECT_TRUE(unfinished_restore(tree.target()));
    }
    ASSERT_TRUE(tree.restore(archive).ok());
    EXPECT_FALSE(unfinished_restore(tree.target()));
    EXPECT_EQ(tree.fingerprint_of_target(), tree.report.fingerprint.hex());
  }
}

TEST(Restore, TwoPartsMayWorkInOneRootAtOnce) {
  Tree tree;
  RestoreOptions options;
  options.root = tree.target();
  auto open = TreeRestore::begin(options);
  options.part = Part::kSecret;
  auto secret = TreeRestore::begin(options);
  ASSERT_TRUE(open.ok() && secret.ok());
  EXPECT_FALSE(unfinished_restore(tree.target()));
  EXPECT_TRUE((*open)->finish().ok());
  EXPECT_TRUE((*secret)->finish().ok());
  EXPECT_TRUE(fs::is_empty(tree.target()));
}

}  // namespace
}  // namespace summit::files
