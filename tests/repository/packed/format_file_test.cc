#include "repository/packed/format_file.h"

#include <gtest/gtest.h>

#include "tests/storage/testing/memory_store.h"

namespace summit::repository::packed {
namespace {

Format some_format() { return {RepositoryId::random(), *from_rfc3339("2026-01-02T03:04:05Z"), false}; }

TEST(FormatFile, IsReadBackAsItWasWritten) {
  storage::MemoryStore store;
  const Format format = some_format();
  const auto created = create_format(store, format);
  ASSERT_TRUE(created.ok()) << created.error().to_string();
  const auto read = read_format(store);
  ASSERT_TRUE(read.ok()) << read.error().to_string();
  EXPECT_EQ(read->format.id, format.id);
  EXPECT_EQ(read->format.created, format.created);
  EXPECT_FALSE(read->format.conditional_put);
  EXPECT_EQ(read->digest, created->digest);
  EXPECT_EQ(read->digest, sha256(as_bytes(store.contents().at("repository/format"))));
}

TEST(FormatFile, IsNeverWrittenOverAnother) {
  storage::MemoryStore store;
  const Format first = some_format();
  ASSERT_TRUE(create_format(store, first).ok());
  store.set("repository/keys/generation-1", "a slot");
  EXPECT_EQ(create_format(store, some_format()).error().code(), Code::kAlreadyExists);
  EXPECT_EQ(read_format(store)->format.id, first.id);
}

TEST(FormatFile, OfARepositoryWhoseMakerDiedIsTakenOver) {
  storage::MemoryStore store;
  const auto first = create_format(store, some_format());
  const auto second = create_format(store, some_format());
  ASSERT_TRUE(second.ok()) << second.error().to_string();
  EXPECT_EQ(second->format.id, first->format.id);
  EXPECT_EQ(second->digest, first->digest);
}

TEST(FormatFile, ThatIsAbsentMeansThereIsNoRepository) {
  storage::MemoryStore store;
  EXPECT_EQ(read_format(store).error().code(), Code::kRepositoryMissing);
}

TEST(FormatFile, OfANewerVersionIsSaidToBeSo) {
  std::string text = to_json(some_format());
  text.replace(text.find("\"version\":1"), 11, "\"version\":2");
  EXPECT_EQ(parse_format(text).error().code(), Code::kUnsupported);
}

TEST(FormatFile, RefusesWhatIsNone) {
  const std::string good = to_json(some_format());
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    return text;
  };
  for (const std::string& text :
       {std::string(), std::string("[]"), std::string("null"), with("summit-dr", "summit"),
        with("\"version\":1", "\"version\":0"), with("\"version\":1", "\"version\":\"1\""),
        with("\"id\":\"", "\"id\":\"0"), with("2026", "later"), with("false", "0"),
        with("conditional_put", "conditional"), good.substr(0, good.size() / 2)}) {
    EXPECT_EQ(parse_format(text).error().code(), Code::kCorrupt) << text;
  }
}

}  // namespace
}  // namespace summit::repository::packed
