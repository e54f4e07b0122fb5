#include "core/files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vector>

namespace summit {
namespace {

class Files : public testing::Test {
 protected:
  Files() : directory_(std::move(TemporaryDirectory::create(fs::temp_directory_path(), "files-")).value()) {}

  fs::path at(std::string_view name) const { return directory_.path() / name; }

  std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(directory_.path()))
      found.push_back(entry.path().filename());
    return found;
  }

  TemporaryDirectory directory_;
};

// No file of this process may grow beyond `bytes` while this lives: a full disk in miniature.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : previous_action_(::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &previous_);
    const rlimit limit{bytes, previous_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &previous_);
    ::signal(SIGXFSZ, previous_action_);
  }

 private:
  rlimit previous_{};
  sighandler_t previous_action_;
};

mode_t mode_of(const fs::path& path) {
  struct stat status{};
  EXPECT_EQ(::lstat(path.c_str(), &status), 0);
  return status.st_mode & 07777;
}

TEST_F(Files, DurableWriteReplacesContentAndSetsMode) {
  ASSERT_TRUE(write_file_durably(at("state"), "old").ok());
  ASSERT_TRUE(write_file_durably(at("state"), "new", 0600).ok());
  EXPECT_EQ(*read_file(at("state")), "new");
  EXPECT_EQ(mode_of(at("state")), 0600U);
  EXPECT_EQ(names(), std::vector<std::string>{"state"});
}

TEST_F(Files, DurableWriteReplacesTheFileRatherThanWritingIntoIt) {
  ASSERT_TRUE(write_file_durably(at("state"), "old").ok());
  auto reader = open_for_reading(at("state"));
  ASSERT_TRUE(reader.ok());
  ASSERT_TRUE(write_file_durably(at("state"), "new").ok());
  char seen[3];
  ASSERT_TRUE(read_exactly_at(reader->get(), seen, 3, 0, at("state")).ok());
  EXPECT_EQ(std::string_view(seen, 3), "old");
}

TEST_F(Files, FailedDurableWriteLeavesTheOldContentAndNoOtherFile) {
  ASSERT_TRUE(write_file_durably(at("state"), "old").ok());
  {
    const FileSizeLimit limit(4096);
    EXPECT_EQ(write_file_durably(at("state"), std::string(100'000, 'x')).error().code(), Code::kIo);
  }
  EXPECT_EQ(*read_file(at("state")), "old");
  EXPECT_EQ(names(), std::vector<std::string>{"state"});
}

TEST_F(Files, FullDeviceIsNoSpace) {
  auto full = open_for_writing("/dev/full");
  ASSERT_TRUE(full.ok());
  const auto result = write_all(full->get(), as_bytes("data"), "/dev/full");
  EXPECT_EQ(result.error().code(), Code::kNoSpace);
  EXPECT_EQ(result.error().message(), "cannot write /dev/full: No space left on device");
}

TEST_F(Files, ErrorsNameTheFileAndTheReason) {
  const auto absent = open_for_reading(at("absent"));
  EXPECT_EQ(absent.error().code(), Code::kNotFound);
  EXPECT_EQ(absent.error().message(), "cannot open " + at("absent").string() + ": No such file or directory");
  EXPECT_EQ(write_file_durably(at("absent/state"), "x").error().code(), Code::kNotFound);
}

TEST_F(Files, SmallFilesAreReadWholeAlsoWhenTheirSizeIsNotKnown) {
  const std::string content(100'000, 'y');
  ASSERT_TRUE(write_file_durably(at("big"), content).ok());
  EXPECT_EQ(*read_file(at("big")), content);
  EXPECT_EQ(*read_file(at("big"), content.size()), content);
  EXPECT_EQ(read_file(at("big"), content.size() - 1).error().code(), Code::kFailed);
  EXPECT_FALSE(read_file("/proc/self/status")->empty());
}

TEST_F(Files, ReadingBeyondTheEndIsCorruptAndSaysWhere) {
  ASSERT_TRUE(write_file_durably(at("short"), "12345").ok());
  auto file = open_for_reading(at("short"));
  char buffer[8];
  EXPECT_TRUE(read_exactly_at(file->get(), buffer, 3, 2, at("short")).ok());
  const auto result = read_exactly_at(file->get(), buffer, 8, 2, at("short"));
  EXPECT_EQ(result.error().code(), Code::kCorrupt);
  EXPECT_NE(result.error().message().find("ends at byte 5"), std::string::npos);
}

TEST_F(Files, RenameMovesBetweenDirectoriesAndReplaces) {
  ASSERT_TRUE(make_directories(at("a")).ok());
  ASSERT_TRUE(make_directories(at("b")).ok());
  ASSERT_TRUE(write_file_durably(at("a/x"), "from a").ok());
  ASSERT_TRUE(write_file_durably(at("b/x"), "from b").ok());
  ASSERT_TRUE(rename_durably(at("a/x"), at("b/x")).ok());
  EXPECT_FALSE(fs::exists(at("a/x")));
  EXPECT_EQ(*read_file(at("b/x")), "from a");
  EXPECT_EQ(rename_durably(at("a/x"), at("b/x")).error().code(), Code::kNotFound);
}

TEST_F(Files, DirectoriesAreMadeWithTheirParents) {
  ASSERT_TRUE(make_directories(at("one/two/three"), 0700).ok());
  EXPECT_EQ(mode_of(at("one/two/three")), 0700U);
  EXPECT_TRUE(make_directories(at("one/two/three/")).ok());
  ASSERT_TRUE(write_file_durably(at("file"), "").ok());
  EXPECT_EQ(make_directories(at("file")).error().code(), Code::kAlreadyExists);
}

TEST_F(Files, RemovalDoesNotFollowLinks) {
  ASSERT_TRUE(make_directories(at("kept")).ok());
  ASSERT_TRUE(write_file_durably(at("kept/file"), "x").ok());
  ASSERT_TRUE(make_directories(at("removed/deep")).ok());
  fs::create_directory_symlink(at("kept"), at("removed/deep/link"));
  ASSERT_TRUE(remove_recursively(at("removed")).ok());
  EXPECT_FALSE(fs::exists(at("removed")));
  EXPECT_TRUE(fs::exists(at("kept/file")));
  EXPECT_TRUE(remove_recursively(at("never-there")).ok());
}

TEST_F(Files, SizeBelowCountsRegularFilesOnly) {
  EXPECT_EQ(size_below(at("absent")), 0U);
  ASSERT_TRUE(make_directories(at("tree/sub")).ok());
  ASSERT_TRUE(write_file_durably(at("tree/a"), std::string(100, 'a')).ok());
  ASSERT_TRUE(write_file_durably(at("tree/sub/b"), std::string(23, 'b')).ok());
  fs::create_symlink(at("tree/a"), at("tree/link"));
  EXPECT_EQ(size_below(at("tree")), 123U);
  EXPECT_EQ(size_below(at("tree/a")), 100U);
}

TEST_F(Files, FreeSpaceIsThatOfTheNearestDirectoryThatExists) {
  auto here = free_space(directory_.path());
  ASSERT_TRUE(here.ok());
  EXPECT_GT(*here, 0U);
  EXPECT_TRUE(free_space(at("not/yet/there")).ok());
  EXPECT_TRUE(free_space("relative/not/there").ok());
}

TEST_F(Files, DescriptorsCloseThemselvesAndAreNotInherited) {
  int number = -1;
  {
    auto file = open_for_writing(at("x"));
    number = file->get();
    EXPECT_NE(::fcntl(number, F_GETFD) & FD_CLOEXEC, 0);
    UniqueFd moved = std::move(*file);
    EXPECT_FALSE(file->valid());
    EXPECT_EQ(moved.get(), number);
  }
  EXPECT_EQ(::fcntl(number, F_GETFD), -1);
}

TEST_F(Files, TemporaryDirectoryIsPrivateAndGoesWithItsContent) {
  fs::path path;
  {
    auto temporary = TemporaryDirectory::create(at("parent"), "work-");
    ASSERT_TRUE(temporary.ok());
    path = temporary->path();
    EXPECT_EQ(mode_of(path), 0700U);
    ASSERT_TRUE(make_directories(path / "deep/er").ok());
    TemporaryDirectory moved = std::move(*temporary);
    EXPECT_TRUE(fs::exists(path));
  }
  EXPECT_FALSE(fs::exists(path));
}

TEST_F(Files, AssigningATemporaryDirectoryRemovesTheOneThatWasHeld) {
  auto first = TemporaryDirectory::create(directory_.path(), "a-");
  const fs::path first_path = first->path();
  fs::path second_path;
  {
    auto second = TemporaryDirectory::create(directory_.path(), "b-");
    second_path = second->path();
    *first = std::move(*second);
  }
  EXPECT_FALSE(fs::exists(first_path));
  EXPECT_TRUE(fs::exists(second_path));
}

}  // namespace
}  // namespace summit
