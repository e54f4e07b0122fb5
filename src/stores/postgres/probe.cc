#include "stores/postgres/probe.h"

#include <fmt/format.h>

#include "stores/postgres/catalog.h"
#include "stores/postgres/connection.h"

namespace summit::postgres {

namespace {

constexpr std::string_view kUserSchemas = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'";

// The count of what was looked at in row 0, the names of what is not well in its second column.
Result<std::string> check(Connection& connection, const std::string& sql, std::string_view holds,
                          std::string_view fails, const std::string& hint) {
  ASSIGN_OR_RETURN(auto rows, connection.query(sql));
  if (!rows.text(0, 1).empty()) {
    return Error(Code::kFailed, "{}: {}: {}", connection.where(), fails, rows.text(0, 1)).hint(hint);
  }
  return fmt::format("{} {}", rows.text(0, 0), holds);
}

}  // namespace

Result<std::vector<std::string>> probe(const config::PostgresEndpoint& endpoint, const std::string& database,
                                       const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto connection, connect_or_main(endpoint, database, cancellation));
  std::vector<std::string> lines;
  ASSIGN_OR_RETURN(auto version, server_version_text(connection));
  lines.push_back(fmt::format("database {} answers, version {}", connection.database(), version));

  // An index of a partitioned table is valid once every partition has its own: that is how it was made, and
  // nothing that REINDEX would change.
  ASSIGN_OR_RETURN(auto indexes,
                   check(connection,
                         fmt::format(R"sql(
      SELECT count(*), string_agg(n.nspname || '.' || c.relname, ', ' ORDER BY 1)
                         FILTER (WHERE NOT i.indisvalid AND c.relkind <> 'I')
      FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE {})sql",
                                     kUserSchemas),
                         "indexes valid", "invalid indexes", "run `REINDEX INDEX CONCURRENTLY …` for each"));
  lines.push_back(std::move(indexes));

  // A constraint may be NOT VALID on purpose: that is shown, and no failure.
  ASSIGN_OR_RETURN(auto constraints, connection.query(fmt::format(R"sql(
      SELECT count(*) FILTER (WHERE k.convalidated), count(*) FILTER (WHERE NOT k.convalidated)
      FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_namespace n ON n.oid = k.connamespace WHERE {})sql",
                                                                  kUserSchemas)));
  const std::string unvalidated = constraints.string(0, 1);
  lines.push_back(fmt::format("{} constraints validated{}", constraints.text(0, 0),
                              unvalidated == "0" ? "" : fmt::format(", {} declared NOT VALID", unvalidated)));

  ASSIGN_OR_RETURN(auto inventory, read_inventory(connection));
  lines.push_back(fmt::format("{} tables, {} sequences, {} large objects, {}", inventory.tables.size(),
                              inventory.sequences, inventory.large_objects,
                              human_bytes(inventory.database_bytes)));
  return lines;
}

Result<std::string> scalar(const config::PostgresEndpoint& endpoint, const std::string& sql,
                           const std::string& database, const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto connection, connect_or_main(endpoint, database, cancellation));
  RETURN_IF_ERROR(connection.execute("BEGIN READ ONLY; SET LOCAL search_path = public"));
  return connection.scalar(sql);
}

}  // namespace summit::postgres
