#include "recovery/doctor.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "backup/identity.h"
#include "core/bytes.h"
#include "recovery/journal.h"
#include "stores/access/access.h"
#include "stores/neo4j/admin.h"
#include "stores/neo4j/bolt_connection.h"
#include "stores/neo4j/server.h"
#include "stores/neo4j/store_layout.h"
#include "stores/postgres/connection.h"
#include "stores/postgres/probe.h"
#include "stores/postgres/tools.h"
#include "stores/redis/connection.h"
#include "stores/redis/probe.h"

namespace summit::recovery {
namespace {

constexpr double kWorrisomeClockSkew = 1.0;  // seconds: instants of two stores can no longer be compared
constexpr double kIntolerableClockSkew = 30.0;

Diagnosis good(std::string subject, std::string finding) {
  return {std::move(subject), Health::kGood, std::move(finding), {}};
}

Diagnosis bad(std::string subject, const Error& error) {
  return {std::move(subject), Health::kBad, error.message(),
          error.hint().empty() ? "see the message" : error.hint()};
}

Diagnosis from(const std::string& subject, const Result<std::string>& result) {
  return result.ok() ? good(subject, *result) : bad(subject, result.error());
}

// --- PostgreSQL

Result<std::string> check_postgres_tools(const config::PostgresEndpoint& endpoint, int server_major) {
  std::string found;
  for (const auto* name : {"pg_dump", "pg_restore", "pg_dumpall"}) {
    ASSIGN_OR_RETURN(const auto tool, postgres::find_tool(endpoint, name, server_major));
    found += fmt::format("{}{} {}", found.empty() ? "" : ", ", name, tool.version);
  }
  return found;
}

Result<std::string> check_postgres_rights(postgres::Connection& connection) {
  if (connection.is_superuser()) return std::string("superuser: may read and restore everything");
  ASSIGN_OR_RETURN(
      const auto answer,
      connection.query("SELECT pg_catalog.pg_has_role(current_user, 'pg_read_all_data', 'USAGE'), "
                       "(SELECT rolcreatedb FROM pg_catalog.pg_roles WHERE rolname = current_user)"));
  if (answer.truth(0, 0) && answer.truth(0, 1)) return std::string("may read all data and create databases");
  return Error(Code::kDenied, "the role may not {}",
               answer.truth(0, 0) ? "create databases, which a restore does" : "read all data")
      .hint("as an administrator: GRANT pg_read_all_data TO the role; ALTER ROLE it CREATEDB");
}

Result<std::string> check_clock(postgres::Connection& connection) {
  const auto before = now();
  ASSIGN_OR_RETURN(
      const auto text,
      connection.scalar(
          "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"));
  const auto server = from_rfc3339(text);
  if (!server) return Error(Code::kFailed, "the server's clock says `{}`", text);
  const auto middle = before + (now() - before) / 2;
  const auto skew = std::abs(Seconds(*server - middle).count());
  if (skew > kIntolerableClockSkew) {
    return Error(Code::kFailed, "this machine's clock and the server's are {} apart",
                 human_duration(Seconds(skew)))
        .hint("synchronise both clocks (chrony, systemd-timesyncd)");
  }
  return fmt::format("within {} of the server's clock{}", human_duration(Seconds(skew)),
                     skew > kWorrisomeClockSkew ? ": instants of different stores compare badly" : "");
}

void examine_postgres(const config::PostgresEndpoint& endpoint, const Examination& examination,
                      std::vector<Diagnosis>& diagnoses) {
  auto connection = postgres::Connection::open(
      endpoint, endpoint.databases.empty() ? "postgres" : endpoint.databases.front(),
      {.cancellation = examination.cancellation});
  if (!connection.ok()) {
    diagnoses.push_back(bad(endpoint.name, connection.error()));
    return;
  }
  const int major = connection->server_version() / 10000;
  diagnoses.push_back(good(endpoint.name, "answers at " + connection->where()));
  diagnoses.push_back(from(endpoint.name + " tools", check_postgres_tools(endpoint, major)));
  diagnoses.push_back(from(endpoint.name + " rights", check_postgres_rights(*connection)));
  auto health = postgres::probe(endpoint, {}, examination.cancellation);
  diagnoses.push_back(health.ok()
                          ? good(endpoint.name + " health", fmt::format("{}", fmt::join(*health, ", ")))
                          : bad(endpoint.name + " health", health.error()));
  diagnoses.push_back(from("clock", check_clock(*connection)));
}

// --- Neo4j

Result<std::string> check_neo4j_server(const config::Neo4jEndpoint& endpoint,
                                       const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto bolt, neo4j::BoltConnection::open(endpoint, cancellation));
  ASSIGN_OR_RETURN(const auto edition, neo4j::server_edition(bolt));
  ASSIGN_OR_RETURN(const auto counts, neo4j::count_elements(bolt));
  return fmt::format("answers, version {} {}, {} nodes, {} relationships", neo4j::server_version(bolt),
                     edition, counts.nodes, counts.relationships);
}

Result<std::string> check_neo4j_files(const config::Neo4jEndpoint& endpoint,
                                      const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(const auto layout, neo4j::layout_of(endpoint));
  RETURN_IF_ERROR(neo4j::check_files_belong(endpoint, layout, cancellation));
  ASSIGN_OR_RETURN(const auto files,
                   neo4j::list_files(layout.store(endpoint.database), neo4j::FileKind::kRecords));
  for (const auto& file : files) {
    const auto path = layout.store(endpoint.database) / file.path;
    if (::access(path.c_str(), R_OK) != 0) {
      return Error(Code::kDenied, "{} cannot be read", path.string())
          .hint("run as the server's user, or as root");
    }
  }
  return fmt::format("{} store files readable in {}", files.size(), layout.store(endpoint.database).string());
}

Result<std::string> check_neo4j_tools(const config::Neo4jEndpoint& endpoint,
                                      const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(const auto programs, neo4j::find_programs(endpoint));
  ASSIGN_OR_RETURN(const auto version, neo4j::installed_version(programs, cancellation));
  ASSIGN_OR_RETURN(const auto bolt, neo4j::BoltConnection::open(endpoint, cancellation));
  RETURN_IF_ERROR(neo4j::check_versions(version, neo4j::server_version(bolt)));
  return fmt::format("neo4j and neo4j-admin {}", version);
}

Result<std::string> check_way_to_stop(const config::Access& access, const std::string& name) {
  ASSIGN_OR_RETURN(const auto stop, access::stop_commands(access, name));
  ASSIGN_OR_RETURN(const auto start, access::start_commands(access, name));
  return fmt::format("a restore stops it by `{}` and starts it by `{}`", stop.front().to_string(),
                     start.front().to_string());
}

void examine_neo4j(const config::Neo4jEndpoint& endpoint, const Examination& examination,
                   std::vector<Diagnosis>& diagnoses) {
  const auto& cancellation = examination.cancellation;
  diagnoses.push_back(from(endpoint.name, check_neo4j_server(endpoint, cancellation)));
  if (diagnoses.back().health == Health::kBad) return;
  diagnoses.push_back(from(endpoint.name + " files", check_neo4j_files(endpoint, cancellation)));
  diagnoses.push_back(from(endpoint.name + " tools", check_neo4j_tools(endpoint, cancellation)));
  diagnoses.push_back(from(endpoint.name + " stop", check_way_to_stop(endpoint.access, endpoint.name)));
}

// --- Redis

Result<std::string> check_redis(const config::RedisEndpoint& endpoint, const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto connection, redis::Connection::open(endpoint, {}, cancellation));
  ASSIGN_OR_RETURN(const auto version, redis::server_version(connection));
  ASSIGN_OR_RETURN(const auto counts, redis::count_keys(connection));
  uint64_t keys = 0;
  for (const auto& [db, count] : counts) keys += count;
  return fmt::format("answers, version {}, {} keys", version, keys);
}

void examine_redis(const config::RedisEndpoint& endpoint, const Examination& examination,
                   std::vector<Diagnosis>& diagnoses) {
  diagnoses.push_back(from(endpoint.name, check_redis(endpoint, examination.cancellation)));
}

// --- what is not a store

void examine_markers(const Examination& examination, std::vector<Diagnosis>& diagnoses) {
  const auto identities = backup::read_identities(examination.environment, {}, examination.cancellation);
  auto checked = backup::check_identities(examination.environment, identities, backup::Purpose::kOverwrite);
  if (!checked.ok()) {
    diagnoses.push_back(bad("markers", checked.error()));
  } else if (checked->empty()) {
    diagnoses.push_back(good(
        "markers", fmt::format("every store with data is marked as `{}`", examination.environment.name)));
  }
  for (const auto& warning : checked.ok() ? *checked : std::vector<std::string>()) {
    diagnoses.push_back({"markers", Health::kWarning, warning,
                         fmt::format("summit-dr env adopt {}", examination.environment.name)});
  }
}

void examine_key(const Examination& examination, std::vector<Diagnosis>& diagnoses) {
  if (!examination.sealing_key.ok()) {
    diagnoses.push_back(bad("key", examination.sealing_key.error()));
  } else if (!*examination.sealing_key) {
    diagnoses.push_back(
        {"key", Health::kBad, "no key is set: secrets cannot be sealed", "summit-dr key init"});
  } else {
    diagnoses.push_back(good("key", "secrets are sealed with " + (**examination.sealing_key).source));
  }
}

// "at least twice the size of a backup": one may be written while the old one is still kept.
void examine_space(const Examination& examination, std::vector<Diagnosis>& diagnoses) {
  auto plan = backup::plan_backup(
      {.set = "full", .datastores = {}, .label = {}, .layout = config::Layout::kPlain, .s3_bucket = {}},
      examination.environment, examination.configuration);
  if (!plan.ok()) {
    diagnoses.push_back(bad("disk", plan.error()));
    return;
  }
  const auto predicted =
      backup::predict_size(*plan, examination.configuration, examination.reporter, examination.cancellation);
  auto free_bytes = free_space(examination.base);
  if (!free_bytes.ok()) {
    diagnoses.push_back(bad("disk", free_bytes.error()));
    return;
  }
  const auto finding = fmt::format("{} free at {}, a full backup needs at most {}", human_bytes(*free_bytes),
                                   examination.base.string(), human_bytes(predicted.bytes));
  if (*free_bytes >= 2 * predicted.bytes) {
    diagnoses.push_back(good("disk", finding));
  } else {
    diagnoses.push_back({"disk", *free_bytes >= predicted.bytes ? Health::kWarning : Health::kBad, finding,
                         "free twice that, or set BACKUP_BASE to a larger disk"});
  }
}

void examine_leftovers(const Examination& examination, std::vector<Diagnosis>& diagnoses) {
  auto records = list_restores(examination.base);
  if (!records.ok()) {
    diagnoses.push_back(bad("restores", records.error()));
    return;
  }
  for (const auto& record : *records) {
    if (record.state != RestoreState::kRunning) continue;
    diagnoses.push_back({"restores", Health::kWarning,
                         fmt::format("{} of {} runs, or was interrupted", record.id, record.backup),
                         record.safety_backup.empty()
                             ? fmt::format("if it is not running: summit-dr restore {} --env={}",
                                           record.backup, record.environment)
                             : fmt::format("if it is not running: summit-dr rollback {}", record.id)});
    return;
  }
  diagnoses.push_back(good("restores", records->empty() ? "none was made from here" : "the last one ended"));
}

}  // namespace

std::string_view name_of(Health health) {
  switch (health) {
    case Health::kGood:
      return "good";
    case Health::kWarning:
      return "warning";
    case Health::kBad:
      return "bad";
  }
  return "bad";
}

std::vector<Diagnosis> examine(const Examination& examination) {
  const auto& environment = examination.environment;
  std::vector<Diagnosis> diagnoses;
  diagnoses.push_back(good(
      "configuration", fmt::format("{} sets, {} environments in {}", examination.configuration.sets.size(),
                                   examination.configuration.environments.size(),
                                   examination.configuration.directory.string())));
  for (const auto& endpoint : environment.postgresql) examine_postgres(endpoint, examination, diagnoses);
  for (const auto& endpoint : environment.neo4j) examine_neo4j(endpoint, examination, diagnoses);
  for (const auto& endpoint : environment.redis) examine_redis(endpoint, examination, diagnoses);
  examine_markers(examination, diagnoses);
  examine_key(examination, diagnoses);
  examine_space(examination, diagnoses);
  examine_leftovers(examination, diagnoses);
  return diagnoses;
}

}  // namespace summit::recovery
