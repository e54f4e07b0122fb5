#include "stores/postgres/in_place.h"

#include <fmt/format.h>

#include <optional>

#include "core/wait.h"
#include "stores/postgres/analyze.h"
#include "stores/postgres/archive_reading.h"
#include "stores/postgres/catalog.h"
#include "stores/postgres/database_entries.h"
#include "stores/postgres/default_privileges.h"
#include "stores/postgres/doorkeeper.h"
#include "stores/postgres/marker.h"
#include "stores/postgres/requirements.h"
#include "stores/postgres/rights.h"
#include "stores/postgres/sessions.h"
#include "stores/postgres/sql.h"
#include "stores/postgres/swap.h"

namespace summit::postgres {

namespace {

// What users made and no schema or extension takes with it; each kind after those that may need it, and event
// triggers first, for they may refuse the rest. A server names an object as DROP wants it.
constexpr std::string_view kObjects = R"sql(
    WITH own AS (
      SELECT 0 AS step, 'pg_catalog.pg_event_trigger'::pg_catalog.regclass AS class, oid
        FROM pg_catalog.pg_event_trigger
      UNION ALL SELECT 1, 'pg_catalog.pg_extension', oid FROM pg_catalog.pg_extension WHERE extname <> 'plpgsql'
      UNION ALL SELECT 2, 'pg_catalog.pg_publication', oid FROM pg_catalog.pg_publication
      UNION ALL SELECT 3, 'pg_catalog.pg_namespace', oid FROM pg_catalog.pg_namespace
        WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', $1)
      UNION ALL SELECT 4, 'pg_catalog.pg_cast', oid FROM pg_catalog.pg_cast WHERE oid >= 16384
      UNION ALL SELECT 4, 'pg_catalog.pg_foreign_data_wrapper', oid FROM pg_catalog.pg_foreign_data_wrapper
      UNION ALL SELECT 5, 'pg_catalog.pg_am', oid FROM pg_catalog.pg_am WHERE oid >= 16384
      UNION ALL SELECT 5, 'pg_catalog.pg_language', oid FROM pg_catalog.pg_language WHERE oid >= 16384)
    SELECT i.type, i.identity FROM own, pg_catalog.pg_identify_object(own.class, own.oid, 0) i
    WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                      WHERE d.classid = own.class AND d.objid = own.oid AND d.deptype = 'e')
    ORDER BY own.step, 2)sql";

// Every database begins with this schema, and archives rely on it.
constexpr std::string_view kCreatePublic =
    "CREATE SCHEMA public; ALTER SCHEMA public OWNER TO pg_database_owner; GRANT USAGE ON SCHEMA public TO "
    "PUBLIC; COMMENT ON SCHEMA public IS 'standard public schema'";

// A lock each: so many at a time.
Result<void> unlink_large_objects(Connection& connection) {
  std::string last = "0";
  while (!last.empty()) {
    ASSIGN_OR_RETURN(last,
                     connection.scalar("SELECT CASE WHEN pg_catalog.count(pg_catalog.lo_unlink(oid)) > 0 "
                                       "THEN pg_catalog.max(oid) END FROM (SELECT oid FROM "
                                       "pg_catalog.pg_largeobject_metadata WHERE oid > $1::oid ORDER BY "
                                       "oid LIMIT 1000) batch",
                                       {last}));
  }
  return {};
}

// Each object in a transaction of its own: the locks of a whole database may be more than a server has room
// for.
Result<void> empty_database(const config::PostgresEndpoint& endpoint, const std::string& database,
                            const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto connection, Connection::open(endpoint, database, {.cancellation = cancellation}));
  ASSIGN_OR_RETURN(const auto rows, connection.query(std::string(kObjects), {std::string(kMarkerSchema)}));
  for (size_t i = 0; i < rows.size(); ++i) {
    RETURN_IF_ERROR(
        connection.execute(fmt::format("DROP {} IF EXISTS {} CASCADE", rows.text(i, 0), rows.text(i, 1))));
  }
  // Those of schemas are gone with them; the archive's come last, so that they give nothing to what it
  // creates.
  ASSIGN_OR_RETURN([[maybe_unused]] auto put_aside,
                   DefaultPrivileges::put_aside(connection, DefaultPrivileges::Of::kEverybody));
  RETURN_IF_ERROR(unlink_large_objects(connection));
  return connection.execute(std::string(kCreatePublic));
}

// Whoever is connected now; a database that is let in nobody empties within moments.
Result<void> clear_sessions(const config::PostgresEndpoint& endpoint, Connection& maintenance,
                            const DatabaseRestore& restore, const Cancellation& cancellation) {
  if (!restore.terminate_connections) {
    ASSIGN_OR_RETURN(const auto connected, sessions_staying_in(maintenance, restore.database));
    return connected.empty() ? Result<void>() : busy_error(endpoint, restore.database, connected);
  }
  const auto gone = [&]() -> Result<bool> {
    ASSIGN_OR_RETURN(const auto sessions, sessions_in(maintenance, restore.database));
    RETURN_IF_ERROR(end_sessions(maintenance, sessions));
    return sessions.empty();
  };
  return wait_until(gone, "the sessions in " + restore.database + " to end", std::chrono::seconds(30),
                    std::chrono::milliseconds(50), cancellation);
}

Result<Loaded> fill(const config::PostgresEndpoint& endpoint, const DatabaseRestore& restore,
                    const pgarchive::Contents& contents, Reporter& reporter, const std::string& store,
                    const Cancellation& cancellation) {
  RETURN_IF_ERROR(empty_database(endpoint, restore.database, cancellation));
  const auto request = load_request(restore, contents, restore.database);
  ASSIGN_OR_RETURN(auto loaded, load_archive(endpoint, request, reporter, store, cancellation));
  RETURN_IF_ERROR(analyze_database(endpoint, restore.database, restore.jobs, reporter, store,
                                   restore.database, cancellation));
  // Written last, with a commit that waits for the disk.
  if (restore.marker)
    RETURN_IF_ERROR(write_marker(endpoint, restore.database, *restore.marker, cancellation));
  return loaded;
}

}  // namespace

Result<Restored> restore_in_place(const config::PostgresEndpoint& endpoint, const DatabaseRestore& restore,
                                  Reporter& reporter, const std::string& store,
                                  const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(const auto contents, read_contents(restore.archive));
  // For its lock: no other restore of this database at the same time.
  ASSIGN_OR_RETURN(auto swap, DatabaseSwap::begin(endpoint, restore.database, cancellation));
  ASSIGN_OR_RETURN(const bool exists, swap.target_exists());
  if (!exists) {
    return Error(Code::kNotFound, "there is no database {} at {} to restore in place", restore.database,
                 address_of(endpoint))
        .hint("leave `--in-place` out, and it is created");
  }
  Connection& maintenance = swap.maintenance();
  ASSIGN_OR_RETURN([[maybe_unused]] auto versions, check_load(endpoint, maintenance.server_version()));
  RETURN_IF_ERROR(check_requirements(maintenance, contents, restore.timescale_version));
  RETURN_IF_ERROR(check_owner(maintenance, restore.database));

  std::optional<Doorkeeper> doorkeeper;
  if (restore.terminate_connections) {
    ASSIGN_OR_RETURN(auto closed, Doorkeeper::close(endpoint, restore.database));
    doorkeeper.emplace(std::move(closed));
    if (!doorkeeper->closed()) {
      reporter.warn(fmt::format("{}: new sessions are not kept out of {}: only a superuser can do that",
                                store, restore.database));
    }
  }
  RETURN_IF_ERROR(clear_sessions(endpoint, maintenance, restore, cancellation));
  Restored restored;
  ASSIGN_OR_RETURN(restored.loaded, fill(endpoint, restore, contents, reporter, store, cancellation),
                   "while restoring {} in place, which leaves it incomplete", restore.database);
  // Before the settings that the archive has for the database, among them perhaps a connection limit.
  if (doorkeeper) RETURN_IF_ERROR(doorkeeper->open());
  const DatabaseEntries entries = database_entries(contents);
  const std::string source = contents.database.value_or("");
  RETURN_IF_ERROR(carry_over_settings(entries, source, restore.database, maintenance));
  RETURN_IF_ERROR(carry_over_grants(entries, source, restore.database, maintenance));
  RETURN_IF_ERROR(
      maintenance.execute(fmt::format("COMMENT ON DATABASE {} IS {}", quote_identifier(restore.database),
                                      entries.comment.empty() ? "NULL" : quote_literal(entries.comment))));
  return restored;
}

}  // namespace summit::postgres
