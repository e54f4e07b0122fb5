#include "formats/rdb/rewriter.h"

#include <gtest/gtest.h>

#include "formats/rdb/pattern.h"
#include "rdb_builder.h"

namespace summit::rdb {
namespace {

// The file without the keys that `drop` names.
std::string rewritten(std::string_view file, const std::function<bool(std::string_view)>& drop) {
  std::string out;
  Rewriter rewriter([&](ByteView bytes) -> Result<void> {
    out += as_text(bytes);
    return {};
  });
  Reader reader([&](const Record& record) -> Result<void> {
    if (record.kind == Record::Kind::kEntry && drop(record.key)) return {};
    return rewriter.write(record);
  });
  EXPECT_TRUE(reader.feed(as_bytes(file)).ok());
  EXPECT_TRUE(reader.finish().ok());
  return out;
}

TEST(Rewriter, GivesTheSameFileWhenNothingIsLeftOut) {
  EXPECT_EQ(rewritten(sample_file(), [](std::string_view) { return false; }), sample_file());
  const std::string old = rdb_file(entry(ValueType::kString, "key", text("value")), 4);
  EXPECT_EQ(rewritten(old, [](std::string_view) { return false; }), old);
}

TEST(Rewriter, LeavesOutEntriesAndMendsTheChecksum) {
  const std::string one = entry(ValueType::kString, "one", text("1"));
  const std::string two = "\xfc" + fixed(99, 8) + entry(ValueType::kString, "two", text("2"));
  const std::string large = entry(ValueType::kString, "large", text(std::string(1 << 20, 'x')));
  EXPECT_EQ(rewritten(rdb_file(one + two + large), [](std::string_view key) { return key == "two"; }),
            rdb_file(one + large));
}

TEST(Rewriter, WritesAChecksumWhereTheServerWroteNone) {
  std::string file = rdb_file(entry(ValueType::kString, "key", text("value")));
  const std::string with_checksum = file;
  file.replace(file.size() - 8, 8, 8, '\0');
  EXPECT_EQ(rewritten(file, [](std::string_view) { return false; }), with_checksum);
}

TEST(Pattern, MatchesAsKeysDoes) {
  EXPECT_TRUE(matches_pattern("session:*", "session:"));
  EXPECT_TRUE(matches_pattern("session:*", "session:abc"));
  EXPECT_FALSE(matches_pattern("session:*", "sessions"));
  EXPECT_TRUE(matches_pattern("*:tmp:*", "a:b:tmp:c"));
  EXPECT_TRUE(matches_pattern("h?llo", "hello"));
  EXPECT_FALSE(matches_pattern("h?llo", "hllo"));
  EXPECT_TRUE(matches_pattern("h[a-e]llo", "hello"));
  EXPECT_FALSE(matches_pattern("h[^e]llo", "hello"));
  EXPECT_TRUE(matches_pattern("h[^e]llo", "hallo"));
  EXPECT_TRUE(matches_pattern("a\\*b", "a*b"));
  EXPECT_FALSE(matches_pattern("a\\*b", "axb"));
  EXPECT_TRUE(matches_pattern("*", ""));
  EXPECT_FALSE(matches_pattern("", "x"));
  EXPECT_TRUE(matches_pattern("", ""));
  EXPECT_FALSE(matches_pattern("[", "x"));
  EXPECT_FALSE(matches_pattern("a*a*a*a*a*a*a*a*a*a*a*b", std::string(200, 'a'))) << "and does so at once";
}

}  // namespace
}  // namespace summit::rdb
