#include "stores/redis/fingerprint.h"

#include <gtest/gtest.h>

#include "stores/redis/marker.h"
#include "stores/redis/own_keys.h"
#include "tests/stores/redis/helper/world.h"

namespace summit::redis {
namespace {

std::string fingerprints_of(const platform::RedisServer& server) {
  const auto copy = copy_of(server.endpoint());
  return copy.ok() ? shown(copy->fingerprints) : copy.error().to_string();
}

TEST(Fingerprint, IsEqualForEqualDataInOtherEncodings) {
  const auto usual = start_server();
  const auto other = start_server({{"hash-max-listpack-entries", "0"},
                                   {"zset-max-listpack-entries", "0"},
                                   {"set-max-intset-entries", "0"},
                                   {"list-max-listpack-size", "2"},
                                   {"stream-node-max-entries", "3"},
                                   {"rdbcompression", "no"}});
  for (const auto* server : {usual.get(), other.get()}) {
    Connection connection = connect(*server);
    fill_with_everything(connection);
    // Times that the two cannot share.
    run(connection, {"DEL", "expiring hash"});
    run(connection, {"XTRIM", "stream", "MINID", "1700000000009"});
    run(connection, {"XGROUP", "DESTROY", "stream", "workers"});
  }
  ASSERT_NE(run(*usual, {"OBJECT", "ENCODING", "hash"}), run(*other, {"OBJECT", "ENCODING", "hash"}));
  const std::string expected = fingerprints_of(*usual);
  ASSERT_NE(expected.find("key_space db9: 2 "), std::string::npos) << expected;
  EXPECT_EQ(fingerprints_of(*other), expected);
}

TEST(Fingerprint, ChangesWithEveryKindOfChange) {
  const auto server = start_server();
  Connection connection = connect(*server);
  fill_with_everything(connection);
  std::string last = fingerprints_of(*server);
  const auto expect_change = [&](const std::vector<std::string_view>& command) {
    run(connection, command);
    const std::string now_shown = fingerprints_of(*server);
    EXPECT_NE(now_shown, last) << command.front();
    last = now_shown;
  };
  expect_change({"APPEND", "string", "!"});
  expect_change({"LSET", "list", "0", "z"});
  expect_change({"SREM", "set", "member 5"});
  expect_change({"HSET", "big hash", "field 7", "other"});
  expect_change({"ZINCRBY", "board", "0.0000001", "player 9"});
  expect_change({"XACK", "stream", "workers", "1700000000000-2"});
  expect_change({"XGROUP", "DELCONSUMER", "stream", "workers", "idle"});
  expect_change({"XGROUP", "SETID", "stream", "readers", "0"});
  expect_change({"PEXPIREAT", "string", "4102444800000"});
  expect_change({"MOVE", "number", "5"});
  expect_change({"FUNCTION", "FLUSH"});
}

TEST(Fingerprint, IgnoresAccessTimesAndOurOwnKeys) {
  const auto server = start_server({{"maxmemory-policy", "allkeys-lfu"}});
  Connection connection = connect(*server);
  fill_with_everything(connection);
  const std::string before = fingerprints_of(*server);
  for (int i = 0; i < 300; ++i) run(connection, {"GET", "string"});
  ASSERT_TRUE(
      write_marker(connection, {"dev", "dev", "2026-11-21T00:00:00Z", "0123456789abcdef0123456789abcdef"})
          .ok());
  run(connection, {"SET", kIncompleteKey, "x"});
  EXPECT_EQ(fingerprints_of(*server), before);
}

TEST(Fingerprint, WithACutOffIsTheSameBeforeAndAfterKeysExpired) {
  const auto server = start_server();
  Connection connection = connect(*server);
  run(connection, {"SET", "stays", "1"});
  run(connection, {"SET", "goes", "1", "PX", "300"});
  const Instant cut_off = now() + std::chrono::seconds(2);
  const auto before = copy_of(server->endpoint(), cut_off);
  run(connection, {"DEL", "goes"});
  const auto after = copy_of(server->endpoint(), cut_off);
  ASSERT_TRUE(before.ok() && after.ok());
  EXPECT_EQ(shown(before->fingerprints), shown(after->fingerprints));
  EXPECT_EQ(before->fingerprints.at(0).count, 1U);
}

}  // namespace
}  // namespace summit::redis
