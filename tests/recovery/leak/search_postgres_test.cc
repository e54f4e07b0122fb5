#include "recovery/leak/target_lock.h"
#include "tests/recovery/leak/leak_scan_world.h"
#include "tests/stores/postgres/helper/test_database.h"

namespace summit::recovery {
namespace {

using postgres::expect_ok;

class PostgresLeaks : public postgres::PostgresTest {
 protected:
  void SetUp() override {
    PostgresTest::SetUp();
    create_database("shop");
  }
  LeakScanWorld world_;
};

// Each statement hides the text in another place.
const std::map<std::string, std::string>& plantings() {
  static const std::map<std::string, std::string> kPlantings = {
      {"public.plain.note",
       "CREATE TABLE plain (note text); INSERT INTO plain VALUES ('-> ADA.lovelace@MAIL.org')"},
      {"public.keys.doc",
       R"(CREATE TABLE keys (doc jsonb); INSERT INTO keys VALUES ('{"ada.lovelace@mail.org": 1}'))"},
      {"public.deep.doc",
       R"(CREATE TABLE deep (doc jsonb); INSERT INTO deep VALUES ('[{"a": [1, {"b": "<ada.lovelace@mail.org>"}]}]'))"},
      {"public.escaped.doc",
       R"(CREATE TABLE escaped (doc json); INSERT INTO escaped VALUES ('"ada.lovelace\u0040mail.org"'))"},
      {"public.arrays.list",
       "CREATE TABLE arrays (list text[]); INSERT INTO arrays VALUES (ARRAY[NULL, 'x', "
       "'ada.lovelace@mail.org'])"},
      {"public.bytes.raw",
       "CREATE TABLE bytes (raw bytea); INSERT INTO bytes VALUES ('ada.lovelace@mail.org'::bytea)"},
      {"public.hexes.raw",
       "CREATE TABLE hexes (raw text); INSERT INTO hexes VALUES (encode('ada.lovelace@mail.org', 'hex'))"},
      {"public.urls.url",
       "CREATE TABLE urls (url text); INSERT INTO urls VALUES ('https://x.org/?q=ada.lovelace%40mail.org')"},
      {"public.spaced.note",
       "CREATE TABLE spaced (note text); INSERT INTO spaced VALUES (E'ada.love\\n  lace@mail.org')"},
      {"public.wide.w70",
       "CREATE TABLE wide (); DO $$ BEGIN FOR i IN 1..80 LOOP EXECUTE 'ALTER TABLE wide ADD w' || i || ' "
       "text'; "
       "END LOOP; END $$; INSERT INTO wide (w70) VALUES ('ada.lovelace@mail.org')"},
      {"public.big.note",
       "CREATE TABLE big (note text); INSERT INTO big SELECT repeat('=', 700000) || 'ada.lovelace@mail.org'"},
      {"public.many.note",
       "CREATE TABLE many (n int, note text); INSERT INTO many SELECT i, CASE i WHEN 29999 THEN "
       "'ada.lovelace@mail.org' END FROM generate_series(1, 30000) i"},
      {"public.typed.who",
       "CREATE TYPE person AS (name text, mail text); CREATE TABLE typed (who person); "
       "INSERT INTO typed VALUES (ROW('Ada', 'ada.lovelace@mail.org'))"},
      {"public.enums.e",
       "CREATE TYPE e AS ENUM ('ada.lovelace@mail.org'); CREATE TABLE enums (e e); INSERT INTO enums "
       "VALUES ('ada.lovelace@mail.org')"},
      {"public.vectors.v",
       "CREATE TABLE vectors (v tsvector); INSERT INTO vectors VALUES ('''ada.lovelace@mail.org'':1')"},
      {"public.part_1.note",
       "CREATE TABLE part (n int, note text) PARTITION BY RANGE (n); CREATE TABLE part_1 PARTITION OF part "
       "FOR VALUES FROM (0) TO (9); INSERT INTO part VALUES (1, 'ada.lovelace@mail.org')"},
      {"public.seen.note", "CREATE MATERIALIZED VIEW seen AS SELECT 'ada.' || 'lovelace@mail.org' AS note"},
      {"public.made.shout",
       "CREATE TABLE made (a text, shout text GENERATED ALWAYS AS (a || '.lovelace@mail.org') STORED); "
       "INSERT INTO made VALUES ('ada')"},
      {"public.quick.note",
       "CREATE UNLOGGED TABLE quick (note text); INSERT INTO quick VALUES ('ada.lovelace@mail.org')"},
      {"public.phones.phone", "CREATE TABLE phones (phone bigint); INSERT INTO phones VALUES (4711471147)"},
      {"public.amounts.n", "CREATE TABLE amounts (n numeric(14,2)); INSERT INTO amounts VALUES (4711471147)"},
      {"public.calls.phones",
       "CREATE TABLE calls (phones bigint[]); INSERT INTO calls VALUES (ARRAY[1, 4711471147])"},
      {"public.paid.amounts",
       "CREATE TABLE paid (amounts numeric(14,3)[]); INSERT INTO paid VALUES (ARRAY[4711471147, 2])"},
      {"public.objects.o",
       "CREATE TABLE objects (o jsonb); INSERT INTO objects VALUES ('{\"a\": [1, 4711471147]}')"},
      {"public.\"Odd \"\"Name\".\"a b\"",
       R"(CREATE TABLE "Odd ""Name" ("a b" text); INSERT INTO "Odd ""Name" VALUES ('ada.lovelace@mail.org'))"},
      {"other.t.note",
       "CREATE SCHEMA other; CREATE TABLE other.t (note text); INSERT INTO other.t VALUES "
       "('ada.lovelace@mail.org')"},
  };
  return kPlantings;
}

TEST_F(PostgresLeaks, FindsAValueInEveryKindOfColumn) {
  std::set<std::string> expected;
  for (const auto& [place, statements] : plantings()) {
    run("shop", "SET search_path = public; " + statements);
    auto name = place;
    // Columns are named as they are, tables as SQL quotes them.
    if (name.ends_with("\"a b\"")) name = name.substr(0, name.size() - 5) + "a b";
    expected.insert("postgresql:shop." + name);
  }
  run("shop", "SELECT lo_from_bytea(4711, repeat('-', 1500000)::bytea || 'ada.lovelace@mail.org'::bytea)");
  expected.insert("postgresql:shop: large object 4711");
  expected.insert("postgresql:shop: definitions");  // the enumeration's label
  expect_ok(search_postgres(endpoint(), {"shop", "shop"}, world_.scan()));
  EXPECT_EQ(world_.places(), expected);
}

TEST_F(PostgresLeaks, FindsAValueInEveryKindOfDefinition) {
  const std::vector<std::string> statements = {
      "CREATE TABLE t (a text DEFAULT 'ada.lovelace@mail.org')",
      "CREATE TABLE t (a text CHECK (a <> 'ada.lovelace@mail.org'))",
      "CREATE TABLE t (a text); COMMENT ON COLUMN t.a IS 'of ada.lovelace@mail.org'",
      "CREATE VIEW v AS SELECT 'ada.lovelace@mail.org'::text",
      "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ SELECT 'ada.lovelace@mail.org' $$",
      "CREATE TABLE \"ada.lovelace@mail.org\" ()",
      "CREATE TABLE t (a text); CREATE INDEX i ON t (a) WHERE a = 'ada.lovelace@mail.org'",
  };
  for (const auto& statement : statements) {
    run("shop", "SET search_path = public; " + statement);
    LeakScanWorld world;
    expect_ok(search_postgres(endpoint(), {"shop", "shop"}, world.scan()));
    EXPECT_EQ(world.places(), std::set<std::string>{"postgresql:shop: definitions"}) << statement;
    run("shop", "DROP SCHEMA public CASCADE; CREATE SCHEMA public");
  }
}

TEST_F(PostgresLeaks, ACleanDatabaseIsCleanAndWhatWasReadIsCounted) {
  run("shop",
      "SET search_path = public; CREATE TABLE t (n bigint, note text); INSERT INTO t SELECT 47114711470 + i, "
      "'person ' || i || ' x@example.com' FROM generate_series(1, 1000) i; SELECT lo_from_bytea(1, 'abc')");
  expect_ok(search_postgres(endpoint(), {"shop", "shop"}, world_.scan()));
  EXPECT_TRUE(world_.report().clean());
  EXPECT_EQ(world_.report().searched().at("postgresql").elements, 1001U);
}

TEST_F(PostgresLeaks, ShortValuesAreFoundInTheirOwnColumnAlone) {
  world_.log().add("s\\3\tt", "", "postgresql:public.users.pin");
  run("shop",
      "SET search_path = public; CREATE TABLE users (pin text, other text); CREATE TABLE others (pin text);"
      "INSERT INTO users VALUES (E'S\\\\3\\tT', E's\\\\3\\tt'), ('12', NULL); INSERT INTO others VALUES "
      "(E's\\\\3\\tt')");
  expect_ok(search_postgres(endpoint(), {"shop", "shop"}, world_.scan()));
  EXPECT_EQ(world_.places(), std::set<std::string>{"postgresql:shop.public.users.pin"});
}

TEST_F(PostgresLeaks, FindsAValueInTheCommentThatADatabaseWillHave) {
  expect_ok(search_postgres(endpoint(), {"shop", "market", "of Ada.Lovelace@mail.org"}, world_.scan()));
  EXPECT_EQ(world_.places(), std::set<std::string>{"postgresql:market: definitions"});
}

class LockedPostgres : public PostgresLeaks {
 protected:
  void SetUp() override {
    PostgresLeaks::SetUp();
    environment_.name = "dev";
    environment_.postgresql = {endpoint()};
    run("postgres", "ALTER DATABASE shop ALLOW_CONNECTIONS false");
  }
  LockRecord lock(std::vector<std::string> databases) {
    LockRecord record{
        .environment = "dev", .restore = "restore-1", .reason = "a test", .since = now(), .stores = {}};
    record.stores.push_back(
        {.kind = "postgresql", .endpoint = endpoint().name, .databases = std::move(databases)});
    expect_ok(write_lock(directory(), record));
    return record;
  }
  void expect_unlocked() {
    EXPECT_TRUE(postgres::Connection::open(endpoint(), "shop").ok());
    EXPECT_FALSE(expect_ok(read_lock(directory(), "dev")).has_value());
  }

  config::Environment environment_;
};

TEST_F(LockedPostgres, RefusesEverybodyUntilItIsUnlocked) {
  const auto record = lock({"shop"});
  EXPECT_FALSE(postgres::Connection::open(endpoint(), "shop").ok());

  const auto read = expect_ok(read_lock(directory(), "dev"));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->stores, record.stores);
  expect_ok(unlock(directory(), *read, environment_, {}));
  expect_unlocked();
}

TEST_F(LockedPostgres, ADatabaseThatSomebodyDroppedHindersNothing) {
  expect_ok(unlock(directory(), lock({"gone", "shop"}), environment_, {}));
  expect_unlocked();
}

}  // namespace
}  // namespace summit::recovery
