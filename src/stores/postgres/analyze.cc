#include "stores/postgres/analyze.h"

#include <fmt/format.h>

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

std::string not_analyzed(const std::string& table, const Error& error) {
  return fmt::format("{} could not be analyzed and has no statistics: {}", table, error.message());
}

}  // namespace

Result<void> analyze_database(const config::PostgresEndpoint& endpoint, const std::string& database,
                              size_t jobs, Reporter& reporter, const std::string& store,
                              const std::string& shown_as, const Cancellation& cancellation) {
  Connection::Options options;
  options.cancellation = cancellation;
  ASSIGN_OR_RETURN(auto first, Connection::open(endpoint, database, options));
  ASSIGN_OR_RETURN(const auto tables, tables_to_analyze(first));
  auto phase = reporter.phase(store, "analyzing " + shown_as, "tables");
  phase->set_total(tables.size());
  std::atomic<size_t> next{0};
  std::vector<std::string> failures(tables.size());
  const auto analyze = [&](Connection& connection) -> Result<void> {
    RETURN_IF_ERROR(outrank_autovacuum(connection));
    for (size_t i = next++; i < tables.size(); i = next++) {
      const auto analyzed = connection.execute("ANALYZE " + tables[i]);
      RETURN_IF_ERROR(cancellation.check());
      if (!analyzed.ok()) failures[i] = not_analyzed(tables[i], analyzed.error());
      phase->advance(1);
    }
    return {};
  };
  const auto work = [&](size_t worker) -> Result<void> {
    if (worker == 0) return analyze(first);
    ASSIGN_OR_RETURN(auto connection, Connection::open(endpoint, database, options));
    return analyze(connection);
  };
  RETURN_IF_ERROR(parallel_for(std::min(jobs, tables.size()), jobs, work, cancellation));
  for (const auto& failure : failures) {
    if (!failure.empty()) reporter.warn(fmt::format("{}: {}: {}", store, shown_as, failure));
  }
  return {};
}

Result<std::string> analyze_table(Connection& connection, const RelationName& table) {
  RETURN_IF_ERROR(connection.execute("SAVEPOINT analyzing"));
  const auto analyzed = connection.execute("ANALYZE " + table.quoted());
  if (analyzed.ok()) {
    RETURN_IF_ERROR(connection.execute("RELEASE SAVEPOINT analyzing"));
    return std::string();
  }
  if (analyzed.error().code() == Code::kCancelled) return analyzed.error();
  RETURN_IF_ERROR(connection.execute("ROLLBACK TO SAVEPOINT analyzing; RELEASE SAVEPOINT analyzing"));
  return not_analyzed(table.display(), analyzed.error());
}

}  // namespace summit::postgres
