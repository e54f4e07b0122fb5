// What stays in the table of contents of a part of a database.
#include "stores/postgres/kept_entries.h"

#include <algorithm>

#include "stores/postgres/select_rows.h"
#include "tests/stores/postgres/helper/test_database.h"

namespace summit::postgres {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::Not;

constexpr const char* kDatabase = R"sql(
  CREATE SCHEMA "Other";
  CREATE TABLE public.tenants (id text PRIMARY KEY);
  CREATE TABLE public.users (id bigserial PRIMARY KEY, tenant_id text REFERENCES public.tenants, name text);
  CREATE TABLE public.logs (id serial PRIMARY KEY, user_id bigint REFERENCES public.users, at timestamptz);
  CREATE TABLE public.tasks (id bigint PRIMARY KEY, lead bigint REFERENCES public.users, day date) PARTITION BY RANGE (id);
  CREATE TABLE public.tasks_low PARTITION OF public.tasks FOR VALUES FROM (0) TO (100);
  CREATE TABLE "Other"."Notes" (id bigint PRIMARY KEY, body text);
  CREATE TABLE public.base (created timestamptz);
  CREATE TABLE public.special (x integer) INHERITS (public.base);
  CREATE TABLE public.plans (id integer);
  CREATE FUNCTION public.count_plans() RETURNS bigint LANGUAGE sql RETURN (SELECT count(*) FROM public.plans);
  CREATE TABLE public.offers (id integer, plans bigint DEFAULT public.count_plans());
  CREATE INDEX logs_by_time ON public.logs (at);
  CREATE VIEW public.recent AS SELECT u.name, l.at FROM public.users u JOIN public.logs l ON l.user_id = u.id;
  CREATE VIEW public.names AS SELECT name FROM public.users;
  CREATE MATERIALIZED VIEW public.per_day AS SELECT at::date AS day, count(*) FROM public.recent GROUP BY 1;
  CREATE FUNCTION public.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
  CREATE TRIGGER touch_log BEFORE UPDATE ON public.logs FOR EACH ROW EXECUTE FUNCTION public.touch();
  ALTER TABLE public.logs ENABLE ROW LEVEL SECURITY;
  CREATE POLICY own ON public.logs USING (true);
  COMMENT ON TABLE public.logs IS 'gone';
  COMMENT ON COLUMN public.users.name IS 'stays';
  GRANT SELECT ON public.logs TO PUBLIC;
  GRANT SELECT ON public.users TO PUBLIC;
  CREATE PUBLICATION changes FOR TABLE public.logs, public.users;
  SELECT lo_create(4711);
  COMMENT ON LARGE OBJECT 4711 IS 'of nobody';
)sql";

class KeptEntriesTest : public PostgresTest {
 protected:
  void SetUp() override {
    PostgresTest::SetUp();
    create_database("summit");
    run("summit", kDatabase);
    snapshot_.emplace(expect_ok(Snapshot::open(endpoint(), "summit")));
    expect_ok(snapshot_->take());
  }

  pgarchive::Contents contents() {
    const auto path = directory() / "all.dump";
    run_tool("pg_dump", "summit", {"-Fc", "-f", path.string()});
    return expect_ok(pgarchive::read_contents(expect_ok(read_file(path))))->contents;
  }

  SelectedRows core(const std::vector<std::string>& tables) {
    std::vector<config::Named> named;
    for (const auto& table : tables) named.push_back({table, "sets.yaml:7"});
    return expect_ok(select_rows({endpoint(), "summit", snapshot_->id()}, {"core", "", named, {}}));
  }

  // "INDEX logs_by_time"
  static std::vector<std::string> lines_of(const pgarchive::Contents& contents) {
    std::vector<std::string> lines;
    for (const auto& entry : contents.entries)
      lines.push_back(*entry.description + " " + entry.tag.value_or(""));
    return lines;
  }

  std::optional<Snapshot> snapshot_;
};

TEST_F(KeptEntriesTest, WhatDependsOnATableGoesWithIt) {
  const auto selected = core({"users"});
  EXPECT_THAT(selected.notes, ElementsAre("taken because core tables refer to them: public.tenants"));
  auto kept = contents();
  EXPECT_THAT(keep_entries(kept, *selected.selection), ElementsAre());
  const auto lines = lines_of(kept);
  EXPECT_THAT(
      lines,
      IsSupersetOf({"TABLE tenants", "TABLE users", "SEQUENCE users_id_seq", "SEQUENCE OWNED BY users_id_seq",
                    "SEQUENCE SET users_id_seq", "DEFAULT users id", "TABLE DATA users", "TABLE DATA tenants",
                    "CONSTRAINT users users_pkey", "FK CONSTRAINT users users_tenant_id_fkey", "VIEW names",
                    "ACL TABLE users", "COMMENT COLUMN users.name", "FUNCTION touch()", "PUBLICATION changes",
                    "PUBLICATION TABLE changes users"}));
  for (const auto& line : lines) {
    for (const char* gone : {"logs", "recent", "per_day", "tasks", "Notes", "base", "special", "offers",
                             "plans", "4711", "BLOB"})
      EXPECT_THAT(line, Not(HasSubstr(gone)));
  }
}

TEST_F(KeptEntriesTest, PartitionsStayWithTheirTable) {
  auto kept = contents();
  keep_entries(kept, *core({"tasks"}).selection);
  EXPECT_THAT(lines_of(kept),
              IsSupersetOf({"TABLE tasks", "TABLE tasks_low", "TABLE ATTACH tasks_low",
                            "TABLE DATA tasks_low", "FK CONSTRAINT tasks tasks_lead_fkey", "TABLE users"}));
}

TEST_F(KeptEntriesTest, WhatAKeptTableCannotDoWithoutStaysDefined) {
  const auto selected = core({"special", "offers"});
  auto kept = contents();
  const auto for_others = keep_entries(kept, *selected.selection);
  EXPECT_THAT(for_others,
              testing::UnorderedElementsAre(RelationName{"public", "base"}, RelationName{"public", "plans"}));
  EXPECT_THAT(lines_of(kept),
              IsSupersetOf({"TABLE special", "TABLE base", "TABLE plans", "FUNCTION count_plans()"}));
  EXPECT_EQ(selected.selection->rows_of({"public", "base"}).take, TableRows::Take::kNothing);
  EXPECT_EQ(selected.selection->rows_of({"public", "special"}).take, TableRows::Take::kEverything);
}

TEST_F(KeptEntriesTest, OfAnOwnerAllDefinitionsStayButNoLargeObjects) {
  config::RowSpec spec;
  spec.where = "sets.yaml:5";
  spec.column = {"tenant_id", "sets.yaml:6"};
  run("summit", "INSERT INTO public.tenants VALUES ('acme')");
  const auto selected =
      expect_ok(select_rows({endpoint(), "summit", snapshot_->id()}, {"tenant", "acme", {}, spec}));
  auto kept = contents();
  const auto before = lines_of(kept);
  keep_entries(kept, *selected.selection);
  std::vector<std::string> gone;
  const auto after = lines_of(kept);
  for (const auto& line : before) {
    if (std::find(after.begin(), after.end(), line) == after.end()) gone.push_back(line);
  }
  EXPECT_THAT(gone, testing::UnorderedElementsAre("BLOB 4711", "BLOBS BLOBS", "COMMENT LARGE OBJECT 4711"));
}

// The proof of a table of contents is what the stock program makes of it.
TEST_F(KeptEntriesTest, StockPgRestoreBuildsTheKeptTables) {
  auto kept = contents();
  keep_entries(kept, *core({"users", "tasks", "special", "offers"}).selection);
  for (auto& entry : kept.entries) entry.has_data = false;
  const auto path = directory() / "kept.dump";
  expect_ok(write_file_durably(path, pgarchive::write_contents(kept)));
  create_database("copy");
  run_tool("pg_restore", "copy", {"--schema-only", "--exit-on-error", path.string()});
  EXPECT_EQ(ask("copy",
                "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relkind IN ('r', 'p', "
                "'v', 'm') "
                "AND relnamespace = 'public'::regnamespace"),
            "base names offers plans special tasks tasks_low tenants users");
}

}  // namespace
}  // namespace summit::postgres
