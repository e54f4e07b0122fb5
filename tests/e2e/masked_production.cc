#include "tests/e2e/masked_production.h"

#include <stdexcept>

#include "core/host.h"
#include "devtools/platform/cypher_client.h"
#include "devtools/platform/postgres_client.h"
#include "devtools/platform/redis_client.h"

namespace summit::e2e {

nlohmann::json run_cypher(platform::Platform& platform, const std::string& statement) {
  platform::CypherClient client(platform.neo4j().endpoint());
  auto rows = client.run(statement, nlohmann::json::object());
  return rows.ok() ? *rows : nlohmann::json(rows.error().to_string());
}

MaskedProduction::MaskedProduction() {
  plant();
  const auto config = world_.configured("masked-source", [](std::string& text) {
    const std::string dev = "\n  dev:\n";
    replace_line(text, dev, "    layout: plain\n", "    layout: packed\n");
    replace_line(text, dev, "    encrypted: false\n", "    encrypted: true\n");
    replace_line(text, dev, "    sanitization: full\n", "    sanitization: none\n");
    replace_line(text, dev, "    reduction_percent: 10\n", "");
    replace_line(text, dev, "    class: dev\n", "    class: production\n    hosts: [" + host_name() + "]\n");
  });
  const auto backup =
      world_.run({config, base_option(), "backup", "--set=full", "--layout=plain", "--confirm-production"});
  if (backup.exit_code != 0) throw std::runtime_error("the backup of production failed: " + backup.err);
  unplant();
  const auto latest = world_.run({base_option(), "list", "--latest"});
  id_ = latest.out.substr(0, latest.out.find('\n'));
}

void MaskedProduction::plant() {
  auto redis = platform::RedisClient::connect(world_.platform().redis().endpoint());
  EXPECT_TRUE(redis.ok() &&
              redis->command({"HSET", "user:900001", "id", "900001", "email", kLongAddress}).ok() &&
              redis->command({"SET", "session:900001", kToken}).ok() &&
              redis->command({"SET", "settings:900001", kLongNote}).ok());
  const auto made = run_cypher(
      world_.platform(), fmt::format("CREATE (:User:Classified {{id: 900001, email: '{}', shift: '{}'}})",
                                     kLongAddress, kLongNote));
  EXPECT_TRUE(made.is_array()) << made;
}

void MaskedProduction::unplant() {
  auto redis = platform::RedisClient::connect(world_.platform().redis().endpoint());
  EXPECT_TRUE(redis.ok() && redis->command({"DEL", "user:900001", "session:900001", "settings:900001"}).ok());
  const auto gone = run_cypher(world_.platform(), "MATCH (u:User {id: 900001}) DELETE u");
  EXPECT_TRUE(gone.is_array()) << gone;
}

MaskedProduction& MaskedProduction::shared() {
  static MaskedProduction production;
  return production;
}

const Variables& MaskedProduction::key() {
  static const Variables kKey = {{"SANITIZATION_KEY", "0123456789abcdef0123456789abcdef"}};
  return kKey;
}

std::string MaskedProduction::configured(const std::string& name,
                                         const std::function<void(std::string&)>& edit) const {
  auto option = world_.configured(name, edit);
  rule_the_sample(directory_of(option));
  return option;
}

std::string MaskedProduction::ask(const std::string& sql) {
  auto client = platform::PostgresClient::connect(World::shared().platform().postgres().endpoint());
  if (!client.ok()) return client.error().to_string();
  const auto answer = client->value(sql);
  return answer.ok() ? *answer : answer.error().to_string();
}

std::string MaskedProduction::median_age(const std::string& table, const std::string& column) {
  return ask("SELECT ceil(extract(epoch FROM now() - percentile_disc(0.5) WITHIN GROUP (ORDER BY " + column +
             ")) / 86400)::int FROM " + table) +
         " days";
}

void MaskedProduction::rule_the_sample(const fs::path& config) {
  auto text = read_text(config / "sanitization.yaml");
  replace_line(text, "rules:\n", "  postgresql:\n",
               "  postgresql:\n"
               "    - {table: awkward_values, level: minimal, set: {net: remove, t: remove, v: remove}}\n"
               "    - {table: Case Notes, level: minimal, set: {\"It's \\\"quoted\\\"\": remove}}\n"
               "    - {table: events, level: minimal, set: {payload: {constant: \"{}\"}}}\n");
  // Its odd texts stand in every store.
  replace_line(text, "rules:\n", "    - table: tasks\n",
               "    - {table: tasks, level: minimal, set: {output: remove}}\n    - table: tasks\n");
  replace_line(text, "rules:\n", "  neo4j:\n", "  neo4j:\n    - {label: Entity, set: {big: remove}}\n");
  replace_line(
      text, "rules:\n", "  redis:\n",
      "  redis:\n    - {key: \"edge:*\", drop: true}\n    - {key: \"queue:*\", drop: true}\n"
      "    - {key: \"stream:*\", drop: true}\n    - {key: \"settings:*\", fields: {note: remove}}\n");
  replace_line(text, "\nharmless:\n", "  postgresql:\n",
               "  postgresql:\n    - \"work_email.(definition)\"\n");
  // The sample's entries are older than thirty days: half of them are to be newer than the limit.
  replace_line(text, "\nreduction:\n", "audit_logs, newest: 30 days",
               "audit_logs, newest: " + median_age("audit_logs", "ts"));
  replace_line(text, "\nreduction:\n", "events, newest: 30 days",
               "events, newest: " + median_age("events", "time"));
  write_text(config / "sanitization.yaml", text);
}

}  // namespace summit::e2e
