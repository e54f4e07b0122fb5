#include "tests/scratch/neo4j_world.h"

#include "core/wait.h"
#include "stores/neo4j/server.h"

namespace summit::neo4j {
namespace {

constexpr int kAccounts = 200;
constexpr int kInitialBalance = 1000;
constexpr std::chrono::milliseconds kBetweenRounds{10};

Result<void> write_until_cancelled(const config::Neo4jEndpoint& endpoint, int seed,
                                   std::atomic<uint64_t>& transactions, const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto bolt, BoltConnection::open(endpoint));
  for (int64_t round = 0; !cancellation.requested(); ++round) {
    const std::string statements[] = {
        "MATCH (a:Account {id: $from}), (b:Account {id: $to}) WHERE a <> b SET a.balance = a.balance - 7, "
        "b.balance = b.balance + 7",
        "CREATE (o:Order {id: $order, note: 'order ' + $order, at: datetime()}) "
        "WITH o UNWIND [1, 2, 3] AS n CREATE (o)-[:HAS {position: n}]->(:Item {order: $order, n: n, text: "
        "'item ' + n})",
        "MATCH (o:Order) WHERE o.id = $old OPTIONAL MATCH (o)-[:HAS]->(i:Item) DETACH DELETE o, i"};
    for (const auto& statement : statements) {
      const int64_t number = seed * 10'000'000 + round;
      auto done = bolt.run(statement, {{"from", Value{(number * 31) % kAccounts}},
                                       {"old", Value{std::to_string(number - 50)}},
                                       {"order", Value{std::to_string(number)}},
                                       {"to", Value{(number * 17 + 5) % kAccounts}}});
      // Two writers may lock the same accounts in turn; the server ends one of them.
      if (!done.ok() && done.error().code() != Code::kBusy) return std::move(done).error();
      ++transactions;
    }
    if (!pause_for(kBetweenRounds, cancellation).ok()) return {};
  }
  return {};
}

}  // namespace

std::unique_ptr<platform::Neo4jServer> start_server(std::map<std::string, std::string> settings) {
  platform::Neo4jOptions options;
  options.settings = std::move(settings);
  return must(platform::Neo4jServer::create(options));
}

void fill_with_accounts(BoltConnection& bolt) {
  for (const char* statement : {"CREATE CONSTRAINT account_id FOR (a:Account) REQUIRE a.id IS UNIQUE",
                                "CREATE INDEX order_id FOR (o:Order) ON (o.id)",
                                "CREATE INDEX item_order FOR (i:Item) ON (i.order, i.n)",
                                "CREATE TEXT INDEX order_note FOR (o:Order) ON (o.note)",
                                "CREATE POINT INDEX account_place FOR (a:Account) ON (a.place)",
                                "CREATE FULLTEXT INDEX item_text FOR (i:Item) ON EACH [i.text]",
                                "CREATE INDEX has_position FOR ()-[h:HAS]-() ON (h.position)"}) {
    must(bolt.run(statement));
  }
  must(bolt.run(
      "UNWIND range(0, $last) AS i CREATE (:Account {id: i, balance: $balance, place: point({x: i, y: -i})})",
      {{"balance", Value{int64_t{kInitialBalance}}}, {"last", Value{int64_t{kAccounts - 1}}}}));
}

void fill_with_every_type(BoltConnection& bolt) {
  must(bolt.run(R"(CREATE (a:Every:`Label with ``tick`` and space` {
      integer: 42, minimum: -9223372036854775807, maximum: 9223372036854775807, large: 3000000000,
      real: 0.1, tiny: 4.9E-324, huge: 1.7976931348623157E308, minus_zero: -0.0, infinite: 1.0/0.0, none: 0.0/0.0, whole: 3.0,
      yes: true, no: false, empty: '', text: "quote ' tick ` tab \t newline \n backslash \\ emoji 😀 right to left שלום",
      date: date('2024-02-29'), old: date('-0005-01-01'), far: date('+12345-12-31'),
      local_time: localtime('12:34:56.789012345'), time: time('23:59:59.000000001+05:30'), utc: time('00:00:00Z'),
      local_date_time: localdatetime('1969-12-31T23:59:59.999999999'),
      offset: datetime('2024-07-01T12:00:00.5-03:00'), seconds_offset: datetime({year: 2024, month: 7, day: 1, timezone: '+01:30:15'}),
      zone: datetime('2024-07-01T12:00:00[Europe/Berlin]'), historic: datetime('1890-01-01T00:00[Europe/Amsterdam]'),
      duration: duration('P1Y2M10DT12H45M30.25S'), negative: duration({seconds: -1, milliseconds: 500}),
      mixed: duration({months: 1, days: -1, seconds: -3661}), zero: duration('PT0S'),
      flat: point({x: 1.0/3, y: -0.0}), solid: point({x: 1, y: 2, z: 3}), place: point({longitude: 13.4, latitude: 52.5}),
      height: point({longitude: 13.4, latitude: 52.5, height: 34}),
      integers: [1, -2, 3000000000], reals: [1.0, 0.5], texts: ['', 'b', 'ü'], booleans: [true, false], nothing: [],
      dates: [date('2020-01-01'), date('2021-01-01')], points: [point({x: 1, y: 2})], durations: [duration('P1D')],
      times: [datetime('2020-01-01T00:00Z')], `key with ``tick`` and space`: 1
    }), (b:Every {integer: 1}), (c), (d)
    CREATE (a)-[:LINKS {since: date('2020-01-01'), weight: 0.5}]->(b), (b)-[:LINKS]->(b), (c)-[:`TYPE with space`]->(d),
      (a)-[:LINKS]->(b))"));
}

AccountWriter::AccountWriter(const config::Neo4jEndpoint& endpoint, int threads) {
  for (int seed = 1; seed <= threads; ++seed) {
    group_.spawn([this, endpoint, seed] {
      return write_until_cancelled(endpoint, seed, transactions_, cancellation_);
    });
  }
}

AccountWriter::~AccountWriter() {
  cancellation_.request();
  static_cast<void>(group_.join().ok());
}

void AccountWriter::await_more() const {
  const auto enough = transactions() + 20;
  must(wait_until([&]() -> Result<bool> { return transactions() > enough; }, "the writer to write",
                  std::chrono::minutes(1), std::chrono::milliseconds(20), {}));
}

void AccountWriter::stop() {
  cancellation_.request();
  must(group_.join());
}

void expect_invariants(BoltConnection& bolt) {
  EXPECT_EQ(must(bolt.scalar("MATCH (a:Account) RETURN sum(a.balance)")).integer_or(-1),
            int64_t{kAccounts} * kInitialBalance);
  EXPECT_EQ(must(bolt.scalar("MATCH (o:Order) WHERE COUNT { (o)-[:HAS]->(:Item) } <> 3 RETURN count(o)"))
                .integer_or(-1),
            0);
  EXPECT_EQ(must(bolt.scalar("MATCH (i:Item) WHERE NOT EXISTS { (:Order)-[:HAS]->(i) } RETURN count(i)"))
                .integer_or(-1),
            0);
  const auto orders = must(bolt.scalar("MATCH (o:Order) RETURN count(o)")).integer_or(-1);
  EXPECT_EQ(must(bolt.scalar("MATCH (i:Item) RETURN count(i)")).integer_or(-1), 3 * orders);
  // The same through the indexes, which recovery had to bring to the same state.
  EXPECT_EQ(
      must(bolt.scalar("MATCH (o:Order) WHERE o.note STARTS WITH 'order' RETURN count(o)")).integer_or(-1),
      orders);
  EXPECT_EQ(must(bolt.scalar(
                     "CALL db.index.fulltext.queryNodes('item_text', 'item') YIELD node RETURN count(node)"))
                .integer_or(-1),
            3 * orders);
  EXPECT_EQ(must(bolt.scalar("MATCH ()-[h:HAS]->() WHERE h.position > 0 RETURN count(h)")).integer_or(-1),
            3 * orders);
  for (const auto& index : must(index_states(bolt))) EXPECT_EQ(index.state, "ONLINE") << index.name;
}

}  // namespace summit::neo4j
