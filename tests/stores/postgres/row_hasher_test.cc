#include "stores/postgres/row_hasher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace summit::postgres {
namespace {

const std::vector<Column> kColumns{{"id", "integer"}, {"name", "text"}, {"note", "text"}};

SetHash hash_of(std::string_view rows, size_t block, std::vector<size_t> places = {}) {
  RowHasher hasher(kColumns, std::move(places));
  while (!rows.empty()) {
    hasher.add(as_bytes(rows.substr(0, block)));
    rows.remove_prefix(std::min(block, rows.size()));
  }
  return hasher.hash();
}

TEST(RowHasher, ARowIsHashedAsTheFormatPageSays) {
  const auto signature = sha256(as_bytes("2:id7:integer4:name4:text4:note4:text"));
  std::string element(as_text(ByteView(signature)));
  element += "1\tone\t\\N\n";
  SetHash expected;
  expected.add(as_bytes(element));
  EXPECT_EQ(hash_of("1\tone\t\\N\n", 100), expected);
}

TEST(RowHasher, BlocksThatCutRowsAnywhereGiveTheSame) {
  const std::string rows = "1\tone\t\n2\tt\\nwo\tx\n\\N\t\\N\t\\N\n1\tone\t\n";
  const auto whole = hash_of(rows, rows.size());
  EXPECT_EQ(whole.count(), 4u);
  for (size_t block = 1; block < rows.size(); ++block) {
    EXPECT_EQ(hash_of(rows, block), whole) << block;
    EXPECT_EQ(hash_of(rows, block, {0, 1, 2}), whole) << block;
  }
}

TEST(RowHasher, FieldsThatStandInAnotherOrderAreAsIfInTheirs) {
  EXPECT_EQ(hash_of("x\t7\ta name\n\t8\t\\N\n", 5, {1, 2, 0}), hash_of("7\ta name\tx\n8\t\\N\t\n", 100));
}

TEST(RowHasher, PlacesAreFoundByName) {
  using testing::ElementsAre;
  using testing::IsEmpty;
  const std::vector<Column> other{{"note", "text"}, {"id", "integer"}, {"name", "text"}};
  EXPECT_THAT(places_of(kColumns, kColumns), IsEmpty());
  EXPECT_THAT(places_of(kColumns, other), ElementsAre(1, 2, 0));
  EXPECT_THAT(places_of(kColumns, {{"id", "integer"}, {"name", "text"}}), ElementsAre(0, 1));
}

TEST(RowHasher, GeneratedColumnsAreNotStored) {
  const auto stored = stored_columns({{"a", "integer"}, {"twice", "integer", true}});
  ASSERT_EQ(stored.size(), 1u);
  EXPECT_EQ(stored.front().name, "a");
}

}  // namespace
}  // namespace summit::postgres
