#include "stores/postgres/load_session.h"

#include <fmt/format.h>

#include "stores/postgres/sql.h"

namespace summit::postgres {

namespace {

// Where the server has such a setting, and the role may give it a value.
Result<void> set_if_allowed(Connection& connection, std::string_view name, std::string_view value) {
  const char* const may = connection.server_version() >= 150000
                              ? "pg_catalog.has_parameter_privilege(name, 'SET')"
                              : "pg_catalog.current_setting('is_superuser') = 'on'";
  return connection.execute(fmt::format(
      "SELECT pg_catalog.set_config(name, {}, false) FROM pg_catalog.pg_settings WHERE name = {} AND {}",
      quote_literal(value), quote_literal(name), may));
}

}  // namespace

Result<void> outrank_autovacuum(Connection& connection) {
  return set_if_allowed(connection, "deadlock_timeout", "20ms");
}

Result<void> mute_event_triggers(Connection& connection) {
  RETURN_IF_ERROR(set_if_allowed(connection, "event_triggers", "off"));  // since version 17
  return set_if_allowed(connection, "session_replication_role", "replica");
}

Result<Connection> open_load_session(const config::PostgresEndpoint& endpoint, const std::string& database,
                                     const pgarchive::Contents& contents, bool hide_values,
                                     const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(
      auto connection,
      Connection::open(endpoint, database, {.cancellation = cancellation, .hide_values = hide_values}));
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
