// What the random databases of closure_test.cc do not have, and every error of a selection.
#include "stores/postgres/select_rows.h"

#include <fmt/format.h>

#include "stores/postgres/sql.h"
#include "tests/stores/postgres/helper/test_database.h"

namespace summit::postgres {
namespace {

using config::OutsidePolicy;
using testing::HasSubstr;

config::RowSpec by_column(const std::string& column) {
  config::RowSpec spec;
  spec.where = "sets.yaml:5";
  spec.column = {column, "sets.yaml:6"};
  spec.owned_auto = true;
  return spec;
}

config::RowSpec from_start(const std::string& table, const std::string& column) {
  config::RowSpec spec;
  spec.where = "sets.yaml:5";
  spec.start = config::RowSpec::Start{{table, "sets.yaml:6"}, column};
  spec.owned_auto = true;
  return spec;
}

class SelectRowsTest : public PostgresTest {
 protected:
  void SetUp() override {
    PostgresTest::SetUp();
    create_database("summit");
  }

  Result<SelectedRows> select(const config::RowSpec& spec, const std::string& id) {
    return select_as(endpoint(), {"tenant", id, {}, spec});
  }

  Result<SelectedRows> select_as(const config::PostgresEndpoint& as, const SelectionRequest& request) {
    snapshot_.reset();
    snapshot_.emplace(expect_ok(Snapshot::open(as, "summit")));
    expect_ok(snapshot_->take());
    return select_rows({as, "summit", snapshot_->id()}, request);
  }

  // The values of a column among the selected rows of a relation, in their order.
  static std::string values(const SelectedRows& selected, const RelationName& relation,
                            const std::string& column) {
    const auto rows = selected.selection->rows_of(relation);
    if (rows.take == TableRows::Take::kNothing) return "nothing";
    const auto from = rows.take == TableRows::Take::kSome ? rows.from : "FROM ONLY " + relation.quoted();
    return expect_ok(selected.selection->connection().scalar(
        fmt::format("SELECT string_agg(v, ' ' ORDER BY v) FROM (SELECT {}::text AS v {}) x", column, from)));
  }

  std::optional<Snapshot> snapshot_;
};

TEST_F(SelectRowsTest, ALongChainOfOneTableIsFollowedToItsEnd) {
  run("summit",
      "CREATE TABLE public.steps (id integer PRIMARY KEY, owner text, before integer REFERENCES "
      "public.steps);"
      "INSERT INTO public.steps SELECT i, CASE WHEN i = 400 THEN 'acme' END, NULLIF(i - 1, 0) FROM "
      "generate_series(1, 500) i;"
      "UPDATE public.steps SET before = 399 WHERE id = 1");
  const auto selected = expect_ok(select(by_column("owner"), "acme"));
  EXPECT_EQ(
      expect_ok(selected.selection->connection().scalar(
          "SELECT count(*) || ' ' || max(id) " + selected.selection->rows_of({"public", "steps"}).from)),
      "400 400");
  EXPECT_TRUE(selected.leaving.empty()) << "steps without an owner are shared";
}

TEST_F(SelectRowsTest, PartsWithOtherColumnOrdersAndKeysOfOnePartOnly) {
  run("summit",
      "CREATE TABLE public.kinds (id integer PRIMARY KEY, name text);"
      "INSERT INTO public.kinds VALUES (1, 'one'), (2, 'two'), (3, 'three');"
      "CREATE TABLE public.items (id integer, owner text, kind integer) PARTITION BY LIST (id);"
      "CREATE TABLE public.items_odd (gone text, kind integer, owner text, id integer);"
      "ALTER TABLE public.items_odd DROP COLUMN gone;"
      "ALTER TABLE public.items ATTACH PARTITION public.items_odd FOR VALUES IN (1, 3);"
      "CREATE TABLE public.items_even PARTITION OF public.items FOR VALUES IN (2, 4);"
      "ALTER TABLE public.items_odd ADD FOREIGN KEY (kind) REFERENCES public.kinds;"
      "INSERT INTO public.items VALUES (1, 'acme', 1), (2, 'acme', 2), (3, 'globex', 3), (4, 'globex', 3)");
  const auto selected = expect_ok(select(by_column("owner"), "acme"));
  EXPECT_EQ(values(selected, {"public", "items_odd"}, "id"), "1");
  EXPECT_EQ(values(selected, {"public", "items_even"}, "id"), "2");
  EXPECT_EQ(values(selected, {"public", "kinds"}, "name"), "one")
      << "no key leads from the even ones to a kind";
}

TEST_F(SelectRowsTest, RowsOfInheritingTablesAreTheirOwn) {
  run("summit",
      "CREATE TABLE public.vehicles (id integer PRIMARY KEY, owner text);"
      "CREATE TABLE public.ships (imo integer) INHERITS (public.vehicles);"
      "INSERT INTO public.vehicles VALUES (1, 'acme'), (2, 'globex');"
      "INSERT INTO public.ships VALUES (1, 'globex', 70), (3, 'acme', 71)");
  const auto selected = expect_ok(select(by_column("owner"), "acme"));
  EXPECT_EQ(values(selected, {"public", "vehicles"}, "id"), "1");
  EXPECT_EQ(values(selected, {"public", "ships"}, "id"), "3");
}

// A cast to varchar(4) would cut the id to another owner's.
TEST_F(SelectRowsTest, AnIdIsComparedAsAWholeInEveryType) {
  run("summit",
      "CREATE EXTENSION citext SCHEMA public;"
      "CREATE DOMAIN public.short AS varchar(4);"
      "CREATE TABLE public.a (n integer, owner text);"
      "CREATE TABLE public.b (n integer, owner varchar(4));"
      "CREATE TABLE public.c (n integer, owner char(12));"
      "CREATE TABLE public.d (n integer, owner public.citext);"
      "CREATE TABLE public.e (n integer, owner public.short)");
  for (const char* table : {"a", "b", "c", "d", "e"})
    run("summit", fmt::format("INSERT INTO public.{} VALUES (1, 'acme'), (2, 'ACME')", table));
  run("summit", "INSERT INTO public.a VALUES (3, 'acme-north')");
  const auto acme = expect_ok(select(by_column("owner"), "acme"));
  for (const char* table : {"a", "b", "c", "e"})
    EXPECT_EQ(values(acme, {"public", table}, "n"), "1") << table;
  EXPECT_EQ(values(acme, {"public", "d"}, "n"), "1 2") << "citext knows no case";
  const auto north = expect_ok(select(by_column("owner"), "acme-north"));
  EXPECT_EQ(values(north, {"public", "a"}, "n"), "3");
  for (const char* table : {"b", "c", "d", "e"})
    EXPECT_EQ(values(north, {"public", table}, "n"), "nothing") << table;
}

TEST_F(SelectRowsTest, AnIdIsNeverTakenForSql) {
  run("summit",
      "CREATE TABLE public.a (n integer, owner text); INSERT INTO public.a VALUES (1, 'acme'), (2, "
      "'globex')");
  for (const char* id : {"x' OR true --", "acme'; DROP TABLE public.a; --", "\\", "$1", "%s", "{}"}) {
    const auto selected = select(by_column("owner"), id);
    ASSERT_TRUE(selected.ok()) << selected.error().to_string();
    EXPECT_EQ(selected->owned_rows, 0U) << id;
  }
  EXPECT_EQ(ask("summit", "SELECT count(*) FROM public.a"), "2");
}

TEST_F(SelectRowsTest, OnlyWhatTheSnapshotShowsIsTaken) {
  run("summit",
      "CREATE TABLE public.a (n integer, owner text); INSERT INTO public.a VALUES (1, 'acme'), (2, "
      "'globex')");
  snapshot_.emplace(expect_ok(Snapshot::open(endpoint(), "summit")));
  expect_ok(snapshot_->take());
  run("summit",
      "INSERT INTO public.a VALUES (3, 'acme'); UPDATE public.a SET owner = 'globex' WHERE n = 1; "
      "UPDATE public.a SET owner = 'acme' WHERE n = 2");
  const auto spec = by_column("owner");
  const auto selected =
      expect_ok(select_rows({endpoint(), "summit", snapshot_->id()}, {"tenant", "acme", {}, spec}));
  run("summit", "DELETE FROM public.a");
  run("summit", "VACUUM public.a");
  EXPECT_EQ(values(selected, {"public", "a"}, "n"), "1");
}

TEST_F(SelectRowsTest, HypertablesAreReadChunkByChunk) {
  run("summit",
      "CREATE EXTENSION timescaledb SCHEMA public;"
      "CREATE TABLE public.events (at timestamptz NOT NULL, id integer, owner text);"
      "SELECT public.create_hypertable('public.events', 'at', chunk_time_interval => interval '1 day');"
      "INSERT INTO public.events SELECT '2026-01-01'::timestamptz + i * interval '6 hours', i, "
      "CASE WHEN i % 2 = 0 THEN 'acme' ELSE 'globex' END FROM generate_series(0, 11) i");
  const auto selected = expect_ok(select(by_column("owner"), "acme"));
  auto chunks = expect_ok(
      connect("summit").query("SELECT schema_name, table_name FROM _timescaledb_catalog.chunk ORDER BY id"));
  ASSERT_EQ(chunks.size(), 3U);
  std::string all;
  for (size_t i = 0; i < chunks.size(); ++i)
    all += values(selected, {chunks.string(i, 0), chunks.string(i, 1)}, "id") + "; ";
  EXPECT_EQ(all, "0 2; 4 6; 10 8; ");
  EXPECT_EQ(selected.selection->rows_of({"_timescaledb_catalog", "hypertable"}).take,
            TableRows::Take::kEverything);

  // What compression writes into the catalog; compressing itself needs another licence.
  run("summit",
      "UPDATE _timescaledb_catalog.chunk SET compressed_chunk_id = (SELECT max(id) FROM "
      "_timescaledb_catalog.chunk) "
      "WHERE id = (SELECT min(id) FROM _timescaledb_catalog.chunk)");
  const auto compressed = select(by_column("owner"), "acme");
  ASSERT_FALSE(compressed.ok());
  EXPECT_EQ(compressed.error().code(), Code::kUnsupported);
  EXPECT_THAT(compressed.error().message(), HasSubstr("hypertable public.events has compressed chunks"));
  auto whole = by_column("owner");
  whole.whole = {{"events", "sets.yaml:8"}};
  EXPECT_TRUE(select(whole, "acme").ok());
}

TEST_F(SelectRowsTest, WhatLeavesIsSaidAndWhatMayNotLeaveIsRefused) {
  run("summit",
      "CREATE TABLE public.users (id integer PRIMARY KEY, owner text NOT NULL);"
      "CREATE TABLE public.cases (id integer PRIMARY KEY, owner text NOT NULL, lead integer REFERENCES "
      "public.users, "
      "auditor integer NOT NULL REFERENCES public.users);"
      "INSERT INTO public.users VALUES (1, 'acme'), (2, 'globex'), (3, 'globex');"
      "INSERT INTO public.cases VALUES (10, 'acme', 1, 1), (11, 'acme', 2, 1), (12, 'acme', 2, 3), (13, "
      "'globex', 3, 3)");
  auto spec = by_column("owner");
  auto selected = expect_ok(select(spec, "acme"));
  EXPECT_THAT(
      selected.notes,
      testing::UnorderedElementsAre(
          "2 rows refer by public.cases.lead to rows of public.users that lie outside: those rows are in "
          "this "
          "backup, with what they refer to",
          "1 rows refer by public.cases.auditor to rows of public.users that lie outside: those rows are in "
          "this backup, with what they refer to"));
  EXPECT_EQ(values(selected, {"public", "users"}, "id"), "1 2 3");

  spec.outside_of = {{{"cases.lead", "sets.yaml:9"}, OutsidePolicy::kNull}};
  selected = expect_ok(select(spec, "acme"));
  EXPECT_EQ(values(selected, {"public", "users"}, "id"), "1 3");
  const auto rows = selected.selection->rows_of({"public", "cases"});
  EXPECT_EQ(expect_ok(selected.selection->connection().scalar(
                fmt::format("SELECT string_agg(id || ':' || coalesce(lead::text, '-'), ' ' ORDER BY id) FROM "
                            "(SELECT id, {} AS lead {}) x",
                            rows.replaced.at("\"lead\""), rows.from))),
            "10:1 11:- 12:-");

  spec.outside = OutsidePolicy::kNull;
  auto refused = select(spec, "acme");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), Code::kRefused);
  EXPECT_THAT(refused.error().message(),
              HasSubstr("1 rows of public.cases refer by auditor to rows of public.users that "
                        "are not taken, and the column cannot be empty"));
  spec.outside = OutsidePolicy::kFail;
  refused = select(spec, "acme");
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(
      refused.error().message(),
      HasSubstr("1 rows of public.cases refer by auditor to rows of public.users that belong to others"));
  EXPECT_THAT(refused.error().hint(), HasSubstr("`public.cases.auditor: include`"));
}

TEST_F(SelectRowsTest, MistakesNameTheirLineAndTheFix) {
  run("summit",
      "CREATE TABLE public.users (id uuid PRIMARY KEY, owner uuid); CREATE TABLE public.notes (id integer, n "
      "integer)");
  const std::string id = "00000000-0000-4000-8000-000000000001";
  const auto error_of = [&](const config::RowSpec& spec, const std::string& owner) {
    auto selected = select(spec, owner);
    if (!selected.ok()) return std::move(selected).error();
    auto checked = check_selected({&*selected});
    return checked.ok() ? Error(Code::kFailed, "none") : std::move(checked).error();
  };
  struct Mistake {
    config::RowSpec spec;
    Code code;
    std::string message;
    std::string hint;
  };
  auto whole = by_column("owner");
  whole.whole = {{"countries", "sets.yaml:8"}};
  auto both = by_column("owner");
  both.whole = both.excluded = {{"notes", "sets.yaml:8"}};
  auto owned = by_column("owner");
  owned.owned_auto = false;
  owned.owned = {{"notes", "sets.yaml:8"}};
  auto outside = by_column("owner");
  outside.outside_of = {{{"notes.n", "sets.yaml:9"}, OutsidePolicy::kFail}};
  auto reference = by_column("owner");
  reference.references = {{{"notes", "sets.yaml:9"}, {"x"}, "users", {"id"}, "", ""}};
  const std::vector<Mistake> mistakes = {
      {by_column("tenant"), Code::kConfig,
       "sets.yaml:6: a table with the column `tenant` is not in the database", "correct `column`"},
      {from_start("userz", "id"), Code::kConfig, "sets.yaml:6: table `userz` is not in the database",
       "correct the name"},
      {from_start("users", "key"), Code::kConfig, "the column `key` of `public.users` is not in the database",
       "its columns are id, owner"},
      {whole, Code::kConfig, "sets.yaml:8: table `countries` is not in the database", "correct the name"},
      {both, Code::kConfig, "table `public.notes` is both `whole` and under `exclude`", "keep one"},
      {owned, Code::kConfig, "table `notes` is `owned`, and it refers to no table with owned rows",
       "`references`"},
      {outside, Code::kConfig, "sets.yaml:9: the reference `notes.n` of `outside` is not in the database",
       "`references`"},
      {reference, Code::kConfig, "sets.yaml:9: the column `x` of `public.notes` is not in the database",
       "id, n"},
      {by_column("owner"), Code::kNotFound, "no row belongs to tenant `" + id + "`",
       "SELECT DISTINCT \"owner\" FROM \"public\".\"users\""},
  };
  for (const auto& mistake : mistakes) {
    const auto error = error_of(mistake.spec, id);
    EXPECT_EQ(error.code(), mistake.code) << error.to_string();
    EXPECT_THAT(error.message(), HasSubstr(mistake.message));
    EXPECT_THAT(error.hint(), HasSubstr(mistake.hint));
  }
  const auto no_id = error_of(by_column("owner"), "acme");
  EXPECT_EQ(no_id.code(), Code::kUsage);
  EXPECT_EQ(no_id.message(), "`acme` is no id: column owner of public.users is of type uuid");
  EXPECT_THAT(no_id.hint(), HasSubstr("SELECT DISTINCT \"owner\""));
}

TEST_F(SelectRowsTest, NamesNeedOnlyBeInOneOfTheDatabases) {
  run("summit", "CREATE TABLE public.a (owner text); INSERT INTO public.a VALUES ('acme')");
  auto spec = by_column("owner");
  spec.whole = {{"elsewhere", "sets.yaml:8"}};
  const auto here = expect_ok(select(spec, "acme"));
  EXPECT_FALSE(check_selected({&here}).ok());
  SelectedRows other;
  other.unknown_owner.push_back(Error(Code::kNotFound, "not there"));
  EXPECT_TRUE(check_selected({&here, &other}).ok()) << "the other one has the table, this one the owner";
}

TEST_F(SelectRowsTest, WithoutTheRightToTemporaryTables) {
  run("summit",
      "CREATE TABLE public.a (owner text); CREATE ROLE reader LOGIN PASSWORD 'reads'; GRANT SELECT ON "
      "public.a TO reader;"
      "REVOKE TEMPORARY ON DATABASE summit FROM PUBLIC");
  auto reader = endpoint();
  reader.user = "reader";
  reader.password = Secret("reads");
  const auto spec = by_column("owner");
  const auto selected = select_as(reader, {"tenant", "acme", {}, spec});
  ASSERT_FALSE(selected.ok());
  EXPECT_EQ(selected.error().code(), Code::kDenied) << selected.error().to_string();
  EXPECT_EQ(selected.error().hint(), "GRANT TEMPORARY ON DATABASE \"summit\" TO \"reader\"");
}

TEST_F(SelectRowsTest, AStandbyCannotSelectAnOwnerButCoreTables) {
  run("summit", "CREATE TABLE public.a (owner text); CREATE TABLE public.b (x integer)");
  expect_ok(server().stop());
  expect_ok(write_file_durably(server().cluster_directory() / "standby.signal", ""));
  expect_ok(server().start());
  const auto spec = by_column("owner");
  const auto selected = select_as(endpoint(), {"tenant", "acme", {}, spec});
  ASSERT_FALSE(selected.ok());
  EXPECT_EQ(selected.error().code(), Code::kUnsupported) << selected.error().to_string();
  EXPECT_THAT(selected.error().hint(), HasSubstr("from the primary"));

  const auto core = expect_ok(select_as(endpoint(), {"core", "", {{"a", "sets.yaml:7"}}, {}}));
  EXPECT_TRUE(core.selection->keeps_definition({"public", "a"}));
  EXPECT_FALSE(core.selection->keeps_definition({"public", "b"}));
}

}  // namespace
}  // namespace summit::postgres
