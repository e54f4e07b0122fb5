#include "storage/local_store.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "core/task_group.h"

namespace summit::storage {
namespace {

class LocalStoreTest : public testing::Test {
 protected:
  static std::unique_ptr<LocalStore> open(const fs::path& root) {
    return LocalStore::open(root, LocalStore::IfMissing::kCreate).value();
  }
  std::vector<std::string> keys() {
    std::vector<std::string> found;
    const auto keep = [&](const ObjectInfo& info) -> Result<bool> {
      found.push_back(info.key);
      return true;
    };
    EXPECT_TRUE(store_->list("", "", keep).ok());
    return found;
  }
  size_t files_below_root() const {
    size_t files = 0;
    for (const auto& entry : fs::recursive_directory_iterator(root_))
      files += entry.is_regular_file() ? 1 : 0;
    return files;
  }

  TemporaryDirectory directory_ =
      TemporaryDirectory::create(fs::temp_directory_path(), "local-store-").value();
  fs::path root_ = directory_.path() / "repository";
  std::unique_ptr<LocalStore> store_ = open(root_);
};

TEST_F(LocalStoreTest, AMissingDirectoryIsAMissingRepository) {
  const auto store = LocalStore::open(directory_.path() / "absent", LocalStore::IfMissing::kFail);
  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.error().code(), Code::kRepositoryMissing);
  EXPECT_NE(store.error().hint().find("summit-dr repository init"), std::string::npos);
  EXPECT_FALSE(fs::exists(directory_.path() / "absent"));
}

TEST_F(LocalStoreTest, NoLinkLeadsOutOfTheDirectory) {
  const fs::path outside = directory_.path() / "outside";
  ASSERT_TRUE(make_directories(outside).ok());
  ASSERT_TRUE(write_file_durably(outside / "secret", "secret").ok());
  fs::create_directory_symlink(outside, root_ / "packs");
  fs::create_symlink(outside / "secret", root_ / "pack");

  EXPECT_FALSE(get_whole(*store_, "packs/secret").ok());
  EXPECT_FALSE(get_whole(*store_, "pack").ok());
  EXPECT_FALSE(store_->head("pack").ok());
  EXPECT_FALSE(store_->put("packs/new", as_bytes("x")).ok());
  EXPECT_FALSE(store_->remove("packs/secret").ok());
  EXPECT_TRUE(keys().empty());
  EXPECT_TRUE(fs::exists(outside / "secret"));
  EXPECT_FALSE(fs::exists(outside / "new"));
  // A link in an object's place is replaced, never written through.
  EXPECT_TRUE(store_->put("pack", as_bytes("ours")).ok());
  EXPECT_EQ(read_file(outside / "secret").value(), "secret");
  EXPECT_EQ(get_whole(*store_, "pack").value(), "ours");
}

TEST_F(LocalStoreTest, FilesOfOthersAreNeitherListedNorTouched) {
  ASSERT_TRUE(store_->put("packs/a", as_bytes("x")).ok());
  std::ofstream(root_ / "notes for me.txt") << "mine";
  std::ofstream(root_ / "packs" / "a~") << "an editor's";
  ASSERT_EQ(::mkfifo((root_ / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(keys(), std::vector<std::string>{"packs/a"});
  EXPECT_EQ(get_whole(*store_, "pipe").error().code(), Code::kNotFound);
  EXPECT_EQ(*store_->remove_leftovers(std::chrono::seconds(0)), 0u);
  EXPECT_TRUE(fs::exists(root_ / "notes for me.txt"));
  EXPECT_TRUE(fs::exists(root_ / "packs" / "a~"));
}

TEST_F(LocalStoreTest, DirectoriesThatBecomeEmptyGo) {
  ASSERT_TRUE(store_->put("packs/00/a", as_bytes("x")).ok());
  ASSERT_TRUE(store_->put("packs/b", as_bytes("x")).ok());
  ASSERT_TRUE(store_->remove("packs/00/a").ok());
  EXPECT_FALSE(fs::exists(root_ / "packs" / "00"));
  EXPECT_TRUE(fs::exists(root_ / "packs"));
  ASSERT_TRUE(store_->remove("packs/b").ok());
  EXPECT_FALSE(fs::exists(root_ / "packs"));
  EXPECT_TRUE(fs::exists(root_));
}

TEST_F(LocalStoreTest, AnObjectIsStoredWhileItsDirectoryIsBeingRemoved) {
  TaskGroup threads;
  threads.spawn([&]() -> Result<void> {
    for (int i = 0; i < 100; ++i) {
      RETURN_IF_ERROR(store_->put("packs/00/short-lived", as_bytes("x")));
      RETURN_IF_ERROR(store_->remove("packs/00/short-lived"));
    }
    return {};
  });
  for (int i = 0; i < 100; ++i) {
    const std::string key = fmt::format("packs/00/{}", i);
    const auto stored = store_->put(key, as_bytes("x"), {.condition = Condition::kAbsent});
    ASSERT_TRUE(stored.ok()) << stored.error().to_string();
    ASSERT_TRUE(store_->remove(key).ok());
  }
  const auto result = threads.join();
  EXPECT_TRUE(result.ok()) << result.error().to_string();
}

TEST_F(LocalStoreTest, AnObjectDoesNotStandBelowAnother) {
  ASSERT_TRUE(store_->put("a/b", as_bytes("x")).ok());
  EXPECT_FALSE(store_->put("a", as_bytes("x")).ok());
  EXPECT_FALSE(store_->put("a", as_bytes("x"), {.condition = Condition::kAbsent}).ok());
  const auto below = store_->put("a/b/c", as_bytes("x"));
  ASSERT_FALSE(below.ok());
  EXPECT_FALSE(below.error().hint().empty());
  EXPECT_TRUE(store_->remove("a").ok());
  EXPECT_EQ(keys(), std::vector<std::string>{"a/b"});
  EXPECT_EQ(files_below_root(), 1u);
}

// Writes without end until it is killed. No gtest assertion works in here.
[[noreturn]] void write_for_ever(const fs::path& root) {
  auto store = LocalStore::open(root, LocalStore::IfMissing::kFail);
  if (!store.ok()) ::_exit(1);
  const std::string content(3 * MiB, 'x');
  for (int i = 0;; ++i) {
    if (!(*store)->put(fmt::format("packs/{}", i), as_bytes(content)).ok()) ::_exit(2);
  }
}

TEST_F(LocalStoreTest, AKilledWriterLeavesWholeObjectsAndWhatCleaningFinds) {
  const std::string whole(3 * MiB, 'x');
  for (int round = 0; round < 5; ++round) {
    const pid_t child = ::fork();
    if (child == 0) write_for_ever(root_);
    while (!fs::exists(root_ / "packs" / std::to_string(round))) ::sched_yield();
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));

    const auto objects = keys();
    for (const std::string& key : objects) EXPECT_TRUE(get_whole(*store_, key).value() == whole) << key;
    EXPECT_TRUE(store_->remove_leftovers(std::chrono::seconds(0)).ok());
    EXPECT_EQ(files_below_root(), objects.size());
  }
}

TEST_F(LocalStoreTest, CleaningSparesTheLivingAndTheYoung) {
  auto upload = store_->upload("packs/a");
  ASSERT_TRUE(upload.ok());
  ASSERT_TRUE((*upload)->write(as_bytes("half")).ok());
  std::ofstream(root_ / ".uploads~" / "of-a-dead-writer") << "half";
  EXPECT_EQ(*store_->remove_leftovers(std::chrono::hours(1)), 0u);
  EXPECT_EQ(*store_->remove_leftovers(std::chrono::seconds(0)), 1u);
  ASSERT_TRUE((*upload)->write(as_bytes(" and whole")).ok());
  ASSERT_TRUE((*upload)->finish().ok());
  EXPECT_EQ(get_whole(*store_, "packs/a").value(), "half and whole");
}

TEST_F(LocalStoreTest, AListingLargerThanItsMemoryIsWhole) {
  // Plain files: only the listing is under test, and 9000 objects would be 18000 fsyncs.
  ASSERT_TRUE(make_directories(root_ / "packs").ok());
  for (int i = 0; i < 9000; ++i)
    UniqueFd(::open((root_ / "packs" / std::to_string(i)).c_str(), O_CREAT | O_WRONLY, 0600));
  const auto objects = keys();
  EXPECT_EQ(objects.size(), 9000u);
  EXPECT_TRUE(std::ranges::is_sorted(objects));
}

// Runs `act` in a child whose user, limits and mounts may change; gives its exit code.
int in_child(const std::function<int()>& act) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(act());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

constexpr int kNoMounts = 50;

int mount_small(const fs::path& at, unsigned long flags) {
  const int spaces = ::geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER;
  if (::unshare(spaces) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
    return kNoMounts;
  return ::mount("tmpfs", at.c_str(), "tmpfs", flags, "size=1m") == 0 ? 0 : kNoMounts;
}

TEST_F(LocalStoreTest, AFullDiskIsSaidSoAndKeepsWhatIsThere) {
  const int code = in_child([&] {
    if (const int failed = mount_small(root_, 0)) return failed;
    const auto store = LocalStore::open(root_, LocalStore::IfMissing::kFail).value();
    if (!store->put("small", as_bytes("small")).ok()) return 1;
    const auto large = store->put("large", as_bytes(std::string(2 * MiB, 'x')));
    if (large.ok() || large.error().code() != Code::kNoSpace || large.error().hint().empty()) return 2;
    const auto again = store->put("small", as_bytes(std::string(2 * MiB, 'x')));
    if (again.ok() || again.error().code() != Code::kNoSpace) return 3;
    if (get_whole(*store, "small").value_or("") != "small") return 4;
    // Nothing of the failed objects takes up the room that others need.
    return store->put("medium", as_bytes(std::string(800 * KiB, 'x'))).ok() ? 0 : 5;
  });
  // Where nothing may be mounted, AFileSizeLimitIsAnErrorThatLeavesNothing stands in.
  EXPECT_TRUE(code == 0 || code == kNoMounts) << code;
}

TEST_F(LocalStoreTest, AReadOnlyFileSystemIsSaidSo) {
  const int code = in_child([&] {
    if (const int failed = mount_small(root_, MS_RDONLY)) return failed;
    const auto store = LocalStore::open(root_, LocalStore::IfMissing::kFail).value();
    const auto stored = store->put("a", as_bytes("x"));
    if (stored.ok() || stored.error().code() != Code::kDenied) return 1;
    return stored.error().hint().find("for writing") != std::string::npos ? 0 : 2;
  });
  EXPECT_TRUE(code == 0 || code == kNoMounts) << code;
}

TEST_F(LocalStoreTest, AMissingRightIsSaidSo) {
  ASSERT_TRUE(store_->put("a", as_bytes("x")).ok());
  ASSERT_EQ(::chmod(directory_.path().c_str(), 0755), 0);
  ASSERT_EQ(::chmod(root_.c_str(), 0555), 0);
  const int code = in_child([&] {
    if (::geteuid() == 0 && ::setuid(65534) != 0) return 1;
    const auto store = LocalStore::open(root_, LocalStore::IfMissing::kFail);
    if (!store.ok()) return 2;
    const auto stored = (*store)->put("b", as_bytes("x"));
    if (stored.ok() || stored.error().code() != Code::kDenied) return 3;
    return stored.error().hint().find("right to read and write") != std::string::npos ? 0 : 4;
  });
  EXPECT_EQ(code, 0);
  ASSERT_EQ(::chmod(root_.c_str(), 0750), 0);
}

TEST_F(LocalStoreTest, AFileSizeLimitIsAnErrorThatLeavesNothing) {
  const int code = in_child([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{1 * MiB, 1 * MiB};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 1;
    const auto store = LocalStore::open(root_, LocalStore::IfMissing::kFail).value();
    if (store->put("large", as_bytes(std::string(2 * MiB, 'x'))).ok()) return 2;
    return store->put("small", as_bytes("x")).ok() ? 0 : 3;
  });
  EXPECT_EQ(code, 0);
  EXPECT_EQ(keys(), std::vector<std::string>{"small"});
  EXPECT_EQ(files_below_root(), 1u);
}

}  // namespace
}  // namespace summit::storage
