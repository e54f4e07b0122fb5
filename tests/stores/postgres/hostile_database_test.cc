// Databases that resist being restored, by what their owners quite lawfully defined in them.
#include <fmt/format.h>

#include "stores/postgres/in_place.h"
#include "stores/postgres/marker.h"
#include "stores/postgres/selected_restore.h"
#include "tests/core/helper/recording_reporter.h"
#include "tests/stores/postgres/helper/test_database.h"

namespace summit::postgres {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;

class HostileDatabase : public PostgresTest {
 protected:
  void SetUp() override {
    PostgresTest::SetUp();
    create_database("summit");
    run("summit", "CREATE TABLE public.t AS SELECT generate_series(1, 100) AS id");
  }

  DatabaseRestore request_for(const Dump& dump, const std::string& database) {
    DatabaseRestore request;
    request.database = database;
    request.archive = archive_file(dump.archive);
    request.workspace = directory();
    request.jobs = 2;
    request.marker = marker_;
    return request;
  }
  Result<Restored> restore_beside(const Dump& dump) {
    return restore_database(endpoint(), request_for(dump, "copy"), reporter_, "postgresql", {});
  }
  Result<Restored> restore_here(const Dump& dump) {
    return restore_in_place(endpoint(), request_for(dump, "summit"), reporter_, "postgresql", {});
  }

  config::EnvironmentMarker marker_{"dev", "dev", "2026-11-21T00:00:00Z", "0123"};
  RecordingReporter reporter_;
};

TEST_F(HostileDatabase, APublicationOfAllTablesTakesTheMarkerAsOftenAsItIsWritten) {
  run("summit", "CREATE PUBLICATION everything FOR ALL TABLES");
  const auto original = dump("summit");
  expect_ok(restore_beside(original));
  EXPECT_EQ(expect_ok(read_marker(endpoint(), "copy")), marker_);
  marker_.environment = "other";
  expect_ok(write_marker(endpoint(), "copy", marker_));
  EXPECT_EQ(expect_ok(read_marker(endpoint(), "copy")), marker_);
}

constexpr std::string_view kRefusal = R"sql(
CREATE MATERIALIZED VIEW public.counted AS SELECT count(*) AS n FROM public.t;
CREATE FUNCTION public.refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'frozen'; END $$;
CREATE EVENT TRIGGER frozen ON ddl_command_start EXECUTE FUNCTION public.refuse();
COMMENT ON EVENT TRIGGER frozen IS 'nothing is defined here';
)sql";

TEST_F(HostileDatabase, AnEventTriggerThatRefusesDefinitionsRefusesNoneOfARestore) {
  run("summit", kRefusal);
  const auto original = dump("summit");
  expect_ok(restore_beside(original));
  EXPECT_EQ(ask("copy", "SELECT n FROM public.counted"), "100");
  EXPECT_EQ(ask("copy", "SELECT obj_description(oid, 'pg_event_trigger') FROM pg_event_trigger"),
            "nothing is defined here");
  EXPECT_FALSE(connect("copy").execute("CREATE TABLE public.more (id integer)").ok());
  EXPECT_EQ(expect_ok(read_marker(endpoint(), "copy")), marker_);
  expect_ok(write_marker(endpoint(), "summit", marker_));
  expect_ok(restore_here(original));
  EXPECT_EQ(lines(original.fingerprints), lines(fingerprints("summit")));
}

constexpr std::string_view kUnreachablePartition = R"sql(
CREATE EXTENSION postgres_fdw SCHEMA public;
CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '1');
CREATE USER MAPPING FOR PUBLIC SERVER far;
CREATE TABLE public.spread (id integer) PARTITION BY RANGE (id);
CREATE TABLE public.near PARTITION OF public.spread FOR VALUES FROM (0) TO (100);
CREATE FOREIGN TABLE public.distant PARTITION OF public.spread FOR VALUES FROM (100) TO (200) SERVER far;
INSERT INTO public.spread SELECT generate_series(1, 99);
)sql";

TEST_F(HostileDatabase, APartitionThatCannotBeReachedCostsStatisticsAndNoRestore) {
  run("summit", kUnreachablePartition);
  const auto original = dump("summit");
  expect_ok(restore_beside(original));
  EXPECT_THAT(reporter_.warnings.events(),
              Contains(AllOf(HasSubstr("spread"), HasSubstr("could not be analyzed"))));
  EXPECT_EQ(ask("copy", "SELECT count(*) FROM public.near"), "99");
  EXPECT_EQ(ask("copy", "SELECT count(*) FROM pg_stats WHERE schemaname = 'public' AND tablename = 't'"),
            "1");

  run("summit", "DELETE FROM public.near");
  SelectedRestore request;
  request.database = "summit";
  request.archive = archive_file(original.archive);
  request.selection.only = {"public.spread", "public.t"};
  request.workspace = directory();
  const auto restored = expect_ok(restore_selected(endpoint(), request, reporter_, "postgresql", {}));
  EXPECT_THAT(restored.notes, Contains(AllOf(HasSubstr("spread"), HasSubstr("could not be analyzed"))));
  EXPECT_EQ(ask("summit", "SELECT count(*) FROM public.near"), "99");
}

TEST_F(HostileDatabase, ADatabaseThatIsReadOnlyByDefaultIsRestored) {
  run("postgres", "ALTER DATABASE summit SET default_transaction_read_only = on");
  const auto original = dump("summit");
  expect_ok(restore_here(original));
  EXPECT_EQ(lines(original.fingerprints), lines(fingerprints("summit")));
}

}  // namespace
}  // namespace summit::postgres
