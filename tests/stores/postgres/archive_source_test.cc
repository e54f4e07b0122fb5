#include "stores/postgres/archive_source.h"

#include <gmock/gmock.h>

#include "tests/stores/postgres/helper/test_database.h"

namespace summit::postgres {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string all_of(const ArchiveSource& source) {
  std::string bytes;
  expect_ok(source([&](ByteView piece) -> Result<void> {
    bytes += as_text(piece);
    return {};
  }));
  return bytes;
}

class ArchiveFile : public testing::Test {
 protected:
  ArchiveFile() { expect_ok(write_file_durably(path_, "head|first|between|second|tail")); }

  const TemporaryDirectory directory_ =
      expect_ok(TemporaryDirectory::create(fs::temp_directory_path(), "summit-test-"));
  const fs::path path_ = directory_.path() / "archive";
  const TableExtents tables_{{7, {19, 7}}, {8, {5, 6}}};
};

TEST(TableExtents, AreReadAsTheyWereWritten) {
  const TableExtents extents{{3401, {1234, 5678}}, {-1, {0, 9}}, {12, {99999999999, 1}}};
  EXPECT_EQ(to_text(extents), "-1:0+9 12:99999999999+1 3401:1234+5678");
  EXPECT_EQ(to_text(extents_from(to_text(extents))), to_text(extents));
  EXPECT_THAT(extents_from(""), IsEmpty());
}

TEST(TableExtents, WhatIsDamagedGivesNone) {
  for (const auto* text :
       {"1", "1:2", "1:2+", "1:2+x", "1:-2+3", "x:2+3", "1:2+3 1:9+3", "1:2+3  2:9+3", "1:2+3 2:4+3",
        "1:2+3,2:9+3", "1:2+18446744073709551615", "1:2+99999999999999999999"})
    EXPECT_THAT(extents_from(text), IsEmpty()) << text;
}

TEST_F(ArchiveFile, IsReadWholeAndInParts) {
  const auto source = archive_file(path_, tables_);
  EXPECT_EQ(all_of(source), "head|first|between|second|tail");
  EXPECT_EQ(source.bytes(), 30u);
  std::string part;
  expect_ok(source.read(source.tables().at(7), [&](ByteView piece) -> Result<void> {
    part += as_text(piece);
    return {};
  }));
  EXPECT_EQ(part, "second|");
  const auto behind = source.read({25, 6}, [](ByteView) { return Result<void>(); });
  EXPECT_EQ(behind.error().code(), Code::kCorrupt);
  EXPECT_THAT(behind.error().message(), HasSubstr("too short"));
}

TEST_F(ArchiveFile, IsReadWithoutSomeOfItsTables) {
  const auto source = archive_file(path_, tables_);
  EXPECT_EQ(all_of(source_without(source, {})), "head|first|between|second|tail");
  EXPECT_EQ(all_of(source_without(source, {7})), "head|first|between|tail");
  EXPECT_EQ(all_of(source_without(source, {7, 8})), "head|between|tail");
  const auto wrong = archive_file(path_, {{7, {19, 70}}});
  EXPECT_EQ(source_without(wrong, {7})([](ByteView) { return Result<void>(); }).error().code(),
            Code::kCorrupt);
}

TEST(OneConnectionEach, TheLargestTableComesFirst) {
  EXPECT_THAT(one_connection_each({{1, {0, 100}}, {2, {100, 300}}, {3, {400, 200}}}, 2),
              ElementsAre(2, 3, 1));
  EXPECT_THAT(one_connection_each({{1, {0, 100}}}, 1), ElementsAre(1));
  EXPECT_THAT(one_connection_each({}, 4), IsEmpty());
}

TEST(OneConnectionEach, ATableWithManyIndexesComesBeforeALargerOneWithout) {
  const TableExtents tables = {{1, {0, 1000}}, {2, {1000, 800}}, {3, {1800, 700}}, {4, {2500, 300}}};
  EXPECT_THAT(one_connection_each(tables, 2, {{2, 1}, {3, 3}}), ElementsAre(3, 1, 2, 4));
  // What one HNSW index of it costs.
  EXPECT_THAT(one_connection_each(tables, 2, {{4, 100}}), ElementsAre(4, 1, 2, 3));
}

TEST(OneConnectionEach, ATableThatWouldKeepOneBusyWhileOthersIdleIsForAll) {
  EXPECT_THAT(one_connection_each({{1, {0, 100}}}, 2), IsEmpty());
  EXPECT_THAT(one_connection_each({{1, {0, 1000}}, {2, {1000, 100}}, {3, {1100, 100}}}, 2),
              ElementsAre(2, 3));
  EXPECT_THAT(one_connection_each({{1, {0, 1000}}, {2, {1000, 1000}}}, 4), IsEmpty());
}

}  // namespace
}  // namespace summit::postgres
