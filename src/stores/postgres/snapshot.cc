#include "stores/postgres/snapshot.h"

#include <fmt/format.h>

#include "stores/postgres/sql.h"

namespace summit::postgres {

namespace {

// Rows hidden by a policy would be missing without a word; with row_security off the server refuses instead.
constexpr std::string_view kBegin =
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL row_security = off; SET LOCAL lock_timeout = "
    "{}";

}  // namespace

Result<void> lock_tables(Connection& connection, const std::vector<RelationName>& tables) {
  if (tables.empty()) return {};
  std::string sql = "LOCK TABLE ";
  for (size_t i = 0; i < tables.size(); ++i) {
    if (i > 0) sql += ", ";
    sql += "ONLY " + tables[i].quoted();
  }
  return connection.execute(sql + " IN ACCESS SHARE MODE");
}

Result<Snapshot> Snapshot::open(const config::PostgresEndpoint& endpoint, const std::string& database,
                                const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto connection, Connection::open(endpoint, database, {.cancellation = cancellation}));
  return Snapshot(std::move(connection));
}

// False when a table was created or dropped on the way: the snapshot then shows tables that are not locked.
Result<bool> Snapshot::try_take(std::chrono::milliseconds lock_timeout) {
  ASSIGN_OR_RETURN(auto tables, tables_to_lock(connection_));
  RETURN_IF_ERROR(connection_.execute(fmt::format(kBegin, lock_timeout.count())));
  // LOCK takes no snapshot: the transaction's begins with the export below.
  auto locked = lock_tables(connection_, tables);
  if (!locked.ok() && locked.error().code() == Code::kNotFound) return false;
  RETURN_IF_ERROR(std::move(locked), "while locking the tables of {}", connection_.database());
  ASSIGN_OR_RETURN(auto rows, connection_.query(R"sql(
      SELECT pg_catalog.pg_export_snapshot(),
             pg_catalog.to_char(pg_catalog.clock_timestamp(), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
             CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
                  ELSE pg_catalog.pg_current_wal_lsn() END)sql"));
  ASSIGN_OR_RETURN(auto seen, tables_to_lock(connection_));
  if (seen != tables) return false;
  id_ = rows.string(0, 0);
  const auto instant = from_rfc3339(rows.text(0, 1));
  if (!instant)
    return Error(Code::kFailed, "{} gives its time as '{}'", connection_.where(), rows.text(0, 1));
  instant_ = *instant;
  lsn_ = rows.string(0, 2);
  return true;
}

Result<void> Snapshot::take(std::chrono::milliseconds lock_timeout) {
  constexpr int kAttempts = 20;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    auto taken = try_take(lock_timeout);
    if (taken.ok() && *taken) return {};
    release();
    if (!taken.ok()) return std::move(taken).error();
  }
  return Error(Code::kBusy,
               "tables of {} are created and dropped all the time: no snapshot after {} attempts",
               connection_.database(), kAttempts)
      .hint("run the backup when no schema change is under way");
}

void Snapshot::release() {
  [[maybe_unused]] auto ended = connection_.execute("ROLLBACK");
  id_.clear();
}

Result<Connection> Snapshot::join(const config::PostgresEndpoint& endpoint, const std::string& database,
                                  const std::string& id, const Cancellation& cancellation, bool binary,
                                  std::chrono::milliseconds lock_timeout) {
  Connection::Options options;
  options.cancellation = cancellation;
  options.binary_results = binary;
  ASSIGN_OR_RETURN(auto connection, Connection::open(endpoint, database, options));
  RETURN_IF_ERROR(connection.execute(
      fmt::format("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET TRANSACTION SNAPSHOT {}; "
                  "SET LOCAL row_security = off; SET LOCAL lock_timeout = {}",
                  quote_literal(id), lock_timeout.count())));
  return connection;
}

}  // namespace summit::postgres
