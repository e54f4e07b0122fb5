// One instant: archive and fingerprints see the same data whatever writers do meanwhile.
#include <fmt/format.h>

#include "core/task_group.h"
#include "core/wait.h"
#include "stores/postgres/catalog.h"
#include "stores/postgres/sql.h"
#include "tests/stores/postgres/helper/test_database.h"

namespace summit::postgres {
namespace {

using testing::HasSubstr;

class SnapshotTest : public PostgresTest {
 protected:
  void SetUp() override {
    PostgresTest::SetUp();
    create_database("summit");
  }
  std::string hash_of(const std::string& database, const std::string& table) {
    for (const auto& fingerprint : fingerprints(database)) {
      if (fingerprint.name == table) return fmt::format("{} {}", fingerprint.count, fingerprint.hash);
    }
    return "absent";
  }
};

TEST_F(SnapshotTest, InvariantsAcrossTablesHoldUnderAWriter) {
  run("summit",
      "CREATE TABLE public.accounts (id integer PRIMARY KEY, balance bigint); "
      "INSERT INTO public.accounts SELECT i, 1000 FROM generate_series(1, 200) i; "
      "CREATE TABLE public.orders (id serial PRIMARY KEY); "
      "CREATE TABLE public.items (order_id integer REFERENCES public.orders, n integer)");
  Cancellation enough;
  TaskGroup writers;
  for (int writer = 0; writer < 2; ++writer) {
    writers.spawn([&, writer]() -> Result<void> {
      ASSIGN_OR_RETURN(auto connection, Connection::open(endpoint(), "summit"));
      for (int i = 0; !enough.requested(); ++i) {
        const int from = (i * 7 + writer) % 199 + 1;
        RETURN_IF_ERROR(connection.execute(
            fmt::format("BEGIN; UPDATE public.accounts SET balance = balance - 5 WHERE id = {0}; "
                        "UPDATE public.accounts SET balance = balance + 5 WHERE id = {0} + 1; "
                        "WITH o AS (INSERT INTO public.orders DEFAULT VALUES RETURNING id) "
                        "INSERT INTO public.items SELECT o.id, n FROM o, generate_series(1, 3) n; COMMIT",
                        from)));
      }
      return {};
    });
  }
  while (ask("summit", "SELECT count(DISTINCT xmin::text) > 1 FROM public.orders") != "t") continue;
  const Dump taken = dump("summit");
  enough.request();
  expect_ok(writers.join());
  expect_ok(restore("copy", taken.archive));

  EXPECT_EQ(lines(taken.fingerprints), lines(fingerprints("copy")))
      << "archive and fingerprints are of different instants";
  EXPECT_EQ(ask("copy", "SELECT sum(balance) FROM public.accounts"), "200000");
  EXPECT_EQ(ask("copy",
                "SELECT count(*) FROM (SELECT o.id FROM public.orders o LEFT JOIN public.items i ON "
                "i.order_id = o.id "
                "GROUP BY o.id HAVING count(i.n) <> 3) x"),
            "0");
  EXPECT_EQ(ask("copy", "SELECT max(id) <= (SELECT last_value FROM public.orders_id_seq) FROM public.orders"),
            "t");
}

TEST_F(SnapshotTest, PhysicalOrderAndDeadRowsDoNotMatter) {
  create_database("other");
  run("summit",
      "CREATE TABLE public.t (id integer, v text); INSERT INTO public.t SELECT i, 'row ' || i FROM "
      "generate_series(1, 5000) i");
  run("other",
      "CREATE TABLE public.t (gone text, id integer, v text); ALTER TABLE public.t DROP COLUMN gone; "
      "INSERT INTO public.t SELECT i, 'x' FROM generate_series(5000, 1, -1) i; UPDATE public.t SET v = 'row "
      "' || id");
  EXPECT_EQ(hash_of("summit", "public.t"), hash_of("other", "public.t"));
  run("other", "UPDATE public.t SET v = 'row 8' WHERE id = 7");
  EXPECT_NE(hash_of("summit", "public.t"), hash_of("other", "public.t"));
}

TEST_F(SnapshotTest, NullAndItsSpellingsDiffer) {
  run("summit",
      "CREATE TABLE public.a (v text); INSERT INTO public.a VALUES (NULL); "
      "CREATE TABLE public.b (v text); INSERT INTO public.b VALUES (''); "
      "CREATE TABLE public.c (v text); INSERT INTO public.c VALUES ('\\N'); "
      "CREATE TABLE public.d (w text); INSERT INTO public.d VALUES ('')");
  EXPECT_NE(hash_of("summit", "public.a"), hash_of("summit", "public.b"));
  EXPECT_NE(hash_of("summit", "public.a"), hash_of("summit", "public.c"));
  EXPECT_NE(hash_of("summit", "public.b"), hash_of("summit", "public.d"))
      << "the column's name does not count";
}

TEST_F(SnapshotTest, SettingsOfARoleDoNotChangeTheHash) {
  run("summit",
      "CREATE TABLE public.t AS SELECT timestamptz '2026-01-01 12:00+02' AS t, interval '1 day' AS i, bytea "
      "'\\x01' AS b, "
      "0.1::float8 AS f, money '12.50' AS m FROM generate_series(1, 30000)");
  const auto before = hash_of("summit", "public.t");
  run("summit",
      "ALTER ROLE summit SET timezone = 'Asia/Tokyo'; ALTER ROLE summit SET datestyle = 'German'; "
      "ALTER ROLE summit SET intervalstyle = 'iso_8601'; ALTER ROLE summit SET bytea_output = 'escape'; "
      "ALTER ROLE summit SET extra_float_digits = -5; ALTER ROLE summit SET statement_timeout = '20ms'; "
      "ALTER ROLE summit SET client_encoding = 'LATIN1'");
  EXPECT_EQ(hash_of("summit", "public.t"), before);
}

TEST_F(SnapshotTest, PartitionsCountAsTheirTable) {
  create_database("other");
  run("summit",
      "CREATE TABLE public.t (id integer, v text); INSERT INTO public.t SELECT i, 'r' || i FROM "
      "generate_series(1, 1000) i");
  run("other",
      "CREATE TABLE public.t (id integer, v text) PARTITION BY HASH (id); "
      "CREATE TABLE public.p0 PARTITION OF public.t FOR VALUES WITH (MODULUS 2, REMAINDER 0); "
      "CREATE TABLE public.p1 (v text, x integer, id integer); ALTER TABLE public.p1 DROP COLUMN x; "
      "ALTER TABLE public.t ATTACH PARTITION public.p1 FOR VALUES WITH (MODULUS 2, REMAINDER 1); "
      "INSERT INTO public.t SELECT i, 'r' || i FROM generate_series(1, 1000) i");
  EXPECT_EQ(hash_of("summit", "public.t"), hash_of("other", "public.t"));
  EXPECT_EQ(hash_of("other", "public.p0"), "absent");
}

TEST_F(SnapshotTest, ATruncateDuringTheBackupWaitsInsteadOfEmptyingIt) {
  run("summit", "CREATE TABLE public.t AS SELECT generate_series(1, 500) AS id");
  auto snapshot = expect_ok(Snapshot::open(endpoint(), "summit"));
  expect_ok(snapshot.take());
  auto other = connect("summit");
  expect_ok(other.execute("SET lock_timeout = '200ms'"));
  const auto truncated = other.execute("TRUNCATE public.t");
  ASSERT_FALSE(truncated.ok());
  EXPECT_EQ(truncated.error().code(), Code::kBusy);
  expect_ok(other.execute("DELETE FROM public.t"));
  auto inventory = expect_ok(read_inventory(snapshot.connection()));
  const auto found =
      expect_ok(fingerprint_data(endpoint(), "summit", snapshot.id(), inventory, {"postgresql", ""}, 2, {}));
  EXPECT_EQ(found.front().count, 500u);
  snapshot.release();
  expect_ok(other.execute("TRUNCATE public.t"));
}

TEST_F(SnapshotTest, ATableUnderASchemaChangeIsBusy) {
  run("summit", "CREATE TABLE public.t (id integer)");
  auto change = connect("summit");
  expect_ok(change.execute("BEGIN; ALTER TABLE public.t ADD COLUMN v text"));
  Cancellation cancellation;
  auto snapshot = expect_ok(Snapshot::open(endpoint(), "summit", cancellation));
  const auto taken = snapshot.take(std::chrono::milliseconds(300));
  ASSERT_FALSE(taken.ok());
  EXPECT_EQ(taken.error().code(), Code::kBusy);
  EXPECT_THAT(taken.error().hint(), HasSubstr("schema change"));
}

TEST_F(SnapshotTest, ASchemaChangeThatWaitsForTheBackupNeverHangsIt) {
  run("summit", "CREATE TABLE public.t (id integer)");
  auto snapshot = snapshot_of("summit");
  auto inventory = expect_ok(read_inventory(snapshot.connection()));
  auto change = connect("summit");
  expect_ok(change.send("ALTER TABLE public.t ADD COLUMN v text"));
  auto observer = connect("postgres");
  expect_ok(wait_until(
      [&]() -> Result<bool> {
        ASSIGN_OR_RETURN(auto rows, observer.query("SELECT FROM pg_catalog.pg_locks WHERE NOT granted"));
        return !rows.empty();
      },
      "the change to wait", std::chrono::seconds(20), std::chrono::milliseconds(20), {}));

  constexpr std::chrono::milliseconds kShortly{300};
  TaskGroup group;
  group.spawn([&]() -> Result<void> {
    FileSink sink(directory() / "blocked.dump");
    const CaptureRequest request{.database = "summit",
                                 .snapshot = snapshot.id(),
                                 .inventory = inventory,
                                 .scope = {"postgresql", ""},
                                 .compression = {},
                                 .lock_timeout = kShortly};
    const auto dumped = capture_database(endpoint(), request, sink, nullptr, {});
    EXPECT_FALSE(dumped.ok());
    EXPECT_EQ(dumped.ok() ? Code::kFailed : dumped.error().code(), Code::kBusy);
    return {};
  });
  const auto found = fingerprint_data(endpoint(), "summit", snapshot.id(), inventory, {"postgresql", ""}, 1,
                                      {}, nullptr, kShortly);
  expect_ok(group.join());
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().code(), Code::kBusy);
  snapshot.release();
  expect_ok(change.finish());
}

TEST_F(SnapshotTest, RowsThatAPolicyHidesAreAnErrorAndNotMissing) {
  run("summit",
      "CREATE TABLE public.t (id integer); INSERT INTO public.t VALUES (1), (2); ALTER TABLE public.t ENABLE "
      "ROW LEVEL SECURITY; "
      "CREATE POLICY first_row ON public.t USING (id = 1); CREATE ROLE limited LOGIN PASSWORD 'p'; GRANT "
      "SELECT "
      "ON public.t TO limited");
  auto limited = endpoint();
  limited.user = "limited";
  limited.password = Secret("p");
  auto snapshot = expect_ok(Snapshot::open(limited, "summit"));
  expect_ok(snapshot.take());
  auto inventory = expect_ok(read_inventory(snapshot.connection()));
  const auto found = fingerprint_data(limited, "summit", snapshot.id(), inventory, {"postgresql", ""}, 1, {});
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().code(), Code::kDenied);
}

TEST_F(SnapshotTest, ALongStatementIsCancelledAtTheServer) {
  Connection::Options options;
  auto connection = expect_ok(Connection::open(endpoint(), "summit", options));
  TaskGroup group;
  Stopwatch watch;
  group.spawn([&]() -> Result<void> {
    const auto slept = connection.query("SELECT pg_catalog.pg_sleep(60)");
    return slept.ok() ? Result<void>{} : Result<void>(slept.error());
  });
  Connection observer = connect("postgres");
  while (expect_ok(observer.query("SELECT FROM pg_catalog.pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' "
                                  "AND pid <> pg_backend_pid()"))
             .empty()) {
  }
  options.cancellation.request();
  const auto result = group.join();
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code(), Code::kCancelled);
  EXPECT_LT(watch.elapsed().count(), 20);
}

TEST_F(SnapshotTest, WhatADumpLeavesOutIsNoted) {
  run("summit",
      "CREATE EXTENSION file_fdw SCHEMA public; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw; "
      "CREATE FOREIGN TABLE public.remote (a text) SERVER files OPTIONS (filename '/dev/null'); "
      "CREATE UNLOGGED TABLE public.cache (a integer); CREATE INDEX broken ON public.cache (a); "
      "UPDATE pg_catalog.pg_index SET indisvalid = false WHERE indexrelid = 'public.broken'::regclass; "
      "SELECT pg_catalog.pg_create_logical_replication_slot('cdc', 'pgoutput'); "
      "BEGIN; INSERT INTO public.cache VALUES (1); PREPARE TRANSACTION 'half done'");
  auto connection = connect("summit");
  const auto inventory = expect_ok(read_inventory(connection));
  using testing::AllOf;
  EXPECT_THAT(inventory.notes,
              testing::UnorderedElementsAre(AllOf(HasSubstr("foreign tables"), HasSubstr("public.remote")),
                                            AllOf(HasSubstr("unlogged tables"), HasSubstr("public.cache")),
                                            AllOf(HasSubstr("prepared transactions"), HasSubstr("half done")),
                                            AllOf(HasSubstr("invalid indexes"), HasSubstr("public.broken")),
                                            AllOf(HasSubstr("logical replication slots"), HasSubstr("cdc"))));
}

}  // namespace
}  // namespace summit::postgres
