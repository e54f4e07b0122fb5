#include "recovery/leak/target_lock.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "recovery/leak/target_doors.h"
#include "stores/access/access.h"
#include "stores/postgres/connection.h"
#include "stores/postgres/sql.h"
#include "stores/postgres/swap.h"

namespace summit::recovery {
namespace {

using nlohmann::json;

fs::path record_path(const fs::path& base, const std::string& environment) {
  return base / ".locks" / (environment + ".json");
}

Result<void> allow_connections(const config::PostgresEndpoint& endpoint, const std::string& database,
                               const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto connection,
                   postgres::Connection::open(endpoint, postgres::maintenance_database(database),
                                              {.cancellation = cancellation}));
  ASSIGN_OR_RETURN(const auto found,
                   connection.query("SELECT FROM pg_catalog.pg_database WHERE datname = $1", {database}));
  // Whoever dropped it has opened it in the surest way.
  if (found.empty()) return {};
  return connection.execute(
      fmt::format("ALTER DATABASE {} WITH ALLOW_CONNECTIONS true", postgres::quote_identifier(database)));
}

json to_json(const LockRecord& record) {
  json stores = json::array();
  for (const auto& store : record.stores) {
    stores.push_back({{"kind", store.kind},
                      {"endpoint", store.endpoint},
                      {"databases", store.databases},
                      {"users", store.users}});
    if (store.kind != "redis") continue;
    stores.back()["keeper"] = store.keeper;
    stores.back()["key"] = store.key.reveal();
  }
  return {{"environment", record.environment}, {"restore", record.restore},         {"reason", record.reason},
          {"unfinished", record.unfinished},   {"since", to_rfc3339(record.since)}, {"stores", stores}};
}

LockRecord from_json(const json& value) {
  LockRecord record;
  record.environment = value.at("environment").get<std::string>();
  record.restore = value.at("restore").get<std::string>();
  record.reason = value.at("reason").get<std::string>();
  record.unfinished = value.value("unfinished", false);
  record.since = from_rfc3339(value.at("since").get<std::string>()).value_or(Instant{});
  for (const auto& store : value.at("stores")) {
    // Older programs left ACL to every user of Redis.
    const char* const keeper = store.at("kind") == "redis" ? "default" : "";
    record.stores.push_back({.kind = store.at("kind").get<std::string>(),
                             .endpoint = store.at("endpoint").get<std::string>(),
                             .databases = store.at("databases").get<std::vector<std::string>>(),
                             .users = store.at("users").get<std::map<std::string, std::string>>(),
                             .keeper = store.value("keeper", keeper),
                             .key = Secret(store.value("key", ""))});
  }
  return record;
}

template <typename Endpoint>
Result<const Endpoint*> endpoint_named(const std::vector<Endpoint>& endpoints, const std::string& name) {
  const auto found =
      std::find_if(endpoints.begin(), endpoints.end(), [&](const auto& e) { return e.name == name; });
  if (found != endpoints.end()) return &*found;
  return Error(Code::kNotFound, "the environment has no endpoint {} any more", name)
      .hint("put it back into config/environments.yaml, or open the store by hand (docs/masking.md)");
}

Result<void> unlock_store(const LockedStore& store, const config::Environment& environment,
                          const Cancellation& cancellation) {
  if (store.kind == "postgresql") {
    ASSIGN_OR_RETURN(const auto* endpoint, endpoint_named(environment.postgresql, store.endpoint));
    for (const auto& database : store.databases)
      RETURN_IF_ERROR(allow_connections(*endpoint, database, cancellation));
    return {};
  }
  if (store.kind == "neo4j") {
    ASSIGN_OR_RETURN(const auto* endpoint, endpoint_named(environment.neo4j, store.endpoint));
    return access::start_store(endpoint->access, endpoint->name, cancellation);
  }
  ASSIGN_OR_RETURN(const auto* endpoint, endpoint_named(environment.redis, store.endpoint));
  bool open = false;  // outlives the pass, which asks it at its end
  ASSIGN_OR_RETURN(auto pass, enter_redis(*endpoint, store, cancellation));
  pass.stay_while([&open] { return !open; });
  RETURN_IF_ERROR(open_redis(pass.endpoint(), store));
  open = true;
  return {};
}

}  // namespace

void LockRecord::add(LockedStore store) {
  std::erase_if(stores, [&](const LockedStore& other) { return other.is(store.kind, store.endpoint); });
  stores.push_back(std::move(store));
}

Result<LockedStore> lock_neo4j(const config::Neo4jEndpoint& endpoint, const Cancellation& cancellation) {
  RETURN_IF_ERROR(access::stop_store(endpoint.access, endpoint.name, cancellation), "while locking {}",
                  endpoint.name);
  return LockedStore{.kind = "neo4j", .endpoint = endpoint.name};
}

Result<void> write_lock(const fs::path& base, const LockRecord& record) {
  const auto path = record_path(base, record.environment);
  RETURN_IF_ERROR(make_directories(path.parent_path(), 0700));
  return write_file_durably(path, to_json(record).dump(2) + "\n", 0600);
}

Result<std::optional<LockRecord>> read_lock(const fs::path& base, const std::string& environment) {
  const auto path = record_path(base, environment);
  const auto text = read_file(path);
  if (!text.ok() && text.error().code() == Code::kNotFound) return std::optional<LockRecord>();
  if (!text.ok()) return text.error();
  try {
    return std::optional(from_json(json::parse(*text)));
  } catch (const json::exception&) {
    return Error(Code::kCorrupt, "{} is no record of a lock", path.string())
        .hint("open the stores by hand (docs/masking.md), then remove it");
  }
}

Result<void> unlock(const fs::path& base, const LockRecord& record, const config::Environment& environment,
                    const Cancellation& cancellation) {
  LockRecord left = record;
  left.stores.clear();
  std::optional<Error> failure;
  for (const auto& store : record.stores) {
    auto done = unlock_store(store, environment, cancellation);
    if (done.ok()) continue;
    left.stores.push_back(store);
    if (!failure) failure = std::move(done).error();
  }
  if (failure) {
    RETURN_IF_ERROR(write_lock(base, left));
    return std::move(*failure).at("while unlocking");
  }
  return remove_lock(base, record.environment);
}

Result<void> remove_lock(const fs::path& base, const std::string& environment) {
  const auto path = record_path(base, environment);
  std::error_code error;
  fs::remove(path, error);
  if (error) return errno_error(error.value(), fmt::format("cannot remove {}", path.string()));
  return fsync_directory(path.parent_path());
}

}  // namespace summit::recovery
