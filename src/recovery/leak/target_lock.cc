#include "recovery/leak/target_lock.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "stores/access/access.h"
#include "stores/postgres/connection.h"
#include "stores/postgres/sessions.h"
#include "stores/postgres/sql.h"
#include "stores/postgres/swap.h"
#include "stores/redis/connection.h"

namespace summit::recovery {
namespace {

using nlohmann::json;

fs::path record_path(const fs::path& base, const std::string& environment) {
  return base / ".locks" / (environment + ".json");
}

Result<void> allow_connections(const config::PostgresEndpoint& endpoint, const std::string& database,
                               bool allow, const Cancellation& cancellation) {
  postgres::Connection::Options options;
  options.cancellation = cancellation;
  ASSIGN_OR_RETURN(auto connection,
                   postgres::Connection::open(endpoint, postgres::maintenance_database(database), options));
  RETURN_IF_ERROR(connection.execute(fmt::format("ALTER DATABASE {} WITH ALLOW_CONNECTIONS {}",
                                                 postgres::quote_identifier(database), allow)));
  if (allow) return {};
  ASSIGN_OR_RETURN(const auto sessions, postgres::sessions_in(connection, database));
  return postgres::end_sessions(connection, sessions);
}

std::vector<std::string> words_in(const std::string& text) {
  std::vector<std::string> words;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find(' ', at), text.size());
    if (end > at) words.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

// Of "user default on nopass ~* &* +@all" what says which keys, channels and commands. Passwords stay in the
// server.
std::string rights_in(const std::string& line) {
  std::string rights;
  const auto words = words_in(line);
  for (size_t i = 2; i < words.size(); ++i) {
    if (std::string_view("~%&+-").find(words[i].front()) != std::string_view::npos)
      rights += (rights.empty() ? "" : " ") + words[i];
  }
  return rights;
}

Result<void> set_rights(redis::Connection& connection, const std::string& user,
                        const std::vector<std::string>& rights) {
  std::vector<std::string_view> words = {"ACL", "SETUSER", user, "resetkeys", "resetchannels"};
  words.insert(words.end(), rights.begin(), rights.end());
  ASSIGN_OR_RETURN([[maybe_unused]] const auto done, connection.call(words));
  return {};
}

json to_json(const LockRecord& record) {
  json stores = json::array();
  for (const auto& store : record.stores) {
    stores.push_back({{"kind", store.kind},
                      {"endpoint", store.endpoint},
                      {"databases", store.databases},
                      {"users", store.users}});
  }
  return {{"environment", record.environment},
          {"restore", record.restore},
          {"reason", record.reason},
          {"since", to_rfc3339(record.since)},
          {"stores", stores}};
}

LockRecord from_json(const json& value) {
  LockRecord record;
  record.environment = value.at("environment").get<std::string>();
  record.restore = value.at("restore").get<std::string>();
  record.reason = value.at("reason").get<std::string>();
  record.since = from_rfc3339(value.at("since").get<std::string>()).value_or(Instant{});
  for (const auto& store : value.at("stores")) {
    record.stores.push_back({.kind = store.at("kind").get<std::string>(),
                             .endpoint = store.at("endpoint").get<std::string>(),
                             .databases = store.at("databases").get<std::vector<std::string>>(),
                             .users = store.at("users").get<std::map<std::string, std::string>>()});
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
      RETURN_IF_ERROR(allow_connections(*endpoint, database, true, cancellation));
    return {};
  }
  if (store.kind == "neo4j") {
    ASSIGN_OR_RETURN(const auto* endpoint, endpoint_named(environment.neo4j, store.endpoint));
    return access::start_store(endpoint->access, endpoint->name, cancellation);
  }
  ASSIGN_OR_RETURN(const auto* endpoint, endpoint_named(environment.redis, store.endpoint));
  ASSIGN_OR_RETURN(auto connection, redis::Connection::open(*endpoint, {}, cancellation));
  for (const auto& [user, rights] : store.users)
    RETURN_IF_ERROR(set_rights(connection, user, words_in(rights)));
  return {};
}

}  // namespace

Result<LockedStore> lock_postgres(const config::PostgresEndpoint& endpoint,
                                  const std::vector<std::string>& databases,
                                  const Cancellation& cancellation) {
  for (const auto& database : databases)
    RETURN_IF_ERROR(allow_connections(endpoint, database, false, cancellation), "while locking {}", database);
  return LockedStore{.kind = "postgresql", .endpoint = endpoint.name, .databases = databases};
}

Result<LockedStore> lock_redis(const config::RedisEndpoint& endpoint, const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto connection, redis::Connection::open(endpoint, {}, cancellation));
  ASSIGN_OR_RETURN(const auto list, connection.call({"ACL", "LIST"}), "while locking {}", endpoint.name);
  LockedStore locked{.kind = "redis", .endpoint = endpoint.name};
  for (const auto& line : list.elements) {
    const auto words = words_in(line.text);
    if (words.size() < 2) continue;
    locked.users[words[1]] = rights_in(line.text);
  }
  for (const auto& [user, rights] : locked.users)
    RETURN_IF_ERROR(set_rights(connection, user, {"-@all", "+auth", "+hello", "+ping", "+acl"}));
  return locked;
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
  const auto path = record_path(base, record.environment);
  std::error_code error;
  fs::remove(path, error);
  if (error) return errno_error(error.value(), fmt::format("cannot remove {}", path.string()));
  return fsync_directory(path.parent_path());
}

}  // namespace summit::recovery
