// The other versions of PostgreSQL as servers: each with its own pg_dump and pg_restore beside it.
#include <fmt/format.h>

#include "stores/postgres/archive_reading.h"
#include "stores/postgres/globals.h"
#include "stores/postgres/probe.h"
#include "stores/postgres/selected_restore.h"
#include "tests/stores/postgres/helper/awkward_database.h"
#include "tests/stores/postgres/helper/shared_server.h"
#include "tests/stores/postgres/helper/stock_archive.h"
#include "tests/stores/postgres/helper/test_database.h"

namespace summit::postgres {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;

// What these versions know and 16 does not, and what only an archive can get wrong.
std::string more_objects(int major) {
  std::string sql = R"sql(
SET search_path = public;
CREATE TABLE only_generated (one integer GENERATED ALWAYS AS (1) STORED);
INSERT INTO only_generated SELECT FROM generate_series(1, 3);
GRANT UPDATE ON LARGE OBJECT 70003 TO auditor;
ALTER LARGE OBJECT 70002 OWNER TO "Mixed Owner";
)sql";
  if (major >= 17) {
    sql += R"sql(
CREATE TABLE with_identity (id bigint GENERATED ALWAYS AS IDENTITY, at date) PARTITION BY RANGE (at);
CREATE TABLE with_identity_all PARTITION OF with_identity DEFAULT;
INSERT INTO with_identity (at) SELECT date '2026-01-01' + i FROM generate_series(1, 30) i;
GRANT MAINTAIN ON with_identity TO reader;
)sql";
  }
  if (major >= 18) {
    sql += R"sql(
CREATE TABLE virtually (a integer NOT NULL, twice integer GENERATED ALWAYS AS (a * 2) VIRTUAL, note text);
INSERT INTO virtually (a, note) SELECT i, 'note ' || i FROM generate_series(1, 50) i;
ALTER TABLE virtually ADD CONSTRAINT "note is there" NOT NULL note NOT VALID;
CREATE TABLE shifts (room int4range, during tstzrange, n integer, PRIMARY KEY (room, during WITHOUT OVERLAPS));
INSERT INTO shifts SELECT int4range(i, i + 1), tstzrange('2026-01-01', '2026-02-01'), i FROM generate_series(1, 20) i;
CREATE TABLE relaxed (parent integer REFERENCES "Users" (id) NOT ENFORCED);
INSERT INTO relaxed VALUES (1), (-1);
)sql";
  }
  return sql;
}

class VersionsTest : public PostgresTest {
 protected:
  void fill() {
    create_database("summit");
    run("postgres", awkward_roles());
    run("summit", plain_awkward_schema());
    run("summit", plain_awkward_rows());
    run("summit", more_objects(major()));
  }
  fs::path stock_dump(const std::string& database) {
    const fs::path path = directory() / (database + ".stock.dump");
    run_tool("pg_dump", database,
             {"--format=custom", "--file=" + path.string(), "--exclude-schema=summit_dr"});
    return path;
  }
  std::vector<std::string> script(const fs::path& archive) { return script_of(tool("pg_restore"), archive); }
  void stock_restore(const std::string& database, const fs::path& archive) {
    create_database(database);
    run_tool("pg_restore", database, {"--jobs=2", "--exit-on-error", archive.string()});
  }
  void expect_same_dump(const std::string& left, const std::string& right) {
    EXPECT_THAT(only_in_one(script(stock_dump(left)), script(stock_dump(right))), IsEmpty());
  }
};

class Version : public VersionsTest, public testing::WithParamInterface<int> {
 protected:
  int major() const override { return GetParam(); }
};

INSTANTIATE_TEST_SUITE_P(, Version, testing::Values(15, 17, 18),
                         [](const auto& major) { return std::to_string(major.param); });

TEST_P(Version, OurArchiveIsThatOfPgDump) {
  fill();
  EXPECT_EQ(connect("summit").server_version() / 10000, GetParam());
  const Dump ours = dump("summit");
  const auto stock = stock_dump("summit");
  EXPECT_EQ(listed(tool("pg_restore"), ours.archive), listed(tool("pg_restore"), stock));
  EXPECT_THAT(only_in_one(script(ours.archive), script(stock)), IsEmpty());
}

TEST_P(Version, WeAndItsPgRestoreMakeTheSameOfOurArchive) {
  fill();
  const Dump ours = dump("summit");
  EXPECT_THAT(lines(ours.fingerprints), Contains(HasSubstr("large_objects: 5 ")));
  expect_ok(restore("by_us", ours.archive));
  EXPECT_EQ(lines(fingerprints("by_us")), lines(ours.fingerprints));
  expect_same_definitions("by_us", "summit");
  stock_restore("of_ours", ours.archive);
  expect_same_dump("of_ours", "by_us");
  stock_restore("of_stock", stock_dump("summit"));
  expect_same_dump("of_ours", "of_stock");
}

TEST_P(Version, ArchivesOfItsPgDumpAreRestored) {
  fill();
  const auto original = lines(fingerprints("summit"));
  expect_ok(restore("copy", stock_dump("summit")));
  EXPECT_EQ(lines(fingerprints("copy")), original);
}

TEST_P(Version, ADatabaseInUseIsReplacedAndRolesComeBack) {
  fill();
  const Dump ours = dump("summit");
  const auto globals = expect_ok(globals_with_passwords(endpoint()));
  run("summit", "DELETE FROM public.\"Users\" WHERE age > 10; DROP TABLE public.measures CASCADE");
  run("postgres", "ALTER ROLE auditor RENAME TO somebody_else");
  auto connection = connect("postgres");
  EXPECT_THAT(expect_ok(create_missing_roles(connection, globals)).created, UnorderedElementsAre("auditor"));
  auto user = connect("summit");
  DatabaseRestore options;
  options.terminate_connections = true;
  expect_ok(restore("summit", ours.archive, options));
  EXPECT_EQ(lines(fingerprints("summit")), lines(ours.fingerprints));
  auto target = endpoint();
  target.databases = {"summit"};
  EXPECT_THAT(expect_ok(probe(target)), Contains(HasSubstr("indexes valid")));
}

TEST_P(Version, SomeTablesComeBackAlone) {
  fill();
  const Dump ours = dump("summit");
  const auto before = lines(fingerprints("summit"));
  run("summit", "DELETE FROM public.measures; UPDATE ONLY public.parent SET name = 'changed'");
  SelectedRestore request;
  request.database = "summit";
  request.archive = archive_file(ours.archive);
  request.selection = {{"public.measures", "public.parent"}, {}};
  request.workspace = directory();
  SilentReporter reporter;
  expect_ok(restore_selected(endpoint(), request, reporter, "postgresql", {}));
  EXPECT_EQ(lines(fingerprints("summit")), before);
}

// From an older server to a newer one: an upgrade.
class Upgrade : public VersionsTest, public testing::WithParamInterface<std::pair<int, int>> {
 protected:
  int major() const override { return GetParam().first; }
};

INSTANTIATE_TEST_SUITE_P(, Upgrade, testing::Values(std::pair(15, 16), std::pair(16, 17), std::pair(16, 18)),
                         [](const auto& pair) {
                           return fmt::format("{}to{}", pair.param.first, pair.param.second);
                         });

TEST_P(Upgrade, KeepsEveryRowSequenceAndLargeObject) {
  create_database("summit");
  run("postgres", awkward_roles());
  run("summit", plain_awkward_schema());
  run("summit", plain_awkward_rows());
  Dump ours = dump("summit");
  const auto globals = expect_ok(globals_with_passwords(endpoint()));

  use(empty_server(GetParam().second));
  auto connection = connect("postgres");
  ASSERT_EQ(connection.server_version() / 10000, GetParam().second);
  expect_ok(create_missing_roles(connection, globals));
  expect_ok(restore("copy", ours.archive));
  auto there = fingerprints("copy");
  // Each version describes definitions in its own way.
  for (auto* all : {&there, &ours.fingerprints})
    std::erase_if(*all, [](const Fingerprint& one) { return one.kind == "schema"; });
  EXPECT_EQ(lines(there), lines(ours.fingerprints));
}

TEST_P(Upgrade, TheWayBackIsRefusedBeforeAnythingChanges) {
  const auto [older, newer] = GetParam();
  use(empty_server(newer));
  create_database("summit");
  run("summit", "CREATE TABLE public.t AS SELECT 1 AS new");
  const Dump ours = dump("summit");
  use(empty_server(older));
  create_database("summit");
  run("summit", "CREATE TABLE public.t AS SELECT 2 AS old");
  const auto contents = expect_ok(read_contents(archive_file(ours.archive)));
  const auto expected =
      AllOf(HasSubstr(fmt::format("made by pg_dump {}.", newer)), HasSubstr("is too old for it"));
  EXPECT_THAT(expect_ok(foresee_obstacles(endpoint(), "summit", contents, "")), ElementsAre(expected));
  const auto restored = restore("summit", ours.archive);
  ASSERT_FALSE(restored.ok());
  EXPECT_EQ(restored.error().code(), Code::kUnsupported);
  EXPECT_THAT(restored.error().message(), expected);
  EXPECT_EQ(ask("summit", "SELECT old FROM public.t"), "2");
  EXPECT_THAT(databases(), Not(Contains(HasSubstr("_restoring_"))));
}

}  // namespace
}  // namespace summit::postgres
