// Some tables of a backup, into a database that stays.
#include "stores/postgres/selected_restore.h"

#include <fmt/format.h>

#include "core/task_group.h"
#include "core/wait.h"
#include "stores/postgres/archive_reading.h"
#include "tests/stores/postgres/helper/test_database.h"

namespace summit::postgres {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view kSchema = R"sql(
CREATE SCHEMA sales;
CREATE TYPE sales.state AS ENUM ('open', 'paid');
CREATE TABLE public.users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);
CREATE TABLE sales.orders (id serial PRIMARY KEY, customer bigint NOT NULL REFERENCES public.users, state sales.state);
CREATE TABLE sales.lines (orderer integer REFERENCES sales.orders, line integer, text text, PRIMARY KEY (orderer, line));
CREATE INDEX ON sales.lines (text);
COMMENT ON TABLE sales.lines IS 'what was bought';
CREATE TABLE public.other (id integer);
CREATE TABLE public.log (at date, line text) PARTITION BY RANGE (at);
CREATE TABLE public.log_2025 PARTITION OF public.log FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE public.log_2026 PARTITION OF public.log FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE INDEX ON public.log (at);
CREATE FUNCTION public.forbid() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no; not now'; END $$;
INSERT INTO public.users (name) SELECT 'user ' || i FROM generate_series(1, 200) i;
INSERT INTO sales.orders (customer, state) SELECT i, 'open' FROM generate_series(1, 200) i;
INSERT INTO sales.lines SELECT i % 200 + 1, i, 'text ' || i FROM generate_series(1, 1000) i;
INSERT INTO public.other SELECT generate_series(1, 10);
INSERT INTO public.log SELECT date '2025-06-01' + i, 'line ' || i FROM generate_series(1, 400) i;
CREATE TRIGGER forbidden BEFORE INSERT OR UPDATE ON sales.lines FOR EACH ROW EXECUTE FUNCTION public.forbid();
)sql";

class SelectedRestoreTest : public PostgresTest {
 protected:
  void SetUp() override {
    PostgresTest::SetUp();
    create_database("summit");
    run("summit", kSchema);
    original_ = dump("summit");
  }

  Result<SelectedRestored> restore_tables(std::vector<std::string> only,
                                          std::vector<std::string> exclude = {}, bool terminate = false) {
    SelectedRestore request;
    request.database = "summit";
    request.archive = archive_file(original_.archive);
    request.selection = {std::move(only), std::move(exclude)};
    request.terminate_connections = terminate;
    request.lock_timeout = std::chrono::milliseconds(500);
    request.workspace = directory();
    SilentReporter reporter;
    return restore_selected(endpoint(), request, reporter, "postgresql", {});
  }

  Dump original_;
};

TEST_F(SelectedRestoreTest, ATableIsEmptiedAndFilledAndNothingElseChanges) {
  run("summit",
      "UPDATE sales.orders SET state = 'paid'; DELETE FROM public.other; "
      "UPDATE public.users SET name = 'changed' WHERE id = 1");
  const auto restored = expect_ok(restore_tables({"sales.orders"}));
  EXPECT_EQ(restored.loaded.rows, 200u);
  EXPECT_EQ(ask("summit", "SELECT count(*) FROM sales.orders WHERE state = 'open'"), "200");
  EXPECT_EQ(ask("summit", "SELECT count(*) FROM public.other"), "0");
  EXPECT_EQ(ask("summit", "SELECT name FROM public.users WHERE id = 1"), "changed");
  EXPECT_EQ(ask("summit", "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND convalidated"), "2");
  EXPECT_THAT(restored.notes, Contains(AllOf(HasSubstr("lines_orderer_fkey"), HasSubstr("sales.lines"))));
}

TEST_F(SelectedRestoreTest, AnEmptyBackedUpTableComesBackEmpty) {
  run("summit", "CREATE TABLE public.nothing (id integer)");
  original_ = dump("summit");
  run("summit", "INSERT INTO public.nothing VALUES (1)");
  expect_ok(restore_tables({"nothing"}));
  EXPECT_EQ(ask("summit", "SELECT count(*) FROM public.nothing"), "0");
}

TEST_F(SelectedRestoreTest, AForeignKeyThatWouldNotHoldIsNamedAndNothingChanges) {
  run("summit",
      "INSERT INTO public.users (name) VALUES ('new'); INSERT INTO sales.orders (customer) VALUES (201); "
      "DELETE FROM sales.lines; DELETE FROM sales.orders WHERE id = 7");
  const auto before = lines(fingerprints("summit"));
  const auto restored = restore_tables({"users"});
  ASSERT_FALSE(restored.ok());
  EXPECT_EQ(restored.error().code(), Code::kRefused) << restored.error().to_string();
  EXPECT_THAT(restored.error().message(),
              AllOf(HasSubstr("orders_customer_fkey"), HasSubstr("sales.orders"), HasSubstr("public.users")));
  EXPECT_THAT(restored.error().hint(), HasSubstr("--only=public.users,sales.orders"));
  EXPECT_EQ(lines(fingerprints("summit")), before);
  expect_ok(restore_tables({"users", "sales"}));
  EXPECT_EQ(lines(fingerprints("summit")).size(), before.size());
}

TEST_F(SelectedRestoreTest, TablesThatAreGoneComeBackWithAllThatBelongsToThem) {
  run("summit", "DROP TABLE sales.lines, sales.orders; DROP SCHEMA sales CASCADE");
  expect_ok(restore_tables({"sales"}));
  EXPECT_EQ(lines(original_.fingerprints), lines(fingerprints("summit")));
  const auto insert = connect("summit").execute("INSERT INTO sales.lines VALUES (1, 5000, '')");
  ASSERT_FALSE(insert.ok());
  EXPECT_THAT(insert.error().message(), HasSubstr("no; not now"));
}

TEST_F(SelectedRestoreTest, APartitionedTableComesWithItsPartitions) {
  run("summit", "DELETE FROM public.log; DROP TABLE public.log_2025");
  const auto restored = expect_ok(restore_tables({"log"}));
  EXPECT_EQ(restored.loaded.rows, 400u);
  EXPECT_EQ(lines(original_.fingerprints), lines(fingerprints("summit")));
}

TEST_F(SelectedRestoreTest, APartitionThatIsNewerThanTheBackupIsForeseenAndKeepsItsRows) {
  run("summit",
      "CREATE TABLE public.log_2027 PARTITION OF public.log FOR VALUES FROM ('2027-01-01') TO "
      "('2028-01-01'); "
      "INSERT INTO public.log VALUES ('2027-05-01', 'new'), ('2026-11-01', 'since')");
  const auto contents = expect_ok(read_contents(archive_file(original_.archive)));
  const auto foreseen = expect_ok(foresee_selected(endpoint(), "summit", contents, {{"log"}, {}}));
  EXPECT_THAT(foreseen.sentences,
              Contains("partition public.log_2027 of public.log is newer than the backup: "
                       "its rows stay as they are, and are not compared"));
  EXPECT_THAT(foreseen.replaced,
              ElementsAre(RelationName{"public", "log"}, RelationName{"public", "log_2025"},
                          RelationName{"public", "log_2026"}));
  const auto restored = expect_ok(restore_tables({"log"}));
  EXPECT_THAT(restored.notes, Contains(HasSubstr("public.log_2027")));
  EXPECT_EQ(ask("summit", "SELECT count(*) FROM public.log WHERE line IN ('new', 'since')"), "1");
  EXPECT_EQ(ask("summit", "SELECT count(*) FROM public.log"), "401");
}

TEST_F(SelectedRestoreTest, AForeignTableThatIsAPartitionIsNotCalledNewerThanTheBackup) {
  run("summit",
      "CREATE FOREIGN DATA WRAPPER nothing; CREATE SERVER far FOREIGN DATA WRAPPER nothing; CREATE FOREIGN "
      "TABLE public.log_far PARTITION OF public.log FOR VALUES FROM ('2020-01-01') TO ('2021-01-01') SERVER "
      "far");
  const auto contents = expect_ok(read_contents(archive_file(original_.archive)));
  const auto foreseen = expect_ok(foresee_selected(endpoint(), "summit", contents, {{"log"}, {}}));
  EXPECT_THAT(foreseen.sentences, Not(Contains(HasSubstr("newer than the backup"))));
}

TEST_F(SelectedRestoreTest, AWholeBackupMinusSomeTables) {
  run("summit",
      "DELETE FROM public.other; DELETE FROM public.log; DELETE FROM sales.lines; ALTER SEQUENCE "
      "sales.orders_id_seq RESTART WITH 5");
  expect_ok(restore_tables({}, {"public.other", "public.log"}));
  EXPECT_EQ(ask("summit", "SELECT count(*) FROM sales.lines"), "1000");
  EXPECT_EQ(ask("summit", "SELECT last_value FROM sales.orders_id_seq"), "200");
  EXPECT_EQ(ask("summit", "SELECT count(*) FROM public.other"), "0");
  EXPECT_EQ(ask("summit", "SELECT count(*) FROM public.log"), "0");
}

TEST_F(SelectedRestoreTest, NumbersThatWereGivenOutAreNotGivenOutAgain) {
  run("summit", "INSERT INTO sales.orders (customer) SELECT 1 FROM generate_series(1, 30)");
  expect_ok(restore_tables({"sales.orders"}));
  EXPECT_EQ(ask("summit", "SELECT last_value FROM sales.orders_id_seq"), "230");
  EXPECT_EQ(ask("summit", "SELECT max(id) FROM sales.orders"), "200");
}

TEST_F(SelectedRestoreTest, TriggersKeepTheStateTheyWereIn) {
  run("summit",
      "ALTER TABLE sales.lines DISABLE TRIGGER forbidden; CREATE TRIGGER always BEFORE DELETE ON sales.lines "
      "FOR "
      "EACH ROW EXECUTE FUNCTION public.forbid(); ALTER TABLE sales.lines ENABLE ALWAYS TRIGGER always");
  expect_ok(restore_tables({"sales.lines"}));
  EXPECT_EQ(ask("summit",
                "SELECT string_agg(tgname || tgenabled::text, ' ' ORDER BY tgname) FROM pg_trigger WHERE NOT "
                "tgisinternal"),
            "alwaysA forbiddenD");
}

TEST_F(SelectedRestoreTest, UnknownAndAmbiguousNamesAreSaid) {
  const auto unknown = restore_tables({"nowhere"});
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().code(), Code::kNotFound);
  EXPECT_THAT(unknown.error().hint(), HasSubstr("sales.orders"));
  run("summit", "CREATE TABLE public.sales (id integer); CREATE TABLE sales.other (id integer)");
  original_ = dump("summit");
  EXPECT_EQ(restore_tables({"sales"}).error().code(), Code::kUsage);
  EXPECT_EQ(restore_tables({"other"}).error().code(), Code::kUsage);
  EXPECT_TRUE(restore_tables({"sales.*"}).ok());
}

TEST_F(SelectedRestoreTest, WhoHoldsATableIsNamedOrEnded) {
  auto user = connect("summit");
  expect_ok(user.execute("BEGIN; SELECT count(*) FROM public.other"));
  const auto refused = restore_tables({"public.other"});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), Code::kBusy) << refused.error().to_string();
  EXPECT_THAT(refused.error().message(), HasSubstr(fmt::format("pid {}", user.backend_pid())));
  EXPECT_THAT(refused.error().hint(), HasSubstr("--terminate-connections"));
  expect_ok(restore_tables({"public.other"}, {}, true));
  EXPECT_FALSE(user.execute("SELECT 1").ok());
}

TEST_F(SelectedRestoreTest, HypertablesAreRefused) {
  run("summit",
      "CREATE EXTENSION timescaledb SCHEMA public; CREATE TABLE public.events (at timestamptz NOT NULL); "
      "SELECT "
      "public.create_hypertable('public.events', 'at'); INSERT INTO public.events VALUES ('2026-01-01')");
  original_ = dump("summit");
  const auto restored = restore_tables({"events"});
  ASSERT_FALSE(restored.ok());
  EXPECT_EQ(restored.error().code(), Code::kUnsupported);
  EXPECT_THAT(restored.error().hint(), HasSubstr("--exclude=public.events"));
}

TEST_F(SelectedRestoreTest, HypertablesWithChunksInAnySchemaAreRefused) {
  run("summit",
      "CREATE EXTENSION timescaledb SCHEMA public; CREATE TABLE public.events (at timestamptz NOT NULL); "
      "SELECT public.create_hypertable('public.events', 'at', associated_schema_name => 'sales', "
      "associated_table_prefix => 'of_events'); INSERT INTO public.events VALUES ('2026-01-01')");
  original_ = dump("summit");
  EXPECT_EQ(restore_tables({"events"}).error().code(), Code::kUnsupported);
  EXPECT_EQ(restore_tables({"of_events_1_chunk"}).error().code(), Code::kNotFound);
  expect_ok(restore_tables({"sales"}));
  EXPECT_EQ(ask("summit", "SELECT count(*) FROM public.events"), "1");
}

TEST_F(SelectedRestoreTest, PartitionsWhoseRowsAreThoseOfTheirRootComeBackTogether) {
  run("summit",
      "CREATE TYPE public.colour AS ENUM ('red', 'green', 'blue', 'white'); CREATE TABLE public.paint (c "
      "public.colour, n integer) PARTITION BY HASH (c); CREATE TABLE public.paint_0 PARTITION OF "
      "public.paint "
      "FOR VALUES WITH (MODULUS 2, REMAINDER 0); CREATE TABLE public.paint_1 PARTITION OF public.paint FOR "
      "VALUES WITH (MODULUS 2, REMAINDER 1); INSERT INTO public.paint SELECT c, n FROM "
      "unnest(enum_range(NULL::public.colour)) c, generate_series(1, 10) n");
  original_ = dump("summit");
  run("summit", "UPDATE public.paint SET n = 0");
  const auto before = lines(fingerprints("summit"));
  for (const auto& refused : {restore_tables({"paint_0"}), restore_tables({"paint"}, {"paint_1"})}) {
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code(), Code::kUnsupported) << refused.error().to_string();
    EXPECT_THAT(refused.error().hint(), HasSubstr("--only=public.paint"));
    EXPECT_EQ(lines(fingerprints("summit")), before);
  }
  expect_ok(restore_tables({"paint"}));
  EXPECT_EQ(lines(fingerprints("summit")), lines(original_.fingerprints));

  run("summit",
      "ALTER TABLE public.paint DETACH PARTITION public.paint_1; CREATE TABLE public.paint_one PARTITION OF "
      "public.paint FOR VALUES WITH (MODULUS 2, REMAINDER 1)");
  const auto mixed = restore_tables({"paint"});
  ASSERT_FALSE(mixed.ok());
  EXPECT_EQ(mixed.error().code(), Code::kUnsupported) << mixed.error().to_string();
  EXPECT_THAT(mixed.error().message(), HasSubstr("public.paint_one is newer than the backup"));
}

TEST_F(SelectedRestoreTest, WhatIsCreatedHasThePrivilegesOfTheBackupAndNoDefaultOnes) {
  run("summit",
      "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC; "
      "ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO pg_monitor WITH GRANT OPTION; "
      "ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC; "
      "ALTER DEFAULT PRIVILEGES REVOKE ALL ON TYPES FROM PUBLIC, CURRENT_USER; "
      "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO PUBLIC; "
      "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT INSERT ON TABLES TO PUBLIC; "
      "GRANT SELECT ON public.other TO pg_read_all_stats");
  original_ = dump("summit");
  run("summit", "DROP TABLE public.other, public.users CASCADE");
  expect_ok(restore_tables({"public.other", "public.users", "sales"}));
  EXPECT_EQ(lines(fingerprints("summit")), lines(original_.fingerprints));
  run("summit", "DROP TABLE public.other; CREATE TABLE public.other (id integer)");
  EXPECT_EQ(ask("summit",
                "SELECT count(*) FROM pg_class, aclexplode(relacl) WHERE relname = 'other' AND "
                "grantee = 0"),
            "2");
}

TEST_F(SelectedRestoreTest, ASequenceThatIsCreatedForADefaultGoesOnWhereItWas) {
  run("summit",
      "CREATE SEQUENCE public.tickets; CREATE TABLE public.visits (ticket bigint DEFAULT "
      "nextval('public.tickets')); INSERT INTO public.visits SELECT nextval('public.tickets') FROM "
      "generate_series(1, 5)");
  original_ = dump("summit");
  run("summit", "DROP TABLE public.visits; DROP SEQUENCE public.tickets");
  expect_ok(restore_tables({"visits"}));
  EXPECT_EQ(ask("summit", "SELECT nextval('public.tickets')"), "6");
}

TEST_F(SelectedRestoreTest, FunctionsThatAreThereAreNotCreatedAgain) {
  run("summit",
      "CREATE TYPE public.\"Odd type\" AS ENUM ('a'); CREATE SCHEMA \"Odd\"; "
      "CREATE FUNCTION public.add(integer, integer) RETURNS integer LANGUAGE sql RETURN $1 + $2; "
      "CREATE FUNCTION \"Odd\".\"Odd f\"(\"Odd arg\" public.\"Odd type\", OUT n integer, VARIADIC "
      "timestamp(3)[]) LANGUAGE sql AS 'SELECT 7'; "
      "CREATE FUNCTION public.none() RETURNS integer LANGUAGE sql RETURN 1; "
      "CREATE TABLE public.sums (a integer DEFAULT public.add(1, 2), b integer DEFAULT \"Odd\".\"Odd "
      "f\"('a', "
      "now()::timestamp), c integer DEFAULT public.none())");
  original_ = dump("summit");
  run("summit", "DROP TABLE public.sums; DROP FUNCTION public.none()");
  expect_ok(restore_tables({"sums"}));
  EXPECT_EQ(lines(fingerprints("summit")), lines(original_.fingerprints));
}

TEST_F(SelectedRestoreTest, ConstraintsThatOldRowsNeedNotPassStayAsTheyAre) {
  run("summit",
      "ALTER TABLE public.other ADD CONSTRAINT high CHECK (id > 5) NOT VALID; COMMENT ON CONSTRAINT high ON "
      "public.other IS 'from now on'; ALTER TABLE public.log ADD CONSTRAINT dated CHECK (at > '2026-06-01') "
      "NOT "
      "VALID");
  original_ = dump("summit");
  run("summit", "DELETE FROM public.other; DELETE FROM public.log");
  expect_ok(restore_tables({"other", "log"}));
  EXPECT_EQ(lines(fingerprints("summit")), lines(original_.fingerprints));
  EXPECT_FALSE(connect("summit").execute("INSERT INTO public.other VALUES (1)").ok());
  EXPECT_FALSE(connect("summit").execute("INSERT INTO public.log VALUES ('2026-02-01')").ok());
}

constexpr std::string_view kReferringHypertable =
    "CREATE EXTENSION timescaledb SCHEMA public; "
    "CREATE TABLE public.events (at timestamptz NOT NULL, who bigint REFERENCES public.users); "
    "SELECT public.create_hypertable('public.events', 'at'); "
    "INSERT INTO public.events SELECT timestamptz '2026-01-01' + i * interval '1 day', i FROM "
    "generate_series(1, 100) i";

TEST_F(SelectedRestoreTest, ATableToWhichAHypertableRefersComesBack) {
  run("summit", kReferringHypertable);
  original_ = dump("summit");
  const std::string keys =
      "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND confrelid = "
      "'public.users'::regclass AND convalidated";
  const auto before = ask("summit", keys);
  run("summit", "UPDATE public.users SET name = 'gone'");
  expect_ok(restore_tables({"public.users"}));
  EXPECT_EQ(ask("summit", "SELECT count(*) FROM public.users WHERE name = 'gone'"), "0");
  EXPECT_EQ(ask("summit", keys), before);
  EXPECT_FALSE(connect("summit").execute("INSERT INTO public.events VALUES ('2026-01-02', 4711)").ok());
}

TEST_F(SelectedRestoreTest, ATableToWhichCompressedRowsReferIsRefused) {
  run("summit", kReferringHypertable);
  original_ = dump("summit");
  // What compression writes into the catalog; compressing itself needs another licence.
  run("summit",
      "UPDATE _timescaledb_catalog.chunk SET compressed_chunk_id = (SELECT max(id) FROM "
      "_timescaledb_catalog.chunk) WHERE id = (SELECT min(id) FROM _timescaledb_catalog.chunk)");
  const auto restored = restore_tables({"public.users"});
  ASSERT_FALSE(restored.ok());
  EXPECT_EQ(restored.error().code(), Code::kUnsupported);
  EXPECT_THAT(restored.error().message(), HasSubstr("of hypertable public.events"));
  EXPECT_THAT(restored.error().hint(), HasSubstr("--into=NAME"));
}

}  // namespace
}  // namespace summit::postgres
