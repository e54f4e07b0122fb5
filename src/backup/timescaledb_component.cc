#include <fmt/format.h>

#include <algorithm>

#include "backup/postgres_component.h"
#include "stores/postgres/catalog.h"
#include "stores/postgres/sql.h"

namespace summit::backup {

using repository::ComponentRecord;

namespace {

class TimescaleComponent final : public Component {
 public:
  TimescaleComponent(config::ComponentSpec spec, config::PostgresEndpoint endpoint, std::string name)
      : spec_(std::move(spec)), endpoint_(std::move(endpoint)), name_(std::move(name)) {}

  std::string name() const override { return name_; }
  std::string kind() const override { return "timescaledb"; }
  CutKind cut_kind() const override { return CutKind::kNone; }

  std::vector<std::string> describe() const override {
    return {fmt::format("hypertables of database {} at {}: their rows are part of the PostgreSQL archive",
                        endpoint_.databases.empty() ? "" : endpoint_.databases.front(),
                        postgres::address_of(endpoint_))};
  }
  Result<uint64_t> predict_size(CaptureContext&) override { return uint64_t{0}; }

  Result<void> prepare(CaptureContext& context) override {
    if (endpoint_.databases.empty()) {
      return Error(Code::kConfig, "endpoint {} names no database", endpoint_.name)
          .hint("set POSTGRES_DB, or `databases` of the endpoint in config/environments.yaml");
    }
    ASSIGN_OR_RETURN(auto connection, postgres::Connection::open(endpoint_, endpoint_.databases.front(),
                                                                 {.cancellation = context.cancellation}));
    ASSIGN_OR_RETURN(inventory_, postgres::read_inventory(connection));
    return check_tables();
  }

  Result<Instant> cut(CaptureContext&) override { return now(); }

  Result<ComponentRecord> transfer(CaptureContext&) override {
    ComponentRecord record;
    record.server_version = inventory_.server_version;
    const auto* extension = inventory_.extension("timescaledb");
    if (!extension) {
      record.notes.emplace_back(
          "the extension timescaledb is not installed: these are plain tables, and their rows are in "
          "the PostgreSQL archive");
      for (const auto& table : spec_.tables)
        record.details["table:" + table] = "plain table: extension absent";
      return record;
    }
    record.details["extension"] = extension->version;
    std::string names;
    for (const auto& hypertable : inventory_.hypertables) {
      const std::string shown = hypertable.name.display();
      names += (names.empty() ? "" : ", ") + shown;
      const auto* table = inventory_.table(hypertable.name);
      record.details["hypertable:" + shown] =
          fmt::format("{} chunks by {}, {}", hypertable.chunks, hypertable.time_column,
                      human_bytes(table ? table->bytes : 0));
    }
    record.details["hypertables"] = names;
    for (const auto& table : plain_) record.details["table:" + table] = "plain table: no hypertable";
    for (const auto& table : plain_)
      record.notes.push_back(fmt::format("{} is a plain table, no hypertable", table));
    record.notes.emplace_back(
        "the rows and chunks of these hypertables are in the PostgreSQL archive, with fingerprints");
    return record;
  }

 private:
  // "events" is public.events.
  static postgres::RelationName relation_of(const std::string& table) {
    const size_t dot = table.find('.');
    if (dot == std::string::npos) return {"public", table};
    return {table.substr(0, dot), table.substr(dot + 1)};
  }

  Result<void> check_tables() {
    for (const auto& table : spec_.tables) {
      const auto relation = relation_of(table);
      const auto* found = inventory_.table(relation);
      if (!found) {
        return Error(Code::kNotFound, "table {} of component {} is not in database {}", relation.display(),
                     name_, endpoint_.databases.front())
            .hint(fmt::format("create it, or correct `tables` of component {} in config/backup-sets.yaml",
                              spec_.name));
      }
      if (found->kind != postgres::Table::Kind::kHypertable) plain_.push_back(table);
    }
    return {};
  }

  config::ComponentSpec spec_;
  config::PostgresEndpoint endpoint_;
  std::string name_;
  postgres::Inventory inventory_;
  std::vector<std::string> plain_;
};

}  // namespace

std::unique_ptr<Component> make_timescaledb_component(const config::ComponentSpec& spec,
                                                      const config::PostgresEndpoint& endpoint,
                                                      std::string name) {
  return std::make_unique<TimescaleComponent>(spec, endpoint, std::move(name));
}

}  // namespace summit::backup
