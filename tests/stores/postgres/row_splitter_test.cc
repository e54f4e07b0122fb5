#include "stores/postgres/row_splitter.h"

#include <gmock/gmock.h>

#include <random>

namespace summit::postgres {
namespace {

struct Cut {
  std::string bytes;
  uint64_t rows = 0;
  size_t blocks = 0;
};

void take(Cut& cut, RowBlock block) {
  EXPECT_TRUE(block.bytes.empty() || block.bytes.back() == '\n');
  cut.bytes += block.bytes;
  cut.rows += block.rows;
  cut.blocks += block.bytes.empty() ? 0 : 1;
}

// Feeds pieces of at most `piece` bytes, and takes what is whole after each.
Result<Cut> cut_up(std::string_view text, size_t piece) {
  RowSplitter splitter;
  Cut cut;
  while (!text.empty()) {
    const auto next = text.substr(0, piece);
    splitter.feed(as_bytes(next));
    text.remove_prefix(next.size());
    if (auto block = splitter.take()) take(cut, *std::move(block));
  }
  ASSIGN_OR_RETURN(auto rest, splitter.finish());
  take(cut, std::move(rest));
  return cut;
}

TEST(RowSplitter, RowsComeThroughWhateverThePieces) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::string rows;
    const size_t count = random() % 20;
    for (size_t i = 0; i < count; ++i) rows += std::string(random() % 12, 'x') + "\n";
    const auto cut = cut_up(rows, 1 + random() % 9);
    ASSERT_TRUE(cut.ok());
    EXPECT_EQ(cut->bytes, rows);
    EXPECT_EQ(cut->rows, count);
  }
}

TEST(RowSplitter, ALongRowIsNeverCut) {
  const std::string row = std::string(100000, 'y') + "\n";
  const auto cut = cut_up("a\n" + row + "b\n", 1000);
  ASSERT_TRUE(cut.ok());
  EXPECT_EQ(cut->bytes, "a\n" + row + "b\n");
  EXPECT_EQ(cut->rows, 3u);
}

TEST(RowSplitter, ARowWithoutEndIsDamage) {
  const auto cut = cut_up("one\ntwo", 2);
  ASSERT_FALSE(cut.ok());
  EXPECT_EQ(cut.error().code(), Code::kCorrupt);
}

}  // namespace
}  // namespace summit::postgres
