#include "repository/packed/manifest_cursor.h"

#include <gmock/gmock.h>

#include "tests/repository/packed/chunk_world.h"

namespace summit::repository::packed {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Ten blocks of two entries, zeros of 100 and of 50 bytes, whose readings are recorded.
struct TenBlocks {
  std::vector<Reference> blocks;
  BlockLengths lengths;
  std::vector<uint32_t> readings;  // by the blocks' positions

  TenBlocks() {
    for (uint32_t i = 0; i < 10; ++i) {
      blocks.push_back({.offset = i});
      blocks.back().id.bytes[0] = static_cast<std::byte>(i);
    }
  }
  ManifestCursor cursor() {
    const auto read = [this](const Reference& block) -> Result<std::string> {
      readings.push_back(block.offset);
      return encode_block({{.length = 100}, {.length = 50}});
    };
    return {blocks, read, lengths};
  }
};

TEST(ManifestCursor, FindsWhatCoversAnOffset) {
  TenBlocks content;
  auto cursor = content.cursor();
  EXPECT_EQ(cursor.covering(0).value()->offset, 0U);
  EXPECT_EQ(cursor.covering(99).value()->offset, 0U);
  EXPECT_EQ(cursor.covering(100).value()->offset, 100U);
  EXPECT_EQ(cursor.covering(749).value()->offset, 700U);
  EXPECT_EQ(cursor.next().value()->length, 50U);
  EXPECT_EQ(cursor.covering(1499).value()->offset, 1450U);
  EXPECT_FALSE(cursor.covering(1500).value().has_value());
}

TEST(ManifestCursor, ABlockWhoseLengthIsKnownIsNotReadForWhatComesBehindIt) {
  TenBlocks content;
  EXPECT_EQ(content.cursor().covering(460).value()->offset, 450U);
  EXPECT_THAT(content.readings, ElementsAre(0, 1, 2, 3));

  content.readings.clear();
  auto again = content.cursor();
  EXPECT_EQ(again.covering(449).value()->offset, 400U);
  EXPECT_THAT(content.readings, ElementsAre(2));
  EXPECT_EQ(again.covering(600).value()->offset, 600U);
  EXPECT_THAT(content.readings, ElementsAre(2, 4));
  EXPECT_EQ(again.next().value()->length, 100U);
  EXPECT_EQ(again.next().value()->length, 50U);
  EXPECT_EQ(again.covering(1499).value()->offset, 1450U);

  content.readings.clear();
  EXPECT_FALSE(content.cursor().covering(1500).value().has_value());
  EXPECT_THAT(content.readings, IsEmpty());
}

}  // namespace
}  // namespace summit::repository::packed
