// Scenario 5 of the framework: one tenant's data are lost and come back through the documented scripts, while
// the platform goes on for everybody else.
#include <fmt/format.h>
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

class TenantRecovery : public testing::Test {
 protected:
  void execute(const std::string& sql) {
    auto client = platform::PostgresClient::connect(endpoint_);
    if (!client.ok()) throw std::runtime_error(client.error().to_string());
    const auto done = client->execute(sql);
    if (!done.ok()) throw std::runtime_error(done.error().to_string());
  }

  std::string ask(const std::string& sql, const std::string& database = {}) {
    auto client = platform::PostgresClient::connect(endpoint_, database);
    if (!client.ok()) throw std::runtime_error(client.error().to_string());
    const auto value = client->value(sql);
    if (!value.ok()) throw std::runtime_error(value.error().to_string());
    return *value;
  }

  // A hash over rows of every table that has tenants, and of the results of their tasks.
  std::string state(bool of_acme) {
    std::string all;
    for (const char* table : {"users", "investigations", "entities", "runs", "tasks", "audit_logs", "billing",
                              "events", "temporal_patterns", "analytics_traces"}) {
      all +=
          ask(fmt::format(
              "SELECT count(*) || ' ' || md5(coalesce(string_agg(x::text, ',' ORDER BY x::text), '')) FROM "
              "{} x WHERE (tenant_id = 'customer-acme') IS {}",
              table, of_acme)) +
          "\n";
    }
    return all + ask(fmt::format(
                     "SELECT count(*) || ' ' || md5(coalesce(string_agg(x::text, ',' ORDER BY x::text), '')) "
                     "FROM results x WHERE EXISTS (SELECT FROM tasks t WHERE t.id = task_id AND tenant_id = "
                     "'customer-acme') IS {}",
                     of_acme));
  }

  json ask_graph(const std::string& cypher) {
    platform::CypherClient client(world_.platform().neo4j().endpoint());
    const auto rows = client.run(cypher, json::object());
    if (!rows.ok()) throw std::runtime_error(rows.error().to_string());
    return *rows;
  }

  // Every node of the tenant, or of everybody else, with its relationships within.
  json graph(bool of_acme) {
    const std::string owned =
        "coalesce(n.tenant_id = 'customer-acme' OR (n:Tenant AND n.id = 'customer-acme'), false)";
    const std::string owned_too =
        "coalesce(m.tenant_id = 'customer-acme' OR (m:Tenant AND m.id = 'customer-acme'), false)";
    const std::string which = of_acme ? " = true " : " = false ";
    return {
        ask_graph(
            "MATCH (n) WHERE " + owned + which +
            "RETURN labels(n), toString(n.id), n.name, n.note ORDER BY labels(n), toString(n.id), n.name"),
        ask_graph("MATCH (n)-[r]->(m) WHERE " + owned + which + "AND " + owned_too + which +
                  "RETURN type(r), toString(n.id), toString(m.id), toString(r.since) ORDER BY type(r), "
                  "toString(n.id), toString(m.id), toString(r.since)")};
  }

  Ran restore(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(),
                     {"./scripts/restore-enhanced.sh", "--backup-id=" + backup_, "--env=dev"});
    return world_.run_program(arguments, variables_);
  }

  World& world_ = World::shared();
  config::PostgresEndpoint endpoint_ = world_.platform().postgres().endpoint();
  fs::path base_ = world_.new_base(testing::UnitTest::GetInstance()->current_test_info()->name());
  Variables variables_{{"BACKUP_BASE", base_.string()}};
  std::string backup_{};
};

TEST_F(TenantRecovery, TheTenantComesBackWhileOthersGoOn) {
  auto with_tenant = variables_;
  with_tenant["TENANT_ID"] = "customer-acme";
  const auto taken = world_.run_program({"./scripts/backup-enhanced.sh", "--set=tenant"}, with_tenant);
  ASSERT_EQ(taken.exit_code, 0) << taken;
  backup_ = world_.ids(base_).front();
  const auto acme = state(true);
  const auto acme_graph = graph(true);

  // Triggers that refuse changes of the audit log stay silent; no foreign key is broken.
  execute(R"(SET session_replication_role = replica;
    CREATE TEMP TABLE lost AS SELECT id FROM tasks t WHERE tenant_id = 'customer-acme' AND id % 2 = 0
      AND NOT EXISTS (SELECT FROM tasks c WHERE c.parent_id = t.id);
    DELETE FROM results WHERE task_id IN (SELECT id FROM lost);
    DELETE FROM tasks WHERE id IN (SELECT id FROM lost);
    UPDATE entities SET name = 'spoiled' WHERE tenant_id = 'customer-acme' AND id % 3 = 0;
    DELETE FROM audit_logs WHERE tenant_id = 'customer-acme' AND seq % 2 = 0;
    DELETE FROM events WHERE tenant_id = 'customer-acme' AND id % 2 = 0;
    INSERT INTO users (tenant_id, name, email, login, password_hash, created_at)
      VALUES ('customer-acme', 'Intruder', 'intruder@example.org', 'intruder', 'x', now()))");
  execute(
      "UPDATE entities SET name = name || ' (seen since)' WHERE tenant_id <> 'customer-acme' AND id % 7 = 0");
  ask_graph("MATCH (e:Entity {tenant_id: 'customer-acme'}) WHERE e.id % 3 = 0 SET e.name = 'spoiled'");
  ask_graph("MATCH (e:Entity {tenant_id: 'customer-acme'}) WHERE e.id % 5 = 0 DETACH DELETE e");
  ask_graph(
      "MATCH (e:Entity) WHERE e.tenant_id <> 'customer-acme' AND e.id % 7 = 0 SET e.note = 'seen since'");
  const auto damaged = state(true);
  const auto others = state(false);
  const auto damaged_graph = graph(true);
  const auto other_graphs = graph(false);
  ASSERT_NE(damaged, acme);

  const auto preview = restore({"--dry-run"});
  ASSERT_EQ(preview.exit_code, 0) << preview;
  EXPECT_THAT(preview.out, AllOf(HasSubstr("rows of tenant customer-acme"), HasSubstr("TABLE"),
                                 HasSubstr("public.tasks"), HasSubstr("safety backup first: yes"),
                                 HasSubstr("the graph of tenant customer-acme"), HasSubstr("(:Entity")));
  EXPECT_EQ(state(true), damaged);
  EXPECT_EQ(graph(true), damaged_graph);

  const auto restored = restore({});
  EXPECT_EQ(restored.exit_code, 0) << restored;
  EXPECT_THAT(restored.out + restored.err,
              HasSubstr("rows of others in the tables written are as they were"));
  EXPECT_EQ(state(true), acme);
  EXPECT_EQ(state(false), others);
  EXPECT_EQ(graph(true), acme_graph);
  EXPECT_EQ(graph(false), other_graphs);

  const auto back = world_.run({"rollback", "latest", "--env=dev"}, variables_);
  EXPECT_EQ(back.exit_code, 0) << back;
  EXPECT_EQ(state(true), damaged)
      << "the safety backup holds the tenant's rows as they were before the restore";
  EXPECT_EQ(state(false), others);
  EXPECT_EQ(graph(true), damaged_graph);
  EXPECT_EQ(graph(false), other_graphs);

  const auto reported = restore({"--json"});
  EXPECT_EQ(reported.exit_code, 0) << reported;
  EXPECT_EQ(state(true), acme);
  EXPECT_EQ(state(false), others);
  EXPECT_THAT(reported.out, AllOf(HasSubstr("\"rows\":[{\"table\":"), HasSubstr("\"inserted\":")));
}

TEST_F(TenantRecovery, BesideTheLiveDatabaseItComesAlone) {
  auto with_tenant = variables_;
  with_tenant["TENANT_ID"] = "customer-acme";
  ASSERT_EQ(
      world_
          .run_program({"./scripts/backup-enhanced.sh", "--set=tenant", "--datastores=postgres"}, with_tenant)
          .exit_code,
      0);
  backup_ = world_.ids(base_).front();
  const auto refused = restore({"--in-place"});
  EXPECT_EQ(refused.exit_code, 1) << refused;
  EXPECT_THAT(refused.err, HasSubstr("holds only rows of tenant customer-acme"));

  const auto acme = state(true);
  const auto restored = restore({"--into=acme_alone"});
  EXPECT_EQ(restored.exit_code, 0) << restored;
  EXPECT_EQ(ask("SELECT count(*) FROM audit_logs", "acme_alone"),
            ask("SELECT count(*) FROM audit_logs WHERE tenant_id = 'customer-acme'"));
  EXPECT_EQ(state(true), acme);
  execute("DROP DATABASE acme_alone WITH (FORCE)");
}

}  // namespace
}  // namespace summit::e2e
