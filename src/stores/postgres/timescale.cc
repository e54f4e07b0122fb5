#include "stores/postgres/timescale.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "stores/postgres/archive_schema.h"
#include "stores/postgres/sql.h"

namespace summit::postgres {

namespace {

std::string schema_of_extension(const pgarchive::Contents& contents) {
  for (const auto& entry : contents.entries) {
    if (!entry.is("EXTENSION") || entry.tag != "timescaledb") continue;
    const auto words = words_of(entry.definition.value_or(""));
    for (size_t i = 0; i + 1 < words.size(); ++i) {
      if (words[i].is("SCHEMA")) return words[i + 1].text;
    }
  }
  return "public";
}

// The table after REFERENCES, which pg_dump writes with its schema.
std::optional<RelationName> referenced_by(const pgarchive::Entry& key) {
  const auto words = words_of(key.definition.value_or(""));
  for (size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i].is("REFERENCES")) return name_at(words, i + 1);
  }
  return std::nullopt;
}

// Moves what `chosen` says from one list to the other.
template <typename Chosen>
void move_if(LoadPlan::Entries& from, LoadPlan::Entries& to, const Chosen& chosen) {
  const auto kept = std::stable_partition(from.begin(), from.end(),
                                          [&](const pgarchive::Entry* entry) { return !chosen(*entry); });
  to.insert(to.end(), kept, from.end());
  from.erase(kept, from.end());
}

// The schema of these functions has another name since version 2.12.
Result<void> tell_workers(Connection& connection, const std::string& function) {
  ASSIGN_OR_RETURN(
      const auto schema,
      connection.query("SELECT n.nspname FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = "
                       "p.pronamespace WHERE p.proname = $1 AND p.pronargs = 0 AND n.nspname IN "
                       "('_timescaledb_functions', '_timescaledb_internal') ORDER BY 1 LIMIT 1",
                       {function}));
  if (schema.empty()) return {};
  ASSIGN_OR_RETURN(
      [[maybe_unused]] auto told,
      connection.query(fmt::format("SELECT {}()", quote_qualified(schema.string(0, 0), function))));
  return {};
}

}  // namespace

Result<bool> has_timescale(Connection& connection) {
  ASSIGN_OR_RETURN(const auto rows,
                   connection.query("SELECT FROM pg_catalog.pg_extension WHERE extname = 'timescaledb'"));
  return !rows.empty();
}

Result<std::string> begin_timescale_restore(const config::PostgresEndpoint& endpoint,
                                            const std::string& database, const pgarchive::Contents& contents,
                                            const std::string& version, const Cancellation& cancellation) {
  const std::string schema = schema_of_extension(contents);
  Connection::Options options;
  options.cancellation = cancellation;
  {
    ASSIGN_OR_RETURN(auto connection, Connection::open(endpoint, database, options));
    std::string create = fmt::format("CREATE EXTENSION timescaledb WITH SCHEMA {}", quote_identifier(schema));
    if (!version.empty()) create += " VERSION " + quote_literal(version);
    if (schema != "public")
      RETURN_IF_ERROR(connection.execute("CREATE SCHEMA IF NOT EXISTS " + quote_identifier(schema)));
    RETURN_IF_ERROR(connection.execute(create), "while creating the extension timescaledb");
  }
  // In a session of its own: the extension's library is loaded at the start of one.
  ASSIGN_OR_RETURN(auto connection, Connection::open(endpoint, database, options));
  ASSIGN_OR_RETURN(
      [[maybe_unused]] auto prepared,
      connection.query(fmt::format("SELECT {}.timescaledb_pre_restore()", quote_identifier(schema))));
  return schema;
}

Result<void> end_timescale_restore(const config::PostgresEndpoint& endpoint, const std::string& database,
                                   const std::string& schema, bool jobs_wait,
                                   const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto connection, Connection::open(endpoint, database, {.cancellation = cancellation}));
  // Workers that are started wait for the end of the transaction: stopped within it, they have done nothing.
  RETURN_IF_ERROR(connection.execute("BEGIN"));
  ASSIGN_OR_RETURN(
      [[maybe_unused]] auto finished,
      connection.query(fmt::format("SELECT {}.timescaledb_post_restore()", quote_identifier(schema))));
  if (jobs_wait) RETURN_IF_ERROR(tell_workers(connection, "stop_background_workers"));
  return connection.execute("COMMIT");
}

Result<void> start_timescale_workers(Connection& connection) {
  return tell_workers(connection, "start_background_workers");
}

Result<KeysToHypertables> take_keys_to_hypertables(const config::PostgresEndpoint& endpoint,
                                                   const std::string& database, LoadPlan& plan,
                                                   const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto connection, Connection::open(endpoint, database, {.cancellation = cancellation}));
  ASSIGN_OR_RETURN(const auto rows,
                   connection.query("SELECT schema_name, table_name FROM _timescaledb_catalog.hypertable"));
  std::set<RelationName> hypertables;
  for (size_t i = 0; i < rows.size(); ++i) hypertables.insert({rows.string(i, 0), rows.string(i, 1)});

  KeysToHypertables taken;
  std::set<std::string> ids;
  move_if(plan.foreign_keys, taken.keys, [&](const pgarchive::Entry& entry) {
    const auto table = referenced_by(entry);
    if (!table || !hypertables.contains(*table)) return false;
    ids.insert(fmt::format("{}", entry.id));
    return true;
  });
  move_if(plan.after, taken.comments, [&](const pgarchive::Entry& entry) {
    return std::any_of(entry.dependencies.begin(), entry.dependencies.end(),
                       [&](const std::string& id) { return ids.contains(id); });
  });
  return taken;
}

bool made_by_timescale(const pgarchive::Entry& entry, const std::string& schema) {
  return (entry.is("EXTENSION") && entry.tag == "timescaledb") ||
         (entry.is("SCHEMA") && entry.tag == schema && schema != "public");
}

}  // namespace summit::postgres
