#include "stores/neo4j/transaction_log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "stores/neo4j/checkpoint.h"

namespace summit::neo4j {
namespace {

class Logs : public testing::Test {
 protected:
  void SetUp() override {
    auto directory = TemporaryDirectory::create(fs::temp_directory_path(), "neo4j-logs-");
    ASSERT_TRUE(directory.ok());
    directory_.emplace(std::move(directory).value());
  }
  const fs::path& path() const { return directory_->path(); }
  fs::path log(int number) const { return path() / fmt::format("neostore.transaction.db.{}", number); }

  void write(const fs::path& file, std::string_view content, uint64_t size = 0) {
    auto fd = open_for_writing(file);
    ASSERT_TRUE(fd.ok());
    ASSERT_TRUE(write_all(fd->get(), as_bytes(content), file).ok());
    if (size > content.size()) {
      ASSERT_EQ(::ftruncate(fd->get(), static_cast<off_t>(size)), 0);
    }
  }

  uint64_t length_of(const fs::path& file) {
    auto fd = open_for_reading(file);
    EXPECT_TRUE(fd.ok());
    auto length = written_length(fd->get(), file);
    EXPECT_TRUE(length.ok());
    return std::move(length).value_or(~uint64_t{0});
  }

  std::optional<TemporaryDirectory> directory_;
};

TEST_F(Logs, TheWrittenLengthEndsBehindTheLastByteThatIsNotZero) {
  write(log(0), "");
  EXPECT_EQ(length_of(log(0)), 0u);
  write(log(0), "", 256 * MiB);
  EXPECT_EQ(length_of(log(0)), 0u);
  write(log(0), "begin", 256 * MiB);
  EXPECT_EQ(length_of(log(0)), 5u);
  write(log(0), "no zeros at all");
  EXPECT_EQ(length_of(log(0)), 15u);
  // A long run of zeros within the log, as a property full of them makes it, is no end.
  std::string content(3 * MiB, '\0');
  content.front() = content.back() = 'x';
  write(log(0), content, 64 * MiB);
  EXPECT_EQ(length_of(log(0)), 3 * MiB);
}

TEST_F(Logs, ACutIsWhatTheLogsWereAtThatMomentWhateverComesLater) {
  write(log(3), "whole log");
  write(log(4), "half of", 1 * MiB);
  auto cut = LogCut::take(path(), 3);
  ASSERT_TRUE(cut.ok()) << cut.error().to_string();
  EXPECT_EQ(cut->bytes(), 16u);

  // Written on, begun anew, and pruned.
  write(log(4), "half of this came after the cut", 1 * MiB);
  write(log(5), "new");
  ASSERT_TRUE(remove_recursively(log(3)).ok());

  SilentReporter reporter;
  const auto phase = reporter.phase("neo4j", "test", "bytes");
  const fs::path target = path() / "copy";
  ASSERT_TRUE(make_directories(target).ok());
  ASSERT_TRUE(cut->copy_into(target, *phase, {}).ok());
  EXPECT_EQ(read_file(target / log(3).filename()).value_or(""), "whole log");
  std::string expected = "half of";
  expected.resize(expected.size() + 64 * KiB, '\0');  // not the whole preallocated file
  EXPECT_EQ(read_file(target / log(4).filename()).value_or(""), expected);
  EXPECT_FALSE(fs::exists(target / log(5).filename()));
}

TEST_F(Logs, AMissingLogIsAnErrorThatNamesTheSetting) {
  write(log(5), "five");
  write(log(7), "seven");
  for (const auto first :
       {std::optional<uint64_t>(4), std::optional<uint64_t>(5), std::optional<uint64_t>()}) {
    const auto cut = LogCut::take(path(), first);
    ASSERT_FALSE(cut.ok());
    EXPECT_NE(cut.error().hint().find("retention_policy"), std::string::npos);
  }
  EXPECT_TRUE(LogCut::take(path(), 7).ok());
}

// An entry as 5.26 writes it: version, type, two positions.
std::string entry(char type, uint64_t oldest, uint64_t newest) {
  std::string bytes(232, '\0');
  bytes[0] = 20;
  bytes[1] = type;
  for (size_t i = 0; i < 8; ++i) {
    bytes[2 + i] = static_cast<char>(oldest >> (8 * i));
    bytes[18 + i] = static_cast<char>(newest >> (8 * i));
  }
  return bytes;
}

TEST_F(Logs, TheFirstNeededLogIsTheOldestOfTheLastTwoCheckpoints) {
  const std::string header(128, 'h');
  write(path() / "checkpoint.0", header + entry(9, 1, 1) + entry(9, 4, 5) + entry(9, 6, 7), MiB);
  auto files = read_checkpoint_files(path());
  ASSERT_TRUE(files.ok());
  EXPECT_EQ(first_needed_log(*files), 4u);
  write(path() / "checkpoint.1", header + entry(8, 9, 0) + entry(8, 10, 0), MiB);
  files = read_checkpoint_files(path());
  EXPECT_EQ(first_needed_log(*files), 9u);
}

TEST_F(Logs, AnUnknownCheckpointEntryMeansThatEveryLogIsNeeded) {
  write(path() / "checkpoint.0", std::string(128, 'h') + entry(9, 1, 1) + entry(99, 5, 5), MiB);
  const auto files = read_checkpoint_files(path());
  ASSERT_TRUE(files.ok());
  EXPECT_FALSE(first_needed_log(*files).has_value());
}

TEST_F(Logs, CheckpointFilesComeBackByteForByte) {
  write(path() / "checkpoint.0", std::string(128, 'h') + entry(9, 1, 1), MiB);
  const auto files = read_checkpoint_files(path());
  ASSERT_TRUE(files.ok());
  const fs::path copy = path() / "copy";
  ASSERT_TRUE(make_directories(copy).ok());
  ASSERT_TRUE(write_checkpoint_files(*files, copy).ok());
  EXPECT_EQ(read_file(copy / "checkpoint.0").value_or("a"), read_file(path() / "checkpoint.0").value_or("b"));
}

}  // namespace
}  // namespace summit::neo4j
