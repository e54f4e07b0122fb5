#include "stores/postgres/load_session.h"

#include <fmt/format.h>

#include "stores/postgres/sql.h"

namespace summit::postgres {

Result<void> outrank_autovacuum(Connection& connection) {
  const char* const may = connection.server_version() >= 150000
                              ? "pg_catalog.has_parameter_privilege('deadlock_timeout', 'SET')"
                              : "pg_catalog.current_setting('is_superuser') = 'on'";
  return connection.execute(
      fmt::format("SELECT pg_catalog.set_config('deadlock_timeout', '20ms', false) WHERE {}", may));
}

Result<Connection> open_load_session(const config::PostgresEndpoint& endpoint, const std::string& database,
                                     const pgarchive::Contents& contents, const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto connection, Connection::open(endpoint, database, {.cancellation = cancellation}));
  RETURN_IF_ERROR(outrank_autovacuum(connection));
  RETURN_IF_ERROR(
      connection.execute("SET check_function_bodies = off; SET xmloption = content; SET row_security = off; "
                         "SET escape_string_warning = off; SET synchronous_commit = off"));
  for (const auto& entry : contents.entries) {
    const bool is_setting = entry.is("ENCODING") || entry.is("STDSTRINGS") || entry.is("SEARCHPATH");
    if (!is_setting || !entry.definition) continue;
    RETURN_IF_ERROR(connection.execute(*entry.definition));
  }
  return connection;
}

std::string settings_for(const pgarchive::Entry& entry, bool names_are_qualified) {
  std::string settings =
      fmt::format("SET default_tablespace = {}; ", quote_literal(entry.tablespace.value_or("")));
  if (!names_are_qualified && entry.schema && !entry.schema->empty())
    settings += fmt::format("SET search_path = {}, pg_catalog; ", quote_identifier(*entry.schema));
  return settings;
}

bool names_are_qualified(const pgarchive::Contents& contents) { return contents.count("SEARCHPATH") > 0; }

}  // namespace summit::postgres
