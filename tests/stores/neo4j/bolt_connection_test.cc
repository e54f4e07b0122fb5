// The Bolt client against a real server.
#include "stores/neo4j/bolt_connection.h"

#include <gmock/gmock.h>
#include <sys/resource.h>

#include <cmath>
#include <fstream>
#include <limits>

#include "core/process.h"
#include "core/task_group.h"
#include "core/wait.h"
#include "stores/neo4j/bolt_address.h"
#include "tests/stores/neo4j/helper/server_test.h"

namespace summit::neo4j {
namespace {

using testing::HasSubstr;

TEST(BoltAddress, SaysHostPortAndTls) {
  const auto address = [](std::string uri) -> std::string {
    config::Neo4jEndpoint endpoint;
    endpoint.bolt_uri = std::move(uri);
    const auto peer = bolt_peer(endpoint);
    if (!peer.ok()) return peer.error().message();
    const char* const tls[] = {"plain", "verified", "any"};
    return fmt::format("{} {}", peer->address(), tls[static_cast<int>(peer->tls)]);
  };
  EXPECT_EQ(address("bolt://localhost"), "localhost:7687 plain");
  EXPECT_EQ(address("neo4j://db:7688/?x=1"), "db:7688 plain");
  EXPECT_EQ(address("neo4j+s://db"), "db:7687 verified");
  EXPECT_EQ(address("bolt+ssc://[::1]:7"), "::1:7 any");
  for (const char* wrong : {"localhost:7687", "http://db", "bolt+x://db", "bolt://", "bolt://db:0",
                            "bolt://db:x", "bolt://db:70000"})
    EXPECT_THAT(address(wrong), HasSubstr("the bolt address `")) << wrong;
}

class BoltOnServer : public ServerTest {
 protected:
  void SetUp() override { bolt_.emplace(must(BoltConnection::open(server_.endpoint()))); }
  BoltConnection& bolt() { return *bolt_; }
  int64_t number(std::string_view cypher) { return bolt().scalar(cypher).value_or(Value{}).integer_or(-1); }

  std::optional<BoltConnection> bolt_;
};

std::vector<Value> every_property_type() {
  const auto list = [](auto... values) { return Value{Value::List{Value{values}...}}; };
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  return {
      Value{true},
      Value{std::numeric_limits<int64_t>::min()},
      Value{std::numeric_limits<int64_t>::max()},
      Value{int64_t{-17}},
      Value{0.1},
      Value{-0.0},
      Value{4.9E-324},
      Value{kInfinity},
      Value{-kInfinity},
      Value{std::string()},
      Value{std::string("quote ' tick ` \n \x01 😀")},
      Value{std::string(100000, 'x')},
      Value{Bytes{}},
      Value{Bytes{std::string("\0\1\xff", 3)}},
      Value{Bytes{std::string(200000, '\x80')}},
      Value{Date{-5000000}},
      Value{Date{19000}},
      Value{LocalTime{86399999999999}},
      Value{Time{1, -64800}},
      Value{Time{45000000000001, 19800}},
      Value{LocalDateTime{-1, 999999999}},
      Value{DateTime{1700000000, 5, 5415}},
      Value{DateTime{-62135596800, 0, 0}},
      Value{DateTime{1730000000, 1, 0, "Europe/Berlin"}},
      Value{DateTime{-2524521600, 0, 0, "Europe/Amsterdam"}},
      Value{Duration{14, -3, -1, 500000000}},
      Value{Point{7203, {1.5, -2.5, 0}, 2}},
      Value{Point{9157, {1, 2, 3}, 3}},
      Value{Point{4326, {12.5, 56.7, 0}, 2}},
      Value{Point{4979, {12.5, 56.7, 8848}, 3}},
      Value{Value::List{}},
      list(true, false),
      list(int64_t{1}, int64_t{1} << 62),
      list(1.5, kInfinity),
      list(std::string(), std::string("b")),
      list(Date{1}, Date{2}),
      list(DateTime{1, 2, 3600}, DateTime{1, 2, 0}),
      list(Point{7203, {1, 2, 0}, 2}),
      list(Duration{0, 0, 1, 0}),
  };
}

TEST_F(BoltOnServer, EveryPropertyTypeIsStoredAndComesBackEqual) {
  EXPECT_THAT(bolt().server(), testing::StartsWith("Neo4j/5."));
  EXPECT_GE(bolt().version(), (bolt::Version{5, 0}));
  for (const auto& value : every_property_type()) {
    const auto stored = bolt().scalar("CREATE (n:T {v: $v}) RETURN n.v", {{"v", value}});
    ASSERT_TRUE(stored.ok()) << to_string(value).substr(0, 80) << ": " << stored.error().to_string();
    EXPECT_EQ(*stored, value) << to_string(value).substr(0, 80);
  }
  const auto nan = bolt().scalar("CREATE (n:T {v: $v}) RETURN n.v", {{"v", Value{std::nan("")}}});
  ASSERT_TRUE(nan.ok());
  EXPECT_TRUE(nan->as<double>() && std::isnan(*nan->as<double>()));
  const Value nested{Value::List{Value{Value::List{}}, Value{Value::Map{{"a", Value{}}}}, Value{}}};
  EXPECT_EQ(bolt().scalar("RETURN $v", {{"v", nested}}).value_or(Value{}), nested);
  EXPECT_FALSE(bolt().scalar("CREATE (n:T {v: $v}) RETURN n.v", {{"v", nested}}).ok());
}

TEST_F(BoltOnServer, ElementsOfTheGraphAreRead) {
  const auto rows = bolt().run("CREATE p = (a:A:B {x: 1})-[r:R {y: 2}]->(b)<-[:S]-(c) RETURN a, r, p");
  ASSERT_TRUE(rows.ok()) << rows.error().to_string();
  const auto& a = **rows->front()[0].as<bolt::Shared<bolt::Node>>();
  const auto& r = **rows->front()[1].as<bolt::Shared<bolt::Relationship>>();
  const auto& path = **rows->front()[2].as<bolt::Shared<bolt::Path>>();
  EXPECT_THAT(a.labels, testing::UnorderedElementsAre("A", "B"));
  EXPECT_EQ(a.properties, (Value::Map{{"x", Value{int64_t{1}}}}));
  EXPECT_FALSE(a.element_id.empty());
  EXPECT_EQ(r.start, a.id);
  EXPECT_EQ(r.type, "R");
  ASSERT_EQ(path.nodes.size(), 3u);
  EXPECT_EQ(path.nodes[0], a);
  EXPECT_THAT(path.steps, testing::ElementsAre(1, 1, -2, 2));
}

// The server speaks older versions too, and differs in them: before 5.0 no element has an `elementId`, before
// 5.1 the password comes with the greeting, and 4.4 sends date-times in UTC only when asked for.
class OlderBoltOnServer : public BoltOnServer, public testing::WithParamInterface<bolt::Version> {
 protected:
  void SetUp() override {
    bolt_.emplace(must(BoltConnection::open(server_.endpoint(), {}, {.version = GetParam()})));
    ASSERT_EQ(bolt().version(), GetParam());
  }
};

TEST_P(OlderBoltOnServer, ReadsAndWritesEverythingAsTheNewestDoes) {
  auto newest = must(BoltConnection::open(server_.endpoint()));
  ASSERT_GT(newest.version(), GetParam());
  for (const auto& value : every_property_type()) {
    const auto stored = bolt().scalar("CREATE (n:T {v: $v}) RETURN n.v", {{"v", value}});
    ASSERT_TRUE(stored.ok()) << to_string(value).substr(0, 80) << ": " << stored.error().to_string();
    EXPECT_EQ(*stored, value) << to_string(value).substr(0, 80);
    EXPECT_EQ(must(newest.scalar("MATCH (n:T) RETURN n.v")), value) << to_string(value).substr(0, 80);
    must(bolt().run("MATCH (n:T) DELETE n"));
  }

  const auto rows =
      must(bolt().run("CREATE p = (a:A:B {x: 1, at: datetime('2024-07-01T12:00[Europe/Berlin]')})-[r:R {y: "
                      "2}]->(b)<-[:S]-(c) "
                      "RETURN a, r, p"));
  const auto& a = **rows.front()[0].as<bolt::Shared<bolt::Node>>();
  const auto& r = **rows.front()[1].as<bolt::Shared<bolt::Relationship>>();
  const auto& path = **rows.front()[2].as<bolt::Shared<bolt::Path>>();
  EXPECT_THAT(a.labels, testing::UnorderedElementsAre("A", "B"));
  EXPECT_EQ(a.properties, (Value::Map{{"at", Value{DateTime{1719828000, 0, 0, "Europe/Berlin"}}},
                                      {"x", Value{int64_t{1}}}}));
  EXPECT_EQ(a.element_id.empty(), GetParam().major == 4);
  EXPECT_EQ(r.start, a.id);
  EXPECT_EQ(r.type, "R");
  EXPECT_EQ(r.properties, (Value::Map{{"y", Value{int64_t{2}}}}));
  ASSERT_EQ(path.nodes.size(), 3u);
  EXPECT_EQ(path.nodes[0], a);
  EXPECT_THAT(path.steps, testing::ElementsAre(1, 1, -2, 2));

  // Batches, failures and transactions as well.
  uint64_t streamed = 0;
  const auto count = [&](bolt::Cursor) -> Result<void> {
    ++streamed;
    return {};
  };
  const std::string none = pack({}).value();
  must(bolt().stream("UNWIND range(1, 20000) AS i RETURN i", as_bytes(none), count));
  EXPECT_EQ(streamed, 20000u);
  EXPECT_THAT(bolt().run("RETRN 1").error().message(), HasSubstr("SyntaxError"));
  must(bolt().begin());
  must(bolt().run("CREATE (:X)"));
  must(bolt().rollback());
  EXPECT_EQ(number("MATCH (n:X) RETURN count(n)"), 0);
  EXPECT_EQ(must(bolt().scalar("CALL dbms.components() YIELD edition RETURN edition")).text(), "community");

  auto endpoint = server_.endpoint();
  endpoint.password = Secret("wrong");
  EXPECT_EQ(BoltConnection::open(endpoint, {}, {.version = GetParam()}).error().code(), Code::kDenied);
}

INSTANTIATE_TEST_SUITE_P(Versions, OlderBoltOnServer,
                         testing::Values(bolt::Version{4, 4}, bolt::Version{5, 0}), [](const auto& version) {
                           return fmt::format("V{}_{}", version.param.major, version.param.minor);
                         });

TEST_F(BoltOnServer, AVersionThatTheServerDoesNotSpeakIsSaid) {
  const auto none = BoltConnection::open(server_.endpoint(), {}, {.version = bolt::Version{5, 99}});
  EXPECT_EQ(none.error().code(), Code::kUnsupported);
}

TEST_F(BoltOnServer, ErrorsTellTheirKindAndTheConnectionGoesOn) {
  EXPECT_THAT(bolt().run("RETRN 1").error().message(), HasSubstr("Neo.ClientError.Statement.SyntaxError"));
  // Rows come before the failure.
  EXPECT_THAT(bolt().run("UNWIND range(100, 0, -1) AS x RETURN 1 / x").error().message(),
              HasSubstr("ArithmeticError"));
  EXPECT_EQ(bolt().scalar("MATCH (n:None) RETURN n.x").error().code(), Code::kNotFound);
  EXPECT_EQ(number("RETURN 42"), 42);

  auto endpoint = server_.endpoint();
  endpoint.password = Secret("wrong");
  const auto denied = BoltConnection::open(endpoint);
  EXPECT_EQ(denied.error().code(), Code::kDenied);
  EXPECT_THAT(denied.error().hint(), HasSubstr("NEO4J_PASSWORD"));
  EXPECT_THAT(denied.error().to_string(), testing::Not(HasSubstr("wrong")));
  endpoint.user.clear();
  EXPECT_EQ(BoltConnection::open(endpoint).error().code(), Code::kDenied);

  endpoint = server_.endpoint();
  endpoint.database = "other";
  auto other = BoltConnection::open(endpoint);
  ASSERT_TRUE(other.ok());
  EXPECT_EQ(other->run("RETURN 1").error().code(), Code::kNotFound);

  endpoint.bolt_uri = "bolt://127.0.0.1:1";
  EXPECT_EQ(BoltConnection::open(endpoint).error().code(), Code::kUnreachable);
  const std::string http = server_.http_uri().value();
  endpoint.bolt_uri = "bolt" + http.substr(http.find(':'));
  const auto wrong_port = BoltConnection::open(endpoint);
  EXPECT_EQ(wrong_port.error().code(), Code::kUnsupported);
  EXPECT_THAT(wrong_port.error().to_string(), HasSubstr("7687"));
}

TEST_F(BoltOnServer, TransactionsAreCommittedOrRolledBack) {
  ASSERT_TRUE(bolt().begin().ok());
  ASSERT_TRUE(bolt().run("CREATE (:X)").ok());
  ASSERT_TRUE(bolt().rollback().ok());
  EXPECT_EQ(number("MATCH (n:X) RETURN count(n)"), 0);
  ASSERT_TRUE(bolt().begin().ok());
  ASSERT_TRUE(bolt().run("CREATE (:X)").ok());
  ASSERT_TRUE(bolt().commit().ok());
  EXPECT_EQ(number("MATCH (n:X) RETURN count(n)"), 1);
  ASSERT_TRUE(bolt().begin().ok());
  ASSERT_TRUE(bolt().run("CREATE (:X)").ok());
  EXPECT_FALSE(bolt().run("RETURN 1 / 0").ok());
  EXPECT_EQ(number("MATCH (n:X) RETURN count(n)"), 1) << "a failure rolls the transaction back";
  EXPECT_FALSE(bolt().commit().ok());
  EXPECT_EQ(number("RETURN 1"), 1);
  ASSERT_TRUE(bolt().begin(BoltConnection::Access::kRead).ok());
  EXPECT_FALSE(bolt().run("CREATE (:X)").ok());
}

TEST_F(BoltOnServer, StatementsUnderWayAreAnsweredInOrderUntilOneFails) {
  const std::string none = pack({}).value();
  const auto ignore = [](bolt::Cursor) -> Result<void> { return {}; };
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(bolt().send(fmt::format("CREATE (n:P {{i: {}}}) RETURN n.i", i), as_bytes(none)).ok());
  }
  for (int64_t i = 0; i < 50; ++i) {
    const auto check = [&](bolt::Cursor row) -> Result<void> {
      auto value = bolt::read_value(row);
      EXPECT_EQ(std::move(value).value_or(Value{}), (Value{Value::List{Value{i}}}));
      return {};
    };
    ASSERT_TRUE(bolt().receive(check).ok());
  }
  EXPECT_EQ(bolt().under_way(), 0u);
  ASSERT_TRUE(bolt().send("CREATE (:P)", as_bytes(none)).ok());
  ASSERT_TRUE(bolt().send("RETURN 1 / 0", as_bytes(none)).ok());
  ASSERT_TRUE(bolt().send("CREATE (:P)", as_bytes(none)).ok());
  EXPECT_TRUE(bolt().receive(ignore).ok());
  EXPECT_FALSE(bolt().receive(ignore).ok());
  EXPECT_EQ(bolt().under_way(), 0u);
  EXPECT_EQ(number("MATCH (n:P) RETURN count(n)"), 51) << "what was sent after the failure did not run";
}

TEST_F(BoltOnServer, ALargeResultStreamsInBoundedMemoryAndCanBeStopped) {
  const std::string none = pack({}).value();
  // What other cases held does not count.
  std::ofstream("/proc/self/clear_refs") << "5";
  rusage before{};
  ::getrusage(RUSAGE_SELF, &before);
  uint64_t rows = 0;
  const auto count = [&](bolt::Cursor) -> Result<void> {
    ++rows;
    return {};
  };
  // 200 MB.
  ASSERT_TRUE(bolt()
                  .stream("WITH reduce(s = '', i IN range(1, 1000) | s + 'x') AS t "
                          "UNWIND range(1, 200000) AS i RETURN i, t",
                          as_bytes(none), count)
                  .ok());
  EXPECT_EQ(rows, 200000u);
  rusage after{};
  ::getrusage(RUSAGE_SELF, &after);
  EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 32 * 1024) << "KiB";

  const auto stop = [](bolt::Cursor) -> Result<void> { return Error(Code::kNoSpace, "enough"); };
  EXPECT_EQ(bolt().stream("UNWIND range(1, 1000000000) AS i RETURN i", as_bytes(none), stop).error().code(),
            Code::kNoSpace);
  EXPECT_EQ(number("RETURN 7"), 7);
}

TEST_F(BoltOnServer, ACancellationEndsWhatTheServerIsBusyWith) {
  Cancellation cancellation;
  auto connection = BoltConnection::open(server_.endpoint(), cancellation);
  ASSERT_TRUE(connection.ok());
  TaskGroup group;
  group.spawn([&]() -> Result<void> {
    const auto busy = connection->run("UNWIND range(1, 1000000000000) AS i WITH i WHERE i < 0 RETURN i");
    EXPECT_EQ(busy.error().code(), Code::kCancelled);
    return {};
  });
  const auto runs = [&]() -> Result<bool> {
    return number(
               "SHOW TRANSACTIONS YIELD currentQuery WHERE currentQuery CONTAINS '1000000000000) AS i WITH' "
               "AND NOT currentQuery CONTAINS 'SHOW' RETURN count(*)") == 1;
  };
  EXPECT_TRUE(
      wait_until(runs, "the statement", std::chrono::seconds(30), std::chrono::milliseconds(50), {}).ok());
  cancellation.request();
  ASSERT_TRUE(group.join().ok());
  EXPECT_EQ(connection->run("RETURN 1").error().code(), Code::kCancelled);
}

TEST_F(BoltOnServer, SpeaksTlsAndTrustsOnlyTheNamedAuthority) {
  auto endpoint = server_.endpoint();
  endpoint.bolt_uri = fmt::format("bolt+s://127.0.0.1:{}", server_.port());
  const auto untrusted = BoltConnection::open(endpoint);
  EXPECT_EQ(untrusted.error().code(), Code::kDenied);
  EXPECT_THAT(untrusted.error().hint(), HasSubstr("ca_file"));
  endpoint.ca_file = shared_certificate();
  auto trusted = BoltConnection::open(endpoint);
  ASSERT_TRUE(trusted.ok()) << trusted.error().to_string();
  const std::string text(3000000, 'x');
  EXPECT_EQ(trusted->scalar("RETURN $t", {{"t", Value{text}}}).value_or(Value{}).text(), text);
  endpoint.ca_file = shared_private_key();
  EXPECT_EQ(BoltConnection::open(endpoint).error().code(), Code::kConfig);
  endpoint.ca_file.clear();
  endpoint.bolt_uri = fmt::format("neo4j+ssc://127.0.0.1:{}", server_.port());
  EXPECT_TRUE(BoltConnection::open(endpoint).ok());
}

TEST_F(BoltOnServer, AServerThatDiesInTheMiddleOfAResultIsAnError) {
  const std::string none = pack({}).value();
  uint64_t rows = 0;
  const auto killing = [&](bolt::Cursor) -> Result<void> {
    return ++rows == 1000 ? server_.kill() : Result<void>();
  };
  const auto cut = bolt().stream("UNWIND range(1, 100000000) AS i RETURN i", as_bytes(none), killing);
  ASSERT_FALSE(cut.ok());
  EXPECT_EQ(cut.error().code(), Code::kUnreachable) << cut.error().to_string();
  EXPECT_FALSE(bolt().run("RETURN 1").ok());
}

}  // namespace
}  // namespace summit::neo4j
