// What happens to the packed repository of the real program when its disk fails, and when it sleeps through
// collections.

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <random>
#include <thread>

#include "packed_project.h"

namespace summit::cli {
namespace {

using ::testing::HasSubstr;

std::string noise(size_t size, unsigned seed) {
  std::mt19937_64 random(seed);
  std::string bytes(size, '\0');
  for (size_t at = 0; at + 8 <= size; at += 8) {
    const auto word = random();
    std::copy_n(reinterpret_cast<const char*>(&word), 8, bytes.begin() + static_cast<long>(at));
  }
  return bytes;
}

std::string text_of(const fs::path& file) {
  auto text = read_file(file);
  EXPECT_TRUE(text.ok()) << text.error().to_string();
  return text.ok() ? *text : std::string();
}

class FailingDisk : public testing::TestWithParam<int> {
 protected:
  Finished back_up(long first_failure, int error, bool stays) const {
    return project_.run({"--json", "backup", "--layout=packed"},
                        {{"LD_PRELOAD", FAILING_DISK_LIBRARY},
                         {"FAILING_DISK", (project_.path() / "backups").string()},
                         {"FAILING_DISK_AT", std::to_string(first_failure)},
                         {"FAILING_DISK_ERROR", std::to_string(error)},
                         {"FAILING_DISK_STAYS", stays ? "1" : "0"},
                         {"FAILING_DISK_COUNT", (project_.path() / "changes").string()}});
  }
  size_t listed() const { return project_.run({"--json", "list"}).lines().size(); }

  PackedProject project_;
};

// One backup for each change of the disk that it makes, with that change failing.
TEST_P(FailingDisk, WhicheverChangeFailsOldBackupsStayAndTheNextOneIsWhole) {
  project_.back_up();
  project_.write("uploads/changed", noise(100'000, 1));
  ASSERT_EQ(back_up(0, 0, false).code, 0);
  const long changes = std::stol(text_of(project_.path() / "changes"));
  ASSERT_GT(changes, 5) << "the failing disk was not in the program's way";

  int refused = 0;
  for (long change = 1; change <= changes; ++change) {
    project_.write("uploads/changed", noise(100'000, 10 + static_cast<unsigned>(change)));
    const size_t before = listed();
    const auto ran = back_up(change, GetParam(), change % 2 == 0);
    const size_t after = listed();
    // A failed backup is not listed and says why; one that is listed was made, even if something beside it
    // failed.
    EXPECT_EQ(after, before + (ran.code == 0 ? 1 : 0)) << "change " << change << ": " << ran.diagnostics;
    if (ran.code == 0) continue;
    ++refused;
    EXPECT_THAT(ran.output + ran.diagnostics, HasSubstr(std::strerror(GetParam()))) << "change " << change;
  }
  EXPECT_GT(refused, changes / 3);
  project_.back_up();
  const auto verified = project_.run({"verify", "--all"});
  EXPECT_EQ(verified.code, 0) << verified.output << verified.diagnostics;
}

INSTANTIATE_TEST_SUITE_P(Errors, FailingDisk, testing::Values(EIO, ENOSPC),
                         [](const auto& error) { return error.param == EIO ? "InputOutput" : "NoSpace"; });

class SleepingWriter : public testing::Test {
 protected:
  size_t packs() const {
    size_t count = 0;
    std::error_code ignored;
    for (const auto& entry :
         fs::recursive_directory_iterator(project_.path() / "backups/repository/packs", ignored))
      count += entry.is_regular_file() && !entry.path().filename().string().starts_with('.') ? 1 : 0;
    return count;
  }
  Process start_backup() const {
    auto process = Process::start(
        {.argv = {std::string(SUMMIT_BIN_DIR) + "/summit-dr", "--quiet", "backup", "--layout=packed"},
         .env = {{"SUMMIT_DR_CONFIG", (project_.path() / "config").string()},
                 {"BACKUP_BASE", (project_.path() / "backups").string()},
                 {"HOME", project_.path().string()},
                 {"ENCRYPTION_KEY", PackedProject::kPassphrase}},
         .directory = project_.path()},
        {});
    EXPECT_TRUE(process.ok()) << process.error().to_string();
    return std::move(*process);
  }
  void collect() const {
    const auto pruned = project_.run({"prune", "--keep-last=1", "--grace=0s"});
    EXPECT_EQ(pruned.code, 0) << pruned.output << pruned.diagnostics;
  }

  PackedProject project_;
};

TEST_F(SleepingWriter, StoppedForTwoCollectionsCommitsAWholeBackupOrFails) {
  project_.write("uploads/noise", noise(160 * MiB, 7));
  auto process = start_backup();
  for (int waited = 0; packs() == 0 && process.running() && waited < 3000; ++waited)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  ASSERT_TRUE(process.running()) << "it ended before it could be stopped";
  process.signal(SIGSTOP);
  ASSERT_GT(packs(), 0U);
  for (int run = 0; run < 3; ++run) collect();
  process.signal(SIGCONT);
  const auto status = process.wait();
  ASSERT_TRUE(status.ok());

  if (status->code != 0) {
    EXPECT_THAT(status->diagnostics, HasSubstr("hint:"));
    EXPECT_EQ(project_.run({"--json", "list"}).lines().size(), 0U);
  }
  project_.back_up();
  collect();
  const auto verified = project_.run({"verify", "--all"});
  EXPECT_EQ(verified.code, 0) << verified.output << verified.diagnostics;
}

}  // namespace
}  // namespace summit::cli
