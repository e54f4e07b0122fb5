#include "recovery/leak/target_lock.h"
#include "tests/recovery/leak/leak_scan_world.h"
#include "tests/stores/redis/helper/world.h"

namespace summit::recovery {
namespace {

TEST(RedisLeaks, FindsAValueInKeysOfEveryType) {
  const auto server = redis::start_server();
  auto connection = redis::connect(*server);
  const auto run = [&](const std::vector<std::string_view>& words) {
    const auto done = connection.call(words);
    ASSERT_TRUE(done.ok()) << done.error().to_string();
  };
  const std::string mail = secret();
  run({"SET", "s", "{\"mail\":\"" + mail + "\"}"});
  run({"HSET", "h:value", "field", mail});
  run({"HSET", "h:field", mail, "1"});
  run({"RPUSH", "l", "a", mail});
  run({"SADD", "set", "a", mail});
  run({"ZADD", "z", "1", mail});
  run({"XADD", "x", "*", "who", mail});
  run({"SET", "session:" + mail + ":1", "1"});
  run({"SET", "clean", "person@example.com"});
  for (int i = 0; i < 5000; ++i) {
    const auto number = std::to_string(i);
    run({"HSET", "h:large", number, i == 4321 ? mail : number});
    run({"RPUSH", "l:large", i == 4321 ? mail : number});
    run({"XADD", "x:large", "*", "n", i == 4321 ? mail : number});
  }
  run({"FUNCTION", "LOAD",
       "#!lua name=lib\nredis.register_function('f', function() return '" + mail + "' end)"});
  run({"SELECT", "3"});
  run({"SET", "other", mail});

  LeakScanWorld world;
  const auto searched = search_redis(server->endpoint(), world.scan());
  ASSERT_TRUE(searched.ok()) << searched.error().to_string();
  EXPECT_THAT(world.places(),
              testing::UnorderedElementsAre(
                  "redis:db0:s", "redis:db0:h:value", "redis:db0:h:field", "redis:db0:l", "redis:db0:set",
                  "redis:db0:z", "redis:db0:x", "redis:db0:h:large", "redis:db0:l:large", "redis:db0:x:large",
                  "redis:db0: the name of a key", "redis: functions", "redis:db3:other"));
  EXPECT_EQ(world.report().searched().at("redis").elements, 13U);
}

TEST(RedisLeaks, FindsAValueInTheNamesOfAStreamsReaders) {
  const auto server = redis::start_server();
  auto connection = redis::connect(*server);
  ASSERT_TRUE(connection.call({"XADD", "x", "*", "n", "1"}).ok());
  ASSERT_TRUE(connection.call({"XGROUP", "CREATE", "x", secret(), "0"}).ok());
  ASSERT_TRUE(connection.call({"XGROUP", "CREATE", "x", "workers", "0"}).ok());
  ASSERT_TRUE(connection.call({"XREADGROUP", "GROUP", "workers", secret(), "STREAMS", "x", ">"}).ok());
  LeakScanWorld world;
  const auto searched = search_redis(server->endpoint(), world.scan());
  ASSERT_TRUE(searched.ok()) << searched.error().to_string();
  EXPECT_THAT(world.places(), testing::ElementsAre("redis:db0: a group or consumer of a stream"));
  EXPECT_EQ(world.report().findings()[0].occurrences, 2U);
}

TEST(RedisLeaks, ShortValuesAreFoundWhereTheyStoodAlone) {
  const auto server = redis::start_server();
  auto connection = redis::connect(*server);
  ASSERT_TRUE(connection.call({"HSET", "session:7", "pin", "s3cr3t", "n", "s3cr3t"}).ok());
  ASSERT_TRUE(connection.call({"HSET", "user:7", "pin", "s3cr3t"}).ok());
  LeakScanWorld world;
  world.log().add("s3cr3t", "", "redis:session:*:pin");
  ASSERT_TRUE(search_redis(server->endpoint(), world.scan()).ok());
  ASSERT_EQ(world.report().findings().size(), 1U);
  EXPECT_EQ(world.report().findings()[0].occurrences, 1U);
  EXPECT_EQ(world.report().findings()[0].place, "redis:db0:session:7");
}

}  // namespace
}  // namespace summit::recovery
