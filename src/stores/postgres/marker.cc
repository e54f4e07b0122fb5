#include "stores/postgres/marker.h"

#include "stores/postgres/connection.h"
#include "stores/postgres/load_session.h"
#include "stores/postgres/sql.h"

namespace summit::postgres {

Result<std::optional<config::EnvironmentMarker>> read_marker(const config::PostgresEndpoint& endpoint,
                                                             const std::string& database,
                                                             const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto connection, connect_or_main(endpoint, database, cancellation));
  ASSIGN_OR_RETURN(auto table, connection.query("SELECT pg_catalog.to_regclass('summit_dr.environment')"));
  if (table.is_null(0, 0)) return std::optional<config::EnvironmentMarker>{};
  ASSIGN_OR_RETURN(
      auto rows,
      connection.query("SELECT environment, kind, adopted_at, identity FROM summit_dr.environment"),
      "while reading the environment marker");
  if (rows.empty()) return std::optional<config::EnvironmentMarker>{};
  return std::optional(
      config::EnvironmentMarker{rows.string(0, 0), rows.string(0, 1), rows.string(0, 2), rows.string(0, 3)});
}

Result<void> write_marker(const config::PostgresEndpoint& endpoint, const std::string& database,
                          const config::EnvironmentMarker& marker, const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto connection, connect_or_main(endpoint, database, cancellation));
  RETURN_IF_ERROR(mute_event_triggers(connection));
  const std::string values = quote_literal(marker.environment) + ", " + quote_literal(marker.kind) + ", " +
                             quote_literal(marker.adopted_at) + ", " + quote_literal(marker.identity);
  // A publication of all tables lets no row be deleted from a table without a key; TRUNCATE needs none.
  return connection.execute(
      "BEGIN; CREATE SCHEMA IF NOT EXISTS summit_dr; "
      "CREATE TABLE IF NOT EXISTS summit_dr.environment (environment text NOT NULL, kind text NOT NULL, "
      "adopted_at text NOT NULL, identity text NOT NULL); "
      "COMMENT ON SCHEMA summit_dr IS 'Which environment this database belongs to. Written by summit-dr, "
      "left out of backups.'; "
      "TRUNCATE summit_dr.environment; INSERT INTO summit_dr.environment VALUES (" +
      values + "); COMMIT");
}

}  // namespace summit::postgres
