#include "stores/postgres/analyze.h"

#include <atomic>
#include <vector>

#include "core/task_group.h"
#include "stores/postgres/connection.h"
#include "stores/postgres/load_session.h"
#include "stores/postgres/sql.h"

namespace summit::postgres {

namespace {

// The root of a partitioned table stands for its partitions, and a hypertable for its chunks.
Result<std::vector<std::string>> tables_to_analyze(Connection& connection) {
  ASSIGN_OR_RETURN(auto rows, connection.query(R"sql(
      SELECT n.nspname, c.relname
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p', 'm') AND NOT c.relispartition
        AND n.nspname !~ '^(pg_|_timescaledb_)' AND n.nspname <> 'information_schema'
      ORDER BY (SELECT coalesce(sum(pg_catalog.pg_relation_size(t.relid)), 0)
                FROM (SELECT c.oid AS relid
                      UNION SELECT i.inhrelid FROM pg_catalog.pg_inherits i WHERE i.inhparent = c.oid) t) DESC)sql"));
  std::vector<std::string> tables;
  for (size_t i = 0; i < rows.size(); ++i)
    tables.push_back(quote_qualified(rows.text(i, 0), rows.text(i, 1)));
  return tables;
}

}  // namespace

Result<void> analyze_database(const config::PostgresEndpoint& endpoint, const std::string& database,
                              size_t jobs, Phase* phase, const Cancellation& cancellation) {
  Connection::Options options;
  options.cancellation = cancellation;
  ASSIGN_OR_RETURN(auto first, Connection::open(endpoint, database, options));
  ASSIGN_OR_RETURN(const auto tables, tables_to_analyze(first));
  if (phase) phase->set_total(tables.size());
  std::atomic<size_t> next{0};
  const auto work = [&](size_t) -> Result<void> {
    ASSIGN_OR_RETURN(auto connection, Connection::open(endpoint, database, options));
    RETURN_IF_ERROR(outrank_autovacuum(connection));
    for (size_t i = next++; i < tables.size(); i = next++) {
      RETURN_IF_ERROR(connection.execute("ANALYZE " + tables[i]));
      if (phase) phase->advance(1);
    }
    return {};
  };
  return parallel_for(std::min(jobs, tables.size()), jobs, work, cancellation);
}

}  // namespace summit::postgres
