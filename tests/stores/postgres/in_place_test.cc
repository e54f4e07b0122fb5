// A database that is restored in itself.
#include "stores/postgres/in_place.h"

#include <fmt/format.h>

#include "core/task_group.h"
#include "core/wait.h"
#include "stores/postgres/doorkeeper.h"
#include "tests/stores/postgres/helper/awkward_database.h"
#include "tests/stores/postgres/helper/test_database.h"

namespace summit::postgres {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;

class InPlace : public PostgresTest {
 protected:
  void SetUp() override {
    PostgresTest::SetUp();
    create_database("summit");
  }

  Result<Restored> restore_here(const Dump& dump, DatabaseRestore request = {}) {
    request.database = "summit";
    if (!request.archive) request.archive = archive_file(dump.archive);
    request.timescale_version = dump.timescale_version;
    request.workspace = directory();
    request.jobs = 2;
    SilentReporter reporter;
    return restore_in_place(endpoint(), request, reporter, "postgresql", {});
  }
  std::string limit_and_comment() {
    return ask("postgres",
               "SELECT datconnlimit || ' ' || coalesce(shobj_description(oid, 'pg_database'), 'none') FROM "
               "pg_database WHERE datname = 'summit'");
  }
};

TEST_F(InPlace, WhateverWasThereGivesWayToTheArchive) {
  run("postgres", awkward_roles());
  run("summit", awkward_schema());
  run("summit", awkward_rows());
  run("postgres", "COMMENT ON DATABASE summit IS 'the platform'");
  const auto original = dump("summit");
  const std::string oid = ask("postgres", "SELECT oid FROM pg_database WHERE datname = 'summit'");
  run("summit",
      "CREATE SCHEMA later; CREATE TABLE later.t (id integer); CREATE PUBLICATION everything FOR ALL TABLES; "
      "SELECT lo_create(99); DROP TABLE public.\"Users\" CASCADE; CREATE CAST (public.address AS text) WITH "
      "INOUT");
  expect_ok(restore_here(original));
  EXPECT_EQ(lines(original.fingerprints), lines(fingerprints("summit")));
  EXPECT_EQ(ask("postgres", "SELECT oid FROM pg_database WHERE datname = 'summit'"), oid);
  EXPECT_EQ(limit_and_comment(), "-1 the platform");
  EXPECT_EQ(ask("summit", "SELECT environment FROM summit_dr.environment"), "source");
}

TEST_F(InPlace, DefaultPrivilegesGiveNothingToWhatComesBack) {
  run("summit",
      "CREATE TABLE public.t (id integer); CREATE SCHEMA later; CREATE FUNCTION public.f() RETURNS integer "
      "LANGUAGE sql RETURN 1; ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC; ALTER DEFAULT "
      "PRIVILEGES GRANT ALL ON SCHEMAS TO pg_monitor; ALTER DEFAULT PRIVILEGES IN SCHEMA later GRANT SELECT "
      "ON "
      "TABLES TO pg_monitor; ALTER DEFAULT PRIVILEGES REVOKE ALL ON FUNCTIONS FROM PUBLIC, CURRENT_USER");
  const auto original = dump("summit");
  run("summit", "ALTER DEFAULT PRIVILEGES GRANT USAGE ON SEQUENCES TO PUBLIC");
  expect_ok(restore_here(original));
  EXPECT_EQ(lines(original.fingerprints), lines(fingerprints("summit")));
}

TEST_F(InPlace, MoreLargeObjectsGoThanTheServerHasLocks) {
  run("summit", "SELECT lo_from_bytea(7, 'kept')");
  const auto original = dump("summit");
  const int locks = std::stoi(ask("summit",
                                  "SELECT current_setting('max_locks_per_transaction')::integer * (1 + "
                                  "current_setting('max_connections')::integer)"));
  for (int made = 0; made < 3 * locks; made += 1000)
    run("summit", "SELECT count(lo_create(0)) FROM generate_series(1, 1000)");
  expect_ok(restore_here(original));
  EXPECT_EQ(lines(original.fingerprints), lines(fingerprints("summit")));
}

TEST_F(InPlace, WhoIsConnectedIsNamed) {
  run("summit", "CREATE TABLE public.t (id integer)");
  const auto original = dump("summit");
  auto user = connect("summit");
  const auto restored = restore_here(original);
  ASSERT_FALSE(restored.ok());
  EXPECT_EQ(restored.error().code(), Code::kBusy);
  EXPECT_THAT(restored.error().message(), HasSubstr(fmt::format("pid {}", user.backend_pid())));
  EXPECT_TRUE(user.execute("SELECT count(*) FROM public.t").ok());
}

TEST_F(InPlace, SessionsAreEndedAndKeptOutUntilTheEnd) {
  run("summit", "CREATE TABLE public.t AS SELECT generate_series(1, 1000) AS id");
  run("postgres",
      "CREATE ROLE client LOGIN PASSWORD 'c'; ALTER DATABASE summit CONNECTION LIMIT 42; COMMENT ON DATABASE "
      "summit IS 'mine'");
  const auto original = dump("summit");
  auto as_client = endpoint();
  as_client.user = "client";
  as_client.password = Secret("c");
  auto user = expect_ok(Connection::open(as_client, "summit"));

  DatabaseRestore request;
  request.terminate_connections = true;
  Error refused(Code::kFailed, "the client was let in");
  request.archive = [&](const std::function<Result<void>(ByteView)>& consume) {
    auto tried = Connection::open(as_client, "summit");
    if (!tried.ok()) refused = tried.error();
    return archive_file(original.archive)(consume);
  };
  expect_ok(restore_here(original, request));
  EXPECT_THAT(refused.message(), HasSubstr("too many connections"));
  EXPECT_FALSE(user.execute("SELECT 1").ok());
  EXPECT_TRUE(Connection::open(as_client, "summit").ok());
  EXPECT_EQ(limit_and_comment(), "42 mine");
}

TEST_F(InPlace, AFailureLetsClientsInAgain) {
  run("summit", "CREATE TABLE public.t AS SELECT generate_series(1, 1000) AS id");
  const auto original = dump("summit");
  DatabaseRestore request;
  request.terminate_connections = true;
  bool first = true;
  request.archive = [&](const std::function<Result<void>(ByteView)>& consume) -> Result<void> {
    RETURN_IF_ERROR(archive_file(original.archive)(consume));
    if (std::exchange(first, false)) return {};  // the reading of its table of contents
    return Error(Code::kCorrupt, "its SHA-256 is not the recorded one");
  };
  const auto restored = restore_here(original, request);
  ASSERT_FALSE(restored.ok());
  EXPECT_EQ(restored.error().code(), Code::kCorrupt);
  EXPECT_THAT(restored.error().message(), HasSubstr("incomplete"));
  EXPECT_EQ(limit_and_comment(), "-1 none");
}

TEST_F(InPlace, WhatAKilledRestoreKeptClosedIsOpenedByTheNext) {
  run("postgres", "ALTER DATABASE summit CONNECTION LIMIT 7; COMMENT ON DATABASE summit IS 'it''s mine'");
  run("postgres",
      "ALTER DATABASE summit CONNECTION LIMIT 0; COMMENT ON DATABASE summit IS 'summit-dr: restored in "
      "place; "
      "connection limit before: 7; comment before: it''s mine'");
  {
    auto keeper = expect_ok(Doorkeeper::close(endpoint(), "summit"));
    EXPECT_TRUE(keeper.closed());
    EXPECT_THAT(limit_and_comment(), AllOf(HasSubstr("0 summit-dr"), HasSubstr("before: 7;")));
  }
  EXPECT_EQ(limit_and_comment(), "7 it's mine");
}

TEST_F(InPlace, AMissingRightIsNamedBeforeAnythingGoes) {
  run("summit", "CREATE TABLE public.t (id integer)");
  const auto original = dump("summit");
  run("postgres", "CREATE ROLE plain LOGIN PASSWORD 'p'");
  auto plain = endpoint();
  plain.user = "plain";
  plain.password = Secret("p");
  DatabaseRestore request;
  request.database = "summit";
  request.archive = archive_file(original.archive);
  request.workspace = directory();
  SilentReporter reporter;
  const auto in_place = restore_in_place(plain, request, reporter, "postgresql", {});
  ASSERT_FALSE(in_place.ok());
  EXPECT_EQ(in_place.error().code(), Code::kDenied);
  EXPECT_THAT(in_place.error().message(), HasSubstr("does not own database summit"));
  const auto swapped = restore_database(plain, request, reporter, "postgresql", {});
  ASSERT_FALSE(swapped.ok());
  EXPECT_EQ(swapped.error().code(), Code::kDenied);
  EXPECT_THAT(swapped.error().hint(), HasSubstr("CREATEDB"));
  EXPECT_TRUE(connect("summit").execute("SELECT FROM public.t").ok());
}

}  // namespace
}  // namespace summit::postgres
