#include <gtest/gtest.h>

#include "formats/rdb/types.h"
#include "stores/redis/capture.h"

namespace summit::redis {
namespace {

TEST(KeyChoice, ExclusionWinsAndNoInclusionMeansAll) {
  EXPECT_TRUE(KeyChoice().takes(""));
  const KeyChoice without{{}, {"session:*", "tmp:?"}};
  EXPECT_TRUE(without.takes("cache:1"));
  EXPECT_FALSE(without.takes("session:1"));
  EXPECT_FALSE(without.takes("tmp:a"));
  EXPECT_TRUE(without.takes("tmp:ab"));
  const KeyChoice of_one{{"*:acme", "*:acme:*"}, {"session:*"}};
  EXPECT_TRUE(of_one.takes("settings:acme"));
  EXPECT_TRUE(of_one.takes("cache:acme:17"));
  EXPECT_FALSE(of_one.takes("settings:acme-north"));
  EXPECT_FALSE(of_one.takes("settings:globex"));
  EXPECT_FALSE(of_one.takes("session:acme"));
}

rdb::Record key_of(rdb::ValueType type, uint32_t db = 0) {
  rdb::Record record;
  record.kind = rdb::Record::Kind::kEntry;
  record.key = "key";
  record.type = static_cast<uint8_t>(type);
  record.db = db;
  return record;
}

TEST(KeyChoice, LimitsByDatabaseAndType) {
  KeyChoice choice;
  choice.limits.databases = {0, 3};
  choice.limits.excluded_types = {"stream"};
  const Instant at = now();
  EXPECT_TRUE(choice.takes(key_of(rdb::ValueType::kHashListpack, 3), at));
  EXPECT_FALSE(choice.takes(key_of(rdb::ValueType::kHashListpack, 1), at));
  EXPECT_FALSE(choice.takes(key_of(rdb::ValueType::kStreamListpacks3), at));
  choice.limits = {};
  choice.limits.excluded_databases = {3};
  choice.limits.types = {"hash", "zset"};
  EXPECT_TRUE(choice.takes(key_of(rdb::ValueType::kSortedSet2), at));
  EXPECT_FALSE(choice.takes(key_of(rdb::ValueType::kString), at));
  EXPECT_FALSE(choice.takes(key_of(rdb::ValueType::kHash, 3), at));
}

TEST(KeyChoice, LimitsByTime) {
  KeyChoice choice;
  choice.limits.expires_within = std::chrono::minutes(5);
  choice.limits.idle_for = std::chrono::hours(1);
  const Instant at(std::chrono::seconds(1000));
  auto key = key_of(rdb::ValueType::kString);
  EXPECT_TRUE(choice.takes(key, at)) << "it never expires";
  key.expires_at_ms = 1'300'000;
  EXPECT_FALSE(choice.takes(key, at));
  key.expires_at_ms = 1'300'001;
  EXPECT_TRUE(choice.takes(key, at));
  key.idle_seconds = 3599;
  EXPECT_TRUE(choice.takes(key, at));
  key.idle_seconds = 3600;
  EXPECT_FALSE(choice.takes(key, at));
}

}  // namespace
}  // namespace summit::redis
