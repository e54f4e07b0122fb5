#include "core/file_range.h"

#include <gtest/gtest.h>

namespace summit {
namespace {

TEST(FileRange, GivesWhatIsThereAndSaysWhatIsMissing) {
  const auto directory = TemporaryDirectory::create(fs::temp_directory_path(), "summit-test-");
  ASSERT_TRUE(directory.ok());
  const fs::path path = directory->path() / "file";
  ASSERT_TRUE(write_file_durably(path, "0123456789").ok());
  const auto file = open_for_reading(path);
  ASSERT_TRUE(file.ok());
  for (const size_t block : {1, 3, 100}) {
    std::string bytes;
    const auto keep = [&](ByteView piece) -> Result<void> {
      EXPECT_LE(piece.size(), block);
      bytes += as_text(piece);
      return {};
    };
    EXPECT_EQ(*read_file_range(file->get(), path, 2, 5, block, keep), 0u);
    EXPECT_EQ(*read_file_range(file->get(), path, 8, 5, block, keep), 3u);
    EXPECT_EQ(*read_file_range(file->get(), path, 40, 5, block, keep), 5u);
    EXPECT_EQ(*read_file_range(file->get(), path, 0, 0, block, keep), 0u);
    EXPECT_EQ(bytes, "2345689");
  }
}

TEST(FileRange, EndsWithTheErrorOfWhoReadsIt) {
  const auto file = open_for_reading("/dev/zero");
  ASSERT_TRUE(file.ok());
  int pieces = 0;
  const auto read =
      read_file_range(file->get(), "/dev/zero", 0, UINT64_MAX, 16, [&](ByteView) -> Result<void> {
        return ++pieces < 3 ? Result<void>() : Error(Code::kCancelled, "enough");
      });
  EXPECT_EQ(read.error().code(), Code::kCancelled);
  EXPECT_EQ(pieces, 3);
}

}  // namespace
}  // namespace summit
