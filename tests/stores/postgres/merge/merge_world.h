// A small platform of several tenants in one database, and archives of one of them.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/process.h"
#include "core/task_group.h"
#include "stores/postgres/merge/merge.h"
#include "stores/postgres/sql.h"
#include "tests/stores/postgres/helper/test_database.h"

namespace summit::postgres::merge {

class MergeTest : public testing::Test {
 protected:
  // Rows of acme and globex in tables that have the column, that have it not, that have no key, in
  // partitions, in a cycle of immediate foreign keys, and beside them what both share.
  static std::string_view platform() {
    return R"sql(
      CREATE TABLE public.tenants (id text PRIMARY KEY, name text, settings json);
      CREATE TABLE public.countries (code text PRIMARY KEY, name text);
      CREATE TABLE public.users (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tenant_id text NOT NULL REFERENCES public.tenants,
        login text NOT NULL UNIQUE, manager_id bigint REFERENCES public.users, country text REFERENCES public.countries,
        search text GENERATED ALWAYS AS (upper(login)) STORED);
      CREATE TABLE public."Tasks" (
        id bigserial PRIMARY KEY, tenant_id text NOT NULL, "Owner" bigint REFERENCES public.users ON DELETE CASCADE,
        parent_id bigint REFERENCES public."Tasks" DEFERRABLE INITIALLY DEFERRED, title text, tags text[], payload jsonb);
      CREATE TABLE public.results (
        id integer PRIMARY KEY, task_id bigint NOT NULL REFERENCES public."Tasks" ON DELETE CASCADE, body bytea);
      CREATE TABLE public.lines (tenant_id text, line text, number numeric);
      CREATE TABLE public.billing (id bigint, tenant_id text NOT NULL, due date NOT NULL, amount numeric,
        PRIMARY KEY (id, due)) PARTITION BY RANGE (due);
      CREATE TABLE public.billing_2025 PARTITION OF public.billing FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
      CREATE TABLE public.billing_rest PARTITION OF public.billing DEFAULT;
      CREATE TABLE public.chickens (id integer PRIMARY KEY, tenant_id text, egg_id integer NOT NULL);
      CREATE TABLE public.eggs (id integer PRIMARY KEY, tenant_id text, chicken_id integer NOT NULL REFERENCES public.chickens);
      ALTER TABLE public.chickens ADD FOREIGN KEY (egg_id) REFERENCES public.eggs;
      CREATE TABLE public.audit (seq bigint PRIMARY KEY, tenant_id text, entry text);
      CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'entries never change'; END $$;
      CREATE FUNCTION public.stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.title := 'stamped'; RETURN NEW; END $$;
      CREATE MATERIALIZED VIEW public.sizes AS SELECT tenant_id, count(*) FROM public."Tasks" GROUP BY 1;
      CREATE UNIQUE INDEX ON public.sizes (tenant_id);
      CREATE MATERIALIZED VIEW public.total AS SELECT sum(count) FROM public.sizes;

      INSERT INTO public.tenants VALUES ('acme', 'Acme', '{"a": 1}'), ('globex', 'Globex', '{"a": 1, "a":2}');
      INSERT INTO public.countries VALUES ('de', 'Deutschland'), ('fr', 'France'), ('no', 'Norge');
      INSERT INTO public.users (tenant_id, login, manager_id, country)
        SELECT t, t || n, CASE WHEN n > 1 THEN 1 + (t = 'globex')::integer END, (ARRAY['de', 'fr', NULL])[n % 3 + 1]
        FROM generate_series(1, 6) n, unnest(ARRAY['acme', 'globex']) t ORDER BY n, t;
      INSERT INTO public."Tasks" (tenant_id, "Owner", parent_id, title, tags, payload)
        SELECT u.tenant_id, u.id, NULL, 'task ' || n, ARRAY['x', NULL, n::text], jsonb_build_object('n', n)
        FROM public.users u, generate_series(1, 5) n ORDER BY u.id, n;
      UPDATE public."Tasks" SET parent_id = id - 1 WHERE id % 5 <> 1;
      INSERT INTO public.results SELECT id, id, decode(lpad(to_hex(id), 4, '0'), 'hex') FROM public."Tasks";
      INSERT INTO public.lines SELECT t, 'line ' || n % 3, n % 2 FROM generate_series(1, 12) n, unnest(ARRAY['acme', 'globex', NULL]) t;
      INSERT INTO public.billing SELECT n, (ARRAY['acme', 'globex'])[n % 2 + 1], date '2025-10-01' + n * 10, n * 1.10
        FROM generate_series(1, 40) n;
      WITH c AS (INSERT INTO public.chickens VALUES (1, 'acme', 1), (2, 'globex', 2))
        INSERT INTO public.eggs VALUES (1, 'acme', 1), (2, 'globex', 2);
      INSERT INTO public.audit SELECT n, (ARRAY['acme', 'globex'])[n % 2 + 1], 'entry ' || n FROM generate_series(1, 20) n;
      CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON public.audit FOR EACH ROW EXECUTE FUNCTION public.refuse();
      CREATE TRIGGER stamped BEFORE INSERT OR UPDATE ON public."Tasks" FOR EACH ROW EXECUTE FUNCTION public.stamp();
      ALTER TABLE public."Tasks" ENABLE ALWAYS TRIGGER stamped;
      REFRESH MATERIALIZED VIEW public.sizes;
      REFRESH MATERIALIZED VIEW public.total;
    )sql";
  }

  static config::RowSpec rules() {
    config::RowSpec rules;
    rules.where = "backup-sets.yaml:1";
    rules.column = {"tenant_id", "backup-sets.yaml:2"};
    rules.start = config::RowSpec::Start{{"tenants", "backup-sets.yaml:3"}, "id"};
    rules.owned_auto = true;
    rules.whole = {{"countries", "backup-sets.yaml:4"}};
    return rules;
  }

  // One server for all cases; each has a copy of the platform of its own.
  static void SetUpTestSuite() {
    world_ = std::make_unique<World>();
    run("postgres", "CREATE ROLE helper LOGIN PASSWORD 'h'; CREATE ROLE keeper");
    run("postgres", "CREATE DATABASE platform TEMPLATE template0");
    run("platform", platform());
    world_->archive = archive_of_acme();
  }
  static void TearDownTestSuite() { world_.reset(); }
  void SetUp() override { run("postgres", "CREATE DATABASE live TEMPLATE platform"); }
  void TearDown() override { run("postgres", "DROP DATABASE live WITH (FORCE)"); }

  static const config::PostgresEndpoint& endpoint() { return world_->endpoint; }
  static const fs::path& directory() { return world_->directory.path(); }
  static Connection connect(const std::string& database) {
    return expect_ok(Connection::open(endpoint(), database));
  }
  static void run(const std::string& database, std::string_view statements) {
    auto connection = connect(database);
    for (const auto& statement : split_statements(statements))
      expect_ok(connection.execute(statement), statement.c_str());
  }
  static std::string ask(const std::string& database, const std::string& sql) {
    return expect_ok(connect(database).scalar(sql), sql.c_str());
  }
  // A role without any right of its own.
  static config::PostgresEndpoint as_helper() {
    auto endpoint = world_->endpoint;
    endpoint.user = "helper";
    endpoint.password = Secret("h");
    return endpoint;
  }

  // Of a copy of the database in which the other tenant's rows are gone.
  static fs::path archive_of_acme() {
    run("postgres", "CREATE DATABASE backup TEMPLATE platform");
    run("backup",
        "SET session_replication_role = replica; DELETE FROM public.tenants WHERE id <> 'acme'; "
        "DELETE FROM public.results r USING public.\"Tasks\" t WHERE t.id = r.task_id AND t.tenant_id <> "
        "'acme'; "
        "DELETE FROM public.users WHERE tenant_id <> 'acme'; DELETE FROM public.\"Tasks\" WHERE tenant_id <> "
        "'acme'; "
        "DELETE FROM public.lines WHERE tenant_id IS DISTINCT FROM 'acme'; DELETE FROM public.billing WHERE "
        "tenant_id <> 'acme'; "
        "DELETE FROM public.chickens WHERE tenant_id <> 'acme'; DELETE FROM public.eggs WHERE tenant_id <> "
        "'acme'; "
        "DELETE FROM public.audit WHERE tenant_id <> 'acme'");
    const auto archive = pg_dump("backup");
    run("postgres", "DROP DATABASE backup");
    return archive;
  }

  static fs::path pg_dump(const std::string& database) {
    const fs::path file = directory() / (database + ".dump");
    Command command;
    command.argv = {(endpoint().bin_directory / "pg_dump").string(),
                    "-Fc",
                    "-f",
                    file.string(),
                    "-h",
                    endpoint().host,
                    "-p",
                    std::to_string(endpoint().port),
                    "-U",
                    endpoint().user,
                    database};
    command.env["PGPASSWORD"] = endpoint().password.reveal();
    expect_ok(summit::run(command));
    return file;
  }

  static Result<RowMerge> staged(const config::PostgresEndpoint& target, const std::string& id = "acme") {
    MergeRequest request;
    request.database = "live";
    request.rules = rules();
    request.id = id;
    request.lock_timeout = std::chrono::milliseconds(500);
    ASSIGN_OR_RETURN(auto merge, RowMerge::open(target, request, {}));
    RETURN_IF_ERROR(merge.stage(archive_file(world_->archive)));
    return merge;
  }
  static Result<MergeReport> apply(const std::string& id = "acme") {
    ASSIGN_OR_RETURN(auto merge, staged(endpoint(), id));
    return merge.apply();
  }

  // Every row of every table as text, those of acme and the others apart.
  static std::vector<std::string> rows(bool of_acme) {
    std::vector<std::string> all;
    auto connection = connect("live");
    const auto add = [&](const std::string& table, const std::string& is_acme) {
      auto found =
          expect_ok(connection.query(fmt::format("SELECT x.tableoid::regclass || ' ' || x::text FROM {} x "
                                                 "WHERE ({}) IS {}TRUE ORDER BY 1",
                                                 table, is_acme, of_acme ? "" : "NOT ")));
      for (size_t i = 0; i < found.size(); ++i) all.push_back(found.string(i, 0));
    };
    add("public.tenants", "x.id = 'acme'");
    add("public.countries", "false");
    add("public.results",
        "EXISTS (SELECT FROM public.\"Tasks\" t WHERE t.id = x.task_id AND t.tenant_id = 'acme')");
    for (const char* table : {"public.users", "public.\"Tasks\"", "public.lines", "public.billing",
                              "public.chickens", "public.eggs", "public.audit"}) {
      add(table, "x.tenant_id = 'acme'");
    }
    return all;
  }

  static const Changes* changes_of(const MergeReport& report, const std::string& table) {
    const auto found = std::find_if(report.tables.begin(), report.tables.end(),
                                    [&](const auto& t) { return t.table.display() == table; });
    return found == report.tables.end() ? nullptr : &found->changes;
  }

  static std::unique_ptr<platform::PostgresServer> start() {
    platform::PostgresServer::Options options;
    // A worker that looks into each database would keep it from being copied.
    options.settings["timescaledb.max_background_workers"] = "0";
    return expect_ok(platform::PostgresServer::create(options));
  }

  struct World {
    TemporaryDirectory directory =
        expect_ok(TemporaryDirectory::create(fs::temp_directory_path(), "summit-merge-test-"));
    std::unique_ptr<platform::PostgresServer> server = start();
    config::PostgresEndpoint endpoint = server->endpoint();
    fs::path archive;
  };
  static inline std::unique_ptr<World> world_;
};

}  // namespace summit::postgres::merge
