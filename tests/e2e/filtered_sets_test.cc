// The sets minimal, tenant and project, through the documented scripts.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "devtools/platform/cypher_client.h"
#include "devtools/platform/postgres_client.h"
#include "tests/e2e/world.h"

namespace summit::e2e {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class FilteredSets : public testing::Test {
 protected:
  // Takes the set through its script; the metadata of the only backup below the base of this test.
  json taken(const std::string& set, Variables variables) {
    variables["BACKUP_BASE"] = base_.string();
    const auto ran = world_.run_program({"./scripts/backup-enhanced.sh", "--set=" + set}, variables);
    EXPECT_EQ(ran.exit_code, 0) << ran;
    const auto ids = world_.ids(base_);
    if (ids.size() != 1) throw std::runtime_error(ran.out + ran.err);
    backup_ = base_ / ids.front();
    return world_.metadata(backup_);
  }

  // One backup of the tenant customer-acme, taken at the first call, for all cases that look at it.
  json taken_of_acme() {
    static const std::pair<fs::path, json> made = [this] {
      base_ = world_.new_base("customer-acme");
      auto metadata = taken("tenant", {{"TENANT_ID", "customer-acme"}});
      return std::pair(backup_, std::move(metadata));
    }();
    backup_ = made.first;
    base_ = backup_.parent_path();
    return made.second;
  }

  static json component(const json& metadata, const std::string& name) {
    for (const auto& one : metadata.at("components")) {
      if (one.at("name") == name) return one;
    }
    throw std::runtime_error("no component " + name);
  }

  // Rows of each table in the backup.
  static std::map<std::string, int64_t> rows(const json& metadata) {
    std::map<std::string, int64_t> rows;
    const auto postgresql = component(metadata, "postgresql");
    for (const auto& one : postgresql.at("fingerprints")) {
      const auto kind = one.at("kind").get<std::string>();
      if (kind == "table" || kind == "hypertable")
        rows[one.at("name").get<std::string>()] = one.at("count").get<int64_t>();
    }
    return rows;
  }

  int64_t ask(const std::string& sql, const std::string& database = {}) {
    auto client = platform::PostgresClient::connect(endpoint_, database);
    if (!client.ok()) throw std::runtime_error(client.error().to_string());
    const auto value = client->value(sql);
    if (!value.ok()) throw std::runtime_error(value.error().to_string());
    return std::stoll(*value);
  }

  // The stock program, which checks every foreign key, makes a database of the archive.
  void restore_with_stock_tools(const std::string& database) {
    auto client = *platform::PostgresClient::connect(endpoint_);
    ASSERT_TRUE(client.execute("CREATE DATABASE " + client.quoted(database) + " TEMPLATE template0").ok());
    auto copy = *platform::PostgresClient::connect(endpoint_, database);
    const bool timescale = ask("SELECT count(*) FROM pg_extension WHERE extname = 'timescaledb'") == 1;
    if (timescale) {
      ASSERT_TRUE(copy.execute("CREATE EXTENSION timescaledb; SELECT timescaledb_pre_restore()").ok());
    }
    const auto ran = world_.run_program(
        {(endpoint_.bin_directory / "pg_restore").string(), "--host=" + endpoint_.host,
         fmt::format("--port={}", endpoint_.port), "--username=" + endpoint_.user, "--dbname=" + database,
         "--exit-on-error", (backup_ / "postgres-full.dump").string()},
        {{"PGPASSWORD", endpoint_.password.reveal()}});
    ASSERT_EQ(ran.exit_code, 0) << ran;
    if (timescale) {
      ASSERT_TRUE(copy.execute("SELECT timescaledb_post_restore()").ok());
    }
  }

  Ran restore(const std::vector<std::string>& options) {
    std::vector<std::string> arguments{"--backup-base=" + base_.string(), "restore",
                                       backup_.filename().string(), "--env=dev", "--yes"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return world_.run(arguments);
  }

  int64_t ask_graph(const std::string& cypher) {
    platform::CypherClient client(world_.platform().neo4j().endpoint());
    const auto rows = client.run(cypher, json::object());
    if (!rows.ok()) throw std::runtime_error(rows.error().to_string());
    return rows->at(0).at(0).get<int64_t>();
  }

  // How many elements of this kind and name the graph in the backup has.
  static int64_t graph_count(const json& metadata, const std::string& kind, const std::string& name) {
    const auto graph = component(metadata, "neo4j");
    for (const auto& one : graph.at("fingerprints")) {
      if (one.at("kind") == kind && one.at("name") == name) return one.at("count").get<int64_t>();
    }
    return 0;
  }

  std::string files_in(const std::string& artifact) {
    return world_.run_program({"tar", "--zstd", "-tf", (backup_ / artifact).string()}).out;
  }

  World& world_ = World::shared();
  config::PostgresEndpoint endpoint_ = world_.platform().postgres().endpoint();
  fs::path base_ = world_.new_base(testing::UnitTest::GetInstance()->current_test_info()->name());
  fs::path backup_{};
};

TEST_F(FilteredSets, MinimalHoldsTheCoreTablesAndTheCacheWithoutSessions) {
  const auto metadata = taken("minimal", {});
  EXPECT_EQ(metadata.at("status"), "complete");
  for (const char* label : {"User", "Entity", "Investigation", "Tenant"}) {
    EXPECT_EQ(graph_count(metadata, "label", label),
              ask_graph(std::string("MATCH (n:") + label + ") RETURN count(n)"))
        << label;
  }
  EXPECT_EQ(graph_count(metadata, "label", "Places"), 0);
  EXPECT_EQ(graph_count(metadata, "relationship_type", "RELATED_TO"),
            ask_graph("MATCH (:Entity)-[r:RELATED_TO]->(:Entity) RETURN count(r)"));
  auto counts = rows(metadata);
  for (const char* table : {"users", "investigations", "entities", "runs", "tasks", "runbooks", "tenants"})
    EXPECT_EQ(counts.at(std::string("public.") + table), ask(std::string("SELECT count(*) FROM ") + table))
        << table;
  std::erase_if(counts, [](const auto& table) { return table.second == 0; });
  EXPECT_EQ(counts.size(), 7U)
      << "tenants are there because investigations refer to them; hypertables are there without rows";
  EXPECT_GT(std::stoll(component(metadata, "redis").at("details").at("keys_excluded").get<std::string>()), 0);

  // The program compares the restored database with the fingerprints of the backup.
  const auto restored = restore({"--datastores=postgres", "--into=minimal_beside"});
  EXPECT_EQ(restored.exit_code, 0) << restored;
  restore_with_stock_tools("minimal copy");
  EXPECT_EQ(ask("SELECT count(*) FROM pg_class WHERE relname IN ('audit_logs', 'billing', 'results', "
                "'active_leads')",
                "minimal copy"),
            1)
      << "of these only the view of core tables";
  EXPECT_EQ(ask("SELECT count(*) FROM tasks", "minimal copy"), counts.at("public.tasks"));
}

TEST_F(FilteredSets, TenantHoldsItsRowsItsConfigurationAndItsAuditLog) {
  for (const std::string tenant : {"o'neil & söhne", "customer-acme"}) {
    SCOPED_TRACE(tenant);
    const auto metadata =
        tenant == "customer-acme" ? taken_of_acme() : taken("tenant", {{"TENANT_ID", tenant}});
    EXPECT_EQ(metadata.at("scope"), (json{{"tenant_id", tenant}}));
    const auto counts = rows(metadata);
    const auto where =
        " WHERE tenant_id = '" + std::string(tenant == "customer-acme" ? tenant : "o''neil & söhne") + "'";
    for (const char* table : {"audit_logs", "billing", "analytics_traces"})
      EXPECT_EQ(counts.at(std::string("public.") + table),
                ask(std::string("SELECT count(*) FROM ") + table + where))
          << table;
    for (const char* table : {"users", "investigations", "entities", "runs", "tasks", "events"})
      EXPECT_GE(counts.at(std::string("public.") + table),
                ask(std::string("SELECT count(*) FROM ") + table + where))
          << table;
    EXPECT_EQ(counts.at("public.runbooks"), ask("SELECT count(*) FROM runbooks"));
    EXPECT_EQ(counts.at("public.configuration"), 0) << "the platform's, not the tenant's";

    const auto selection = component(metadata, "postgresql").at("details").at("selection").get<std::string>();
    EXPECT_THAT(selection, AllOf(HasSubstr(R"("column":"tenant_id")"), Not(HasSubstr(tenant))));
    EXPECT_THAT(
        world_.run({"--backup-base=" + backup_.parent_path().string(), "info", backup_.filename().string()})
            .out,
        HasSubstr("selection of postgresql: " + selection));

    EXPECT_EQ(files_in("config.tar.zst"), "config/\nconfig/tenants/\nconfig/tenants/" + tenant + ".yaml\n");
    EXPECT_THAT(files_in("audit_chain.tar.zst"), HasSubstr("audit-chain.jsonl.tenant-"));
    EXPECT_THAT(component(metadata, "audit_chain").at("notes").dump(),
                HasSubstr(std::to_string(counts.at("public.audit_logs")) + " lines of the tenant"));

    const auto graph = component(metadata, "neo4j");
    EXPECT_EQ(graph.at("status"), "complete");
    EXPECT_EQ(graph.at("details").at("consistency"), "snapshot");
    const std::string owned = "MATCH (n) WHERE n.tenant_id = \"" + tenant + "\" OR (n:Tenant AND n.id = \"" +
                              tenant + "\") RETURN ";
    EXPECT_EQ(graph_count(metadata, "graph", "nodes"), ask_graph(owned + "count(n)"));
    EXPECT_EQ(graph_count(metadata, "label", "Tenant"), 1);
    EXPECT_EQ(graph_count(metadata, "relationship_type", "MEMBER_OF"),
              graph_count(metadata, "label", "User"));
    EXPECT_GT(std::stoll(graph.at("details").at("cut:RELATED_TO").get<std::string>()), 0);
    EXPECT_THAT(graph.at("notes").dump(),
                HasSubstr("relationships of type RELATED_TO lead to nodes that are"));

    restore_with_stock_tools("copy of " + tenant);
    EXPECT_EQ(ask("SELECT count(*) FROM audit_logs WHERE NOT" + where.substr(6), "copy of " + tenant), 0);
    EXPECT_EQ(ask("SELECT count(*) FROM audit_logs", "copy of " + tenant), counts.at("public.audit_logs"));
  }
}

TEST_F(FilteredSets, ATenantComesBackBesideTheDatabaseAndIntoIt) {
  taken_of_acme();
  const auto beside = restore({"--datastores=postgres", "--into=tenant_beside"});
  EXPECT_EQ(beside.exit_code, 0) << beside;

  const auto log = world_.platform().files_root() / "audit/audit-chain.jsonl";
  const auto configuration = world_.platform().files_root() / "config/tenants/customer-acme.yaml";
  const auto others = world_.platform().files_root() / "config/tenants/customer-globex.yaml";
  const auto log_before = read_text(log);
  const auto before = read_text(configuration);
  const auto others_before = read_text(others);
  const auto results = ask("SELECT count(*) FROM results");
  write_text(configuration, "spoiled: true\n");
  {
    auto client = *platform::PostgresClient::connect(endpoint_);
    const auto deleted = client.execute(
        "DELETE FROM results WHERE task_id IN (SELECT id FROM tasks WHERE tenant_id = 'customer-acme')");
    ASSERT_TRUE(deleted.ok()) << deleted.error().to_string();
  }
  const auto back = restore({"--datastores=postgres,config"});
  EXPECT_EQ(back.exit_code, 0) << back;
  EXPECT_EQ(ask("SELECT count(*) FROM results"), results);
  EXPECT_EQ(read_text(configuration), before);
  EXPECT_EQ(read_text(others), others_before);
  EXPECT_EQ(read_text(log), log_before) << "the tenant's lines lie beside the whole log";
  EXPECT_TRUE(fs::exists(log.string() + ".tenant-customer-acme"));
  fs::remove(log.string() + ".tenant-customer-acme");
}

TEST_F(FilteredSets, ATenantTakesAndDeletesNoFileOfATenantWhoseNameGoesOnBehindADot) {
  const auto tenants = world_.platform().files_root() / "config/tenants";
  const auto others = {tenants / "customer-acme.eu.yaml", tenants / "customer-acme.eu/logo.yaml",
                       tenants / "customer-acme.json.yaml"};
  for (const auto& file : others) write_text(file, "owner: another\n");
  write_text(tenants / "customer-acme/theme.css", "a{}\n");
  write_text(tenants / "customer-acme.json", "{}\n");
  const auto ran =
      world_.run({"--backup-base=" + base_.string(), "backup", "--set=tenant", "--datastores=config"},
                 {{"TENANT_ID", "customer-acme"}});
  ASSERT_EQ(ran.exit_code, 0) << ran;
  backup_ = base_ / world_.ids(base_).front();
  EXPECT_EQ(
      files_in("config.tar.zst"),
      "config/\nconfig/tenants/\nconfig/tenants/customer-acme/\nconfig/tenants/customer-acme/theme.css\n"
      "config/tenants/customer-acme.json\nconfig/tenants/customer-acme.yaml\n");

  write_text(tenants / "customer-acme.eu/added.yaml", "owner: another\n");
  const auto back = restore({"--datastores=config", "--no-safety-backup"});
  EXPECT_EQ(back.exit_code, 0) << back;
  for (const auto& file : others) EXPECT_EQ(read_text(file), "owner: another\n") << file;
  EXPECT_TRUE(fs::exists(tenants / "customer-acme.eu/added.yaml"));

  for (const auto& file : others) fs::remove(file);
  fs::remove_all(tenants / "customer-acme.eu");
  fs::remove_all(tenants / "customer-acme");
  fs::remove(tenants / "customer-acme.json");
}

TEST_F(FilteredSets, ProjectHoldsAnInvestigationWithAllThatBelongsToIt) {
  const auto metadata = taken("project", {{"INVESTIGATION_ID", "investigation-2025-001"}});
  EXPECT_EQ(metadata.at("scope"), (json{{"project_id", "investigation-2025-001"}}));
  EXPECT_THAT(backup_.filename().string(), HasSubstr("summit-backup-project-investigation-2025-001-"));
  const auto counts = rows(metadata);
  EXPECT_GE(counts.at("public.runs"),
            ask("SELECT count(*) FROM runs WHERE investigation_id = 'investigation-2025-001'"));
  EXPECT_LT(counts.at("public.runs"), ask("SELECT count(*) FROM runs"));
  EXPECT_THAT(component(metadata, "postgresql").at("notes").dump(),
              HasSubstr("rows refer by public.tasks.parent_id"));
  EXPECT_EQ(counts.at("public.entities"),
            ask("SELECT count(*) FROM entities WHERE investigation_id = 'investigation-2025-001'"));
  EXPECT_GE(counts.at("public.tasks"), ask("SELECT count(*) FROM tasks JOIN runs ON runs.id = run_id WHERE "
                                           "investigation_id = 'investigation-2025-001'"));
  EXPECT_EQ(counts.at("public.audit_logs"), 0);
  EXPECT_EQ(
      graph_count(metadata, "graph", "nodes"),
      1 + ask_graph("MATCH (e)-[:PART_OF]->(:Investigation {id: 'investigation-2025-001'}) RETURN count(e)"));
  EXPECT_EQ(graph_count(metadata, "label", "Entity"), counts.at("public.entities"));
  EXPECT_THAT(files_in("provenance.tar.zst"), HasSubstr(".jsonl.project-investigation-2025-001"));
  restore_with_stock_tools("project copy");
  EXPECT_EQ(ask("SELECT count(*) FROM results", "project copy"), counts.at("public.results"));
}

TEST_F(FilteredSets, WithoutAnIdOrWithAnUnknownOneNothingIsKept) {
  Variables variables{{"BACKUP_BASE", base_.string()}};
  const auto missing = world_.run_program({"./scripts/backup-enhanced.sh", "--set=tenant"}, variables);
  EXPECT_EQ(missing.exit_code, 2) << missing;
  EXPECT_THAT(missing.err, AllOf(HasSubstr("the set `tenant` needs tenant_id, and TENANT_ID is not set"),
                                 HasSubstr("TENANT_ID=… summit-dr backup --set=tenant")));
  const auto no_project = world_.run_program({"./scripts/backup-enhanced.sh", "--set=project"}, variables);
  EXPECT_EQ(no_project.exit_code, 2) << no_project;
  EXPECT_THAT(no_project.err, HasSubstr("PROJECT_ID or INVESTIGATION_ID is not set"));

  variables["TENANT_ID"] = "customer-acm";
  const auto unknown = world_.run_program({"./scripts/backup-enhanced.sh", "--set=tenant"}, variables);
  EXPECT_EQ(unknown.exit_code, 1) << unknown;
  EXPECT_THAT(unknown.err, AllOf(HasSubstr("no row belongs to tenant `customer-acm`"),
                                 HasSubstr("SELECT DISTINCT \"id\" FROM \"public\".\"tenants\"")));
  EXPECT_TRUE(world_.ids(base_).empty());
}

}  // namespace
}  // namespace summit::e2e
