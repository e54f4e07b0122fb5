// The write load: invariants hold at every instant, and a check that could not fail would be none.
#include <gtest/gtest.h>

#include "core/wait.h"
#include "devtools/platform/cypher_client.h"
#include "devtools/platform/platform.h"
#include "devtools/platform/postgres_client.h"
#include "devtools/platform/redis_client.h"
#include "devtools/write_load/write_load.h"

#include <nlohmann/json.hpp>

#include "tests/devtools/support.h"

namespace summit::platform {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

bool grows(const WriteLoad& load, uint64_t WriteLoadCounts::* store, uint64_t by) {
  const uint64_t before = load.counts().*store;
  return wait_until([&]() -> Result<bool> { return load.counts().*store >= before + by; },
                    "more transactions", seconds(30), milliseconds(10), {})
      .ok();
}

TEST(WriteLoad, KeepsItsInvariantsWhilePostgresAndRedisAreKilledAndStartedAgain) {
  const auto postgres = must(PostgresServer::create());
  RedisServer::Options redis_options;
  // Redis takes 300 µs a command to load its data, so that the load meets it while it does.
  redis_options.settings = {{"appendonly", "yes"}, {"appendfsync", "always"}, {"key-load-delay", "300"}};
  const auto redis = must(RedisServer::create(redis_options));
  const auto load = must(WriteLoad::start(
      {.postgres = postgres->endpoint(), .redis = redis->endpoint(), .pause = milliseconds(1)}));
  ASSERT_TRUE(grows(*load, &WriteLoadCounts::postgres, 50));
  ASSERT_TRUE(grows(*load, &WriteLoadCounts::redis, 50));
  EXPECT_OK(check_invariants(postgres->endpoint()));
  EXPECT_OK(check_invariants(redis->endpoint()));

  EXPECT_OK(postgres->kill());
  EXPECT_OK(redis->kill());
  EXPECT_OK(postgres->start());
  EXPECT_OK(redis->start());
  EXPECT_TRUE(grows(*load, &WriteLoadCounts::postgres, 20));
  EXPECT_TRUE(grows(*load, &WriteLoadCounts::redis, 20));
  EXPECT_OK(load->stop());
  EXPECT_GE(must(check_invariants(postgres->endpoint())).transactions, load->counts().postgres);
  EXPECT_GE(must(check_invariants(redis->endpoint())).transactions, load->counts().redis);
}

TEST(WriteLoad, KeepsItsInvariantsInNeo4jAndTheirCheckSeesWhenTheyBreak) {
  const auto server = must(Neo4jServer::create());
  EXPECT_EQ(check_invariants(server->endpoint()).error().code(), Code::kNotFound);
  const auto load = must(WriteLoad::start({.neo4j = server->endpoint(), .pause = milliseconds(0)}));
  ASSERT_TRUE(grows(*load, &WriteLoadCounts::neo4j, 250)) << "old orders are dropped from 200 on";
  EXPECT_OK(check_invariants(server->endpoint()));
  EXPECT_OK(load->stop());
  EXPECT_EQ(must(check_invariants(server->endpoint())).transactions, load->counts().neo4j);

  CypherClient client(server->endpoint());
  EXPECT_OK(client.run("MATCH (i:LoadItem) WITH i LIMIT 1 DETACH DELETE i", nlohmann::json::object()));
  EXPECT_EQ(check_invariants(server->endpoint()).error().code(), Code::kMismatch);
}

TEST(WriteLoad, ItsChecksSeeLostMoneyAndLostItems) {
  const auto postgres = must(PostgresServer::create());
  const auto redis = must(RedisServer::create());
  const auto load = must(WriteLoad::start({.postgres = postgres->endpoint(), .redis = redis->endpoint()}));
  ASSERT_TRUE(grows(*load, &WriteLoadCounts::postgres, 5));
  ASSERT_TRUE(grows(*load, &WriteLoadCounts::redis, 5));
  EXPECT_OK(load->stop());

  auto client = must(PostgresClient::connect(postgres->endpoint()));
  EXPECT_OK(
      client.execute("DELETE FROM write_load.items WHERE position = 2 AND order_id = (SELECT max(id) FROM "
                     "write_load.orders)"));
  EXPECT_EQ(check_invariants(postgres->endpoint()).error().code(), Code::kMismatch);
  auto redis_client = must(RedisClient::connect(redis->endpoint()));
  EXPECT_OK(redis_client.command({"INCR", "load:account:3"}));
  EXPECT_EQ(check_invariants(redis->endpoint()).error().code(), Code::kMismatch);
}

}  // namespace
}  // namespace summit::platform
