#include "stores/postgres/wal_copies.h"

#include <fmt/format.h>

#include "stores/postgres/connection.h"
#include "stores/postgres/swap.h"

namespace summit::postgres {

Result<std::string> where_wal_goes(const config::PostgresEndpoint& endpoint, const std::string& database) {
  ASSIGN_OR_RETURN(auto connection, Connection::open(endpoint, maintenance_database(database)));
  ASSIGN_OR_RETURN(const auto rows, connection.query(R"sql(
    SELECT pg_catalog.current_setting('archive_mode') <> 'off',
           (SELECT pg_catalog.count(*) FROM pg_catalog.pg_replication_slots) +
           (SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_replication r
             WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_replication_slots s WHERE s.active_pid = r.pid)))sql"));
  const bool archived = rows.truth(0, 0);
  const auto readers = rows.string(0, 1);
  if (readers == "0") return std::string(archived ? "to its archive" : "");
  return fmt::format("to {}{} reader{} of its WAL", archived ? "its archive and " : "", readers,
                     readers == "1" ? "" : "s");
}

}  // namespace summit::postgres
