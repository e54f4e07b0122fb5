// A dump and its restore, against a real server.
#include <fmt/format.h>

#include "stores/postgres/archive_reading.h"
#include "stores/postgres/globals.h"
#include "stores/postgres/marker.h"
#include "stores/postgres/probe.h"
#include "tests/stores/postgres/helper/awkward_database.h"
#include "tests/stores/postgres/helper/test_database.h"

namespace summit::postgres {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::Not;

class RoundTrip : public PostgresTest {
 protected:
  void SetUp() override {
    PostgresTest::SetUp();
    create_database("summit");
    run("postgres", awkward_roles());
  }
  void fill() {
    run("summit", awkward_schema());
    run("summit", awkward_rows());
  }
};

TEST_F(RoundTrip, EveryKindOfObjectAndValueComesBackEqual) {
  fill();
  run("summit",
      "COMMENT ON DATABASE summit IS 'it''s a \\ comment'; ALTER DATABASE summit SET work_mem = '6MB'; "
      "ALTER ROLE auditor IN DATABASE summit SET search_path = 'Odd Schema', public; "
      "REVOKE CONNECT ON DATABASE summit FROM PUBLIC; GRANT CONNECT ON DATABASE summit TO reader; "
      "ALTER DATABASE summit OWNER TO \"Mixed Owner\"; ALTER DATABASE summit CONNECTION LIMIT 77");
  const Dump original = dump("summit");
  DatabaseRestore options;
  options.timescale_version = original.timescale_version;
  const auto restored = restore("copy of \"summit\"", original.archive, options);
  ASSERT_TRUE(restored.ok()) << restored.error().to_string();

  EXPECT_EQ(lines(original.fingerprints), lines(fingerprints("copy of \"summit\"")));
  EXPECT_THAT(lines(original.fingerprints),
              IsSupersetOf({HasSubstr("table public.\"Users\": 1904 "), HasSubstr("large_objects: 5 "),
                            HasSubstr("hypertable public.events: 401 "), HasSubstr("public.measures: 701 "),
                            HasSubstr("sequence public.descending: 1 "), HasSubstr("public.no_columns: 2 "),
                            HasSubstr("materialized_view public.by_status: 4 ")}));
  expect_same_definitions("summit", "copy of \"summit\"");
  EXPECT_EQ(ask("copy of \"summit\"", "SELECT count(*) FROM pg_namespace WHERE nspname = 'summit_dr'"), "0")
      << "the marker of the source travelled with the backup";
  EXPECT_THAT(databases(), Not(Contains(HasSubstr("_restoring_"))));
}

TEST_F(RoundTrip, HypertablesWorkAfterARestore) {
  fill();
  const Dump original = dump("summit");
  DatabaseRestore options;
  options.timescale_version = original.timescale_version;
  expect_ok(restore("summit", original.archive, options));
  run("summit", "INSERT INTO public.events VALUES ('2027-05-05', 'new', '{}')");
  EXPECT_EQ(ask("summit", "SELECT count(*) FROM public.events"), "402");
  EXPECT_EQ(ask("summit", "SELECT setting FROM pg_settings WHERE name = 'timescaledb.restoring'"), "off");
  EXPECT_EQ(
      ask("summit", "SELECT count(*) FROM timescaledb_information.chunks WHERE range_start > '2027-01-01'"),
      "1");
}

TEST_F(RoundTrip, AForeignKeyToAHypertableComesBackAndHolds) {
  run("summit", R"sql(
      CREATE EXTENSION timescaledb SCHEMA public;
      CREATE TABLE public.readings (at timestamptz NOT NULL, device int NOT NULL, PRIMARY KEY (at, device));
      SELECT public.create_hypertable('public.readings', 'at');
      INSERT INTO public.readings SELECT timestamptz '2026-01-01' + i * interval '1 day', i
        FROM generate_series(1, 100) i;
      CREATE TABLE public.alarms (at timestamptz, device int,
                                  CONSTRAINT seen FOREIGN KEY (at, device) REFERENCES public.readings);
      COMMENT ON CONSTRAINT seen ON public.alarms IS 'what was measured';)sql");
  run("summit", "INSERT INTO public.alarms SELECT at, device FROM public.readings WHERE device = 70");
  const Dump original = dump("summit");
  DatabaseRestore options;
  options.timescale_version = original.timescale_version;
  const auto restored = restore("summit", original.archive, options);
  ASSERT_TRUE(restored.ok()) << restored.error().to_string();
  EXPECT_EQ(ask("summit", "SELECT count(*) FROM public.alarms"), "1");
  EXPECT_EQ(
      ask("summit", "SELECT obj_description(oid) FROM pg_constraint WHERE conname = 'seen' AND convalidated"),
      "what was measured");
  EXPECT_FALSE(connect("summit").execute("DELETE FROM public.readings WHERE device = 70").ok());
  EXPECT_FALSE(connect("summit").execute("INSERT INTO public.alarms VALUES ('2026-01-01', 4711)").ok());
}

TEST_F(RoundTrip, TheStockProgramListsTheArchive) {
  fill();
  const Dump original = dump("summit");
  Command list;
  list.argv = {tool("pg_restore").string(), "--list", original.archive.string()};
  const auto text = summit::run(list);
  ASSERT_TRUE(text.ok()) << text.error().to_string();
  EXPECT_THAT(*text, HasSubstr("TABLE DATA public Users"));
  EXPECT_THAT(*text, HasSubstr("BLOB"));
  EXPECT_THAT(*text, Not(HasSubstr("summit_dr")));
  const auto contents = expect_ok(read_contents(archive_file(original.archive)));
  EXPECT_THAT(*text, HasSubstr(fmt::format("TOC Entries: {}", contents.entries.size())));
  EXPECT_EQ(contents.database, "summit");
}

TEST_F(RoundTrip, AnUncompressedArchiveIsAsGenuine) {
  fill();
  const Dump original = dump("summit", false);
  Command list;
  list.argv = {tool("pg_restore").string(), "--list", original.archive.string()};
  EXPECT_THAT(expect_ok(summit::run(list)), HasSubstr("Compression: none"));
  DatabaseRestore options;
  options.timescale_version = original.timescale_version;
  expect_ok(restore("copy", original.archive, options));
  EXPECT_EQ(lines(original.fingerprints), lines(fingerprints("copy")));
}

TEST_F(RoundTrip, RestoringInPlaceReplacesWhatIsThere) {
  run("summit", "CREATE TABLE public.t (id integer); INSERT INTO public.t SELECT generate_series(1, 100)");
  const Dump original = dump("summit");
  run("summit", "DELETE FROM public.t WHERE id > 10; CREATE TABLE public.later (id integer)");
  expect_ok(restore("summit", original.archive));
  EXPECT_EQ(lines(original.fingerprints), lines(fingerprints("summit")));
  EXPECT_THAT(databases(), Not(Contains(HasSubstr("_replaced_"))));
}

TEST_F(RoundTrip, TheMarkerIsThereBeforeTheDatabaseTakesItsPlace) {
  run("summit", "CREATE TABLE public.t (id integer)");
  const Dump original = dump("summit");
  DatabaseRestore options;
  options.marker = config::EnvironmentMarker{"dev", "dev", "2026-11-21T00:00:00Z", "0123"};
  expect_ok(restore("summit", original.archive, options));
  auto target = endpoint();
  target.databases = {"summit"};
  EXPECT_EQ(expect_ok(read_marker(target)), options.marker);
  EXPECT_EQ(lines(original.fingerprints), lines(fingerprints("summit")))
      << "the marker shows in the fingerprints";
}

TEST_F(RoundTrip, MissingRolesAreCreatedAndPresentOnesAreLeftAlone) {
  const std::string globals = expect_ok(globals_without_passwords(endpoint()));
  EXPECT_THAT(globals, Not(HasSubstr("SCRAM")));
  const std::string with_passwords = expect_ok(globals_with_passwords(endpoint()));
  EXPECT_THAT(with_passwords, HasSubstr("SCRAM"));

  run("postgres", "DROP ROLE auditor; DROP ROLE \"Mixed Owner\"; ALTER ROLE reader CREATEDB");
  auto connection = connect("postgres");
  const auto report = expect_ok(create_missing_roles(connection, with_passwords));
  EXPECT_THAT(report.created, testing::UnorderedElementsAre("auditor", "Mixed Owner"));
  EXPECT_EQ(ask("postgres", "SELECT rolcreatedb FROM pg_roles WHERE rolname = 'reader'"), "t")
      << "a present role was altered";
  EXPECT_EQ(ask("postgres",
                "SELECT rolconnlimit || ' ' || rolvaliduntil || ' ' || array_to_string(rolconfig, ',') FROM "
                "pg_roles WHERE rolname = 'auditor'"),
            "3 2031-01-01 00:00:00+00 work_mem=7MB");
  EXPECT_EQ(ask("postgres",
                "SELECT m.admin_option FROM pg_auth_members m WHERE m.member = 'auditor'::regrole AND "
                "m.roleid = 'reader'::regrole"),
            "t");

  auto as_owner = endpoint();
  as_owner.user = "Mixed Owner";
  as_owner.password = Secret("pässwörd 'with' quotes");
  EXPECT_TRUE(Connection::open(as_owner, "postgres").ok()) << "the password did not come back";
}

TEST_F(RoundTrip, PasswordsAreForSuperusersOnly) {
  run("postgres", "CREATE ROLE plain LOGIN PASSWORD 'p'");
  auto plain = endpoint();
  plain.user = "plain";
  plain.password = Secret("p");
  plain.databases = {"postgres"};
  const auto globals = globals_with_passwords(plain);
  ASSERT_FALSE(globals.ok());
  EXPECT_EQ(globals.error().code(), Code::kDenied);
  EXPECT_TRUE(globals_without_passwords(plain).ok());
}

TEST_F(RoundTrip, AStaleMaterializedViewIsKnownByItsQuery) {
  run("summit",
      "CREATE TABLE public.t (id integer); CREATE MATERIALIZED VIEW public.v AS SELECT count(*) AS n FROM "
      "public.t; "
      "INSERT INTO public.t VALUES (1)");
  const Dump stale = dump("summit");
  expect_ok(restore("copy", stale.archive));
  EXPECT_EQ(ask("copy", "SELECT n FROM public.v"), "1");
  auto connection = connect("copy");
  auto inventory = expect_ok(read_inventory(connection));
  const auto refreshed = expect_ok(
      fingerprint_refreshed_view(connection, *inventory.table({"public", "v"}), {"postgresql", ""}));
  EXPECT_THAT(fingerprints("copy"), Contains(refreshed));
}

TEST_F(RoundTrip, AHealthyDatabasePassesTheProbe) {
  fill();
  auto target = endpoint();
  target.databases = {"summit"};
  const auto found = expect_ok(probe(target));
  EXPECT_THAT(found, Contains(HasSubstr("indexes valid")));
  EXPECT_THAT(found, Contains(HasSubstr("1 declared NOT VALID")));
  EXPECT_EQ(expect_ok(scalar(target, "SELECT count(*) FROM measures")), "701");
  run("summit",
      "UPDATE pg_catalog.pg_index SET indisvalid = false WHERE indexrelid = 'public.\"lower "
      "mail\"'::pg_catalog.regclass");
  const auto broken = probe(target);
  ASSERT_FALSE(broken.ok());
  EXPECT_THAT(broken.error().message(), HasSubstr("lower mail"));
}

TEST_F(RoundTrip, AnIndexThatNotEveryPartitionHasPassesTheProbe) {
  run("summit",
      "CREATE TABLE public.p (id integer) PARTITION BY RANGE (id); CREATE TABLE public.p1 PARTITION OF "
      "public.p FOR VALUES FROM (0) TO (10); CREATE INDEX partly ON ONLY public.p (id)");
  expect_ok(restore("copy", dump("summit").archive));
  EXPECT_EQ(ask("copy", "SELECT indisvalid FROM pg_index WHERE indexrelid = 'public.partly'::regclass"), "f");
  EXPECT_THAT(expect_ok(probe(endpoint(), "copy")), Contains(HasSubstr("indexes valid")));
}

}  // namespace
}  // namespace summit::postgres
