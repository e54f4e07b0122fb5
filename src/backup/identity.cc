#include "backup/identity.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>

#include "backup/plan.h"
#include "core/host.h"
#include "core/time.h"
#include "stores/neo4j/marker.h"
#include "stores/postgres/marker.h"
#include "stores/postgres/probe.h"
#include "stores/redis/connection.h"
#include "stores/redis/marker.h"
#include "stores/redis/probe.h"

namespace summit::backup {
namespace {

using config::EnvironmentClass;
using config::EnvironmentMarker;

constexpr const char* kConfirmationFile = "/etc/summit-dr/confirm-production";

// What to ask one kind of store; the rest is the same for all.
struct Questions {
  std::function<Result<std::optional<EnvironmentMarker>>()> marker;
  std::function<Result<bool>()> empty;
};

StoreIdentity ask(std::string store, std::string kind, const Questions& questions) {
  StoreIdentity identity;
  identity.store = std::move(store);
  identity.kind = std::move(kind);
  auto marker = questions.marker();
  if (!marker.ok()) {
    // A server that answers "no such database" is reachable and has nothing to protect.
    identity.reachable = marker.error().code() == Code::kNotFound;
    identity.empty = identity.reachable;
    identity.problem = marker.error().to_string();
    if (marker.error().code() == Code::kCorrupt || marker.error().code() == Code::kTimeout)
      identity.doubt = marker.error();
    return identity;
  }
  identity.reachable = true;
  identity.marker = std::move(marker).value();
  if (identity.marker) return identity;
  auto empty = questions.empty();
  identity.empty = empty.ok() && *empty;
  return identity;
}

Result<bool> has_no_relations(const config::PostgresEndpoint& endpoint, const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(
      const auto count,
      postgres::scalar(
          endpoint,
          "SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = "
          "c.relnamespace "
          "WHERE c.relkind IN ('r', 'p', 'm', 'f', 'S') AND n.nspname !~ '^pg_' AND n.nspname <> "
          "'information_schema' "
          "AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')",
          {}, cancellation));
  return std::string_view(count) == "0";
}

Result<std::optional<EnvironmentMarker>> redis_marker(const config::RedisEndpoint& endpoint,
                                                      const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto connection, redis::Connection::open(endpoint, {}, cancellation));
  return redis::read_marker(connection);
}

Result<bool> has_no_keys(const config::RedisEndpoint& endpoint, const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto connection, redis::Connection::open(endpoint, {}, cancellation));
  ASSIGN_OR_RETURN(const auto counts, redis::count_keys(connection));
  return std::all_of(counts.begin(), counts.end(), [](const auto& count) { return count.second == 0; });
}

Result<void> mark_redis(const config::RedisEndpoint& endpoint, const EnvironmentMarker& marker,
                        const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto connection, redis::Connection::open(endpoint, {}, cancellation));
  return redis::write_marker(connection, marker);
}

std::vector<std::string> names_of(const std::vector<const StoreIdentity*>& stores) {
  std::vector<std::string> names;
  names.reserve(stores.size());
  for (const auto* store : stores) names.push_back(store->store);
  return names;
}

Error in_doubt(const StoreIdentity& identity, const config::Environment& environment) {
  auto error =
      Error(*identity.doubt).at(fmt::format("cannot tell to which environment {} belongs", identity.store));
  if (error.code() == Code::kTimeout)
    return std::move(error).hint("wait until it answers, or stop it: a store that is down can be restored");
  return std::move(error).hint(
      fmt::format("if it belongs to `{0}`, mark it anew: summit-dr env adopt {0} --replace "
                  "--confirm=\"adopt {0}\"",
                  environment.name));
}

Result<std::string> random_identity() {
  std::array<char, 16> bytes{};
  std::ifstream source("/dev/urandom", std::ios::binary);
  if (!source.read(bytes.data(), bytes.size())) return Error(Code::kIo, "cannot read /dev/urandom");
  return to_hex(as_bytes(std::string_view(bytes.data(), bytes.size())));
}

EnvironmentMarker new_marker(const config::Environment& environment, std::string identity) {
  return {.environment = environment.name,
          .kind = std::string(name_of(environment.kind)),
          .adopted_at = to_rfc3339(now()),
          .identity = std::move(identity)};
}

}  // namespace

std::vector<StoreIdentity> read_identities(const config::Environment& environment,
                                           const std::vector<std::string>& datastores,
                                           const Cancellation& cancellation) {
  std::vector<StoreIdentity> identities;
  if (chosen(datastores, "postgresql", "postgresql")) {
    for (const auto& endpoint : environment.postgresql) {
      identities.push_back(ask(endpoint.name, "postgresql",
                               {.marker = [&] { return postgres::read_marker(endpoint, {}, cancellation); },
                                .empty = [&] { return has_no_relations(endpoint, cancellation); }}));
    }
  }
  if (chosen(datastores, "neo4j", "neo4j")) {
    for (const auto& endpoint : environment.neo4j) {
      identities.push_back(ask(endpoint.name, "neo4j",
                               {.marker = [&] { return neo4j::read_marker(endpoint, cancellation); },
                                .empty = [&] { return neo4j::is_empty(endpoint, cancellation); }}));
    }
  }
  if (chosen(datastores, "redis", "redis")) {
    for (const auto& endpoint : environment.redis) {
      identities.push_back(ask(endpoint.name, "redis",
                               {.marker = [&] { return redis_marker(endpoint, cancellation); },
                                .empty = [&] { return has_no_keys(endpoint, cancellation); }}));
    }
  }
  return identities;
}

std::vector<std::string> endpoint_kinds(const std::vector<std::string>& datastores, Purpose purpose) {
  if (datastores.empty()) return {};
  const auto needs_postgresql = [&] {
    return chosen(datastores, "postgresql", "postgresql") ||
           chosen(datastores, "timescaledb", "timescaledb") ||
           (purpose == Purpose::kRead && chosen(datastores, "secrets", "secrets"));
  };
  // Never empty: an empty list would mean every kind.
  std::vector<std::string> kinds{"files"};
  if (needs_postgresql()) kinds.emplace_back("postgresql");
  for (const std::string kind : {"neo4j", "redis", "elasticsearch"}) {
    if (chosen(datastores, kind, kind)) kinds.push_back(kind);
  }
  return kinds;
}

Result<std::vector<std::string>> check_identities(const config::Environment& environment,
                                                  const std::vector<StoreIdentity>& identities,
                                                  Purpose purpose) {
  std::vector<const StoreIdentity*> unmarked;
  bool any_marked = false;
  for (const auto& identity : identities) {
    if (identity.marker && identity.marker->environment != environment.name) {
      return Error(Code::kRefused, "{} is marked as `{}` ({}), not as `{}`: nothing was touched",
                   identity.store, identity.marker->environment, identity.marker->kind, environment.name)
          .hint(fmt::format("--env={}, or correct the address of {} in config/environments.yaml",
                            identity.marker->environment, identity.store));
    }
    any_marked = any_marked || identity.marker.has_value();
    if (identity.reachable && !identity.marker && !identity.empty) unmarked.push_back(&identity);
  }
  for (const auto& identity : identities) {
    if (identity.doubt && purpose == Purpose::kOverwrite) return in_doubt(identity, environment);
  }
  std::vector<std::string> warnings;
  // An application may empty its cache, and the marker with it; beside marked stores that says nothing about
  // where we are.
  if (any_marked) {
    std::erase_if(unmarked, [&](const StoreIdentity* identity) {
      const bool tolerated = identity->kind == "redis" || purpose == Purpose::kRead;
      if (tolerated)
        warnings.push_back(fmt::format("{} carries no environment marker: summit-dr env adopt {}",
                                       identity->store, environment.name));
      return tolerated;
    });
  }
  if (unmarked.empty()) return warnings;
  return Error(Code::kRefused,
               "{} holds data and no marker of an environment, and what is unknown counts as production",
               fmt::join(names_of(unmarked), " and "))
      .hint(fmt::format("if it belongs to `{0}`, mark it: summit-dr env adopt {0}", environment.name));
}

Result<void> check_production(const config::Environment& environment, bool confirmed) {
  if (environment.kind != EnvironmentClass::kProduction) return {};
  const auto host = host_name();
  if (std::find(environment.hosts.begin(), environment.hosts.end(), host) == environment.hosts.end()) {
    return Error(Code::kRefused, "this machine ({}) is not registered for `{}`, and no flag lifts that", host,
                 environment.name)
        .hint(fmt::format("run it on a registered machine, or add the host to environments.{}.hosts in "
                          "config/environments.yaml",
                          environment.name));
  }
  if (confirmed || standing_confirmation()) return {};
  return Error(Code::kRefused, "`{}` is production, and reading it was not confirmed", environment.name)
      .hint("add --confirm-production");
}

bool standing_confirmation() {
  struct stat status{};
  if (lstat(kConfirmationFile, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == 0 &&
      (status.st_mode & (S_IWGRP | S_IWOTH)) == 0) {
    return true;
  }
  // The variable alone could be set by anybody on any machine; within a pod only the Job's author sets it.
  const char* in_pod = std::getenv("KUBERNETES_SERVICE_HOST");
  const char* allowed = std::getenv("SUMMIT_DR_JOB_CONFIRM_PRODUCTION");
  return in_pod != nullptr && allowed != nullptr && std::string_view(allowed) == "true";
}

Result<std::optional<EnvironmentMarker>> marker_to_write(const config::Environment& environment,
                                                         const std::vector<StoreIdentity>& identities) {
  if (identities.empty()) return std::optional<EnvironmentMarker>();
  for (const auto& identity : identities) {
    if (identity.marker) return identity.marker;
  }
  ASSIGN_OR_RETURN(auto identity, random_identity());
  return std::optional(new_marker(environment, std::move(identity)));
}

Result<EnvironmentMarker> adopt(const config::Environment& environment, bool replace,
                                const Cancellation& cancellation) {
  for (const auto& identity : read_identities(environment, {}, cancellation)) {
    const bool marked_wrongly = identity.doubt && identity.doubt->code() == Code::kCorrupt;
    if (!identity.reachable && !(marked_wrongly && replace)) {
      return Error(Code::kUnreachable, "{} cannot be marked: {}", identity.store, identity.problem)
          .hint("summit-dr doctor");
    }
    if (identity.marker && identity.marker->environment != environment.name && !replace) {
      return Error(Code::kRefused, "{} is marked as `{}` already: nothing was marked", identity.store,
                   identity.marker->environment)
          .hint(fmt::format(
              "if it really changed hands: summit-dr env adopt {0} --replace --confirm=\"adopt {0}\"",
              environment.name));
    }
  }
  ASSIGN_OR_RETURN(auto identity, random_identity());
  auto marker = new_marker(environment, std::move(identity));
  for (const auto& endpoint : environment.postgresql)
    RETURN_IF_ERROR(postgres::write_marker(endpoint, {}, marker, cancellation), "{}", endpoint.name);
  for (const auto& endpoint : environment.neo4j)
    RETURN_IF_ERROR(neo4j::write_marker(endpoint, marker, cancellation), "{}", endpoint.name);
  for (const auto& endpoint : environment.redis)
    RETURN_IF_ERROR(mark_redis(endpoint, marker, cancellation), "{}", endpoint.name);
  return marker;
}

}  // namespace summit::backup
