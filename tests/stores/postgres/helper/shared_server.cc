#include "tests/stores/postgres/helper/shared_server.h"

#include <fmt/format.h>

#include <map>

#include "devtools/platform/postgres_client.h"
#include "stores/postgres/connection.h"
#include "stores/postgres/sql.h"
#include "tests/stores/postgres/helper/test_database.h"

namespace summit::postgres {
namespace {

std::map<int, std::unique_ptr<platform::PostgresServer>>& servers() {
  static std::map<int, std::unique_ptr<platform::PostgresServer>> by_major;
  return by_major;
}

std::unique_ptr<platform::PostgresServer> new_server(int major) {
  platform::PostgresServer::Options options;
  options.major = major;
  options.settings["wal_level"] = "logical";
  options.settings["max_prepared_transactions"] = "5";
  return expect_ok(platform::PostgresServer::create(options));
}

// Runs what `query` makes, a database and a statement to run in it a row.
Result<void> execute_each(Connection& connection, const config::PostgresEndpoint& endpoint,
                          const std::string& query) {
  ASSIGN_OR_RETURN(auto rows, connection.query(query));
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows.string(i, 0) == connection.database()) {
      RETURN_IF_ERROR(connection.execute(rows.string(i, 1)));
    } else {
      ASSIGN_OR_RETURN(auto elsewhere, Connection::open(endpoint, rows.string(i, 0)));
      RETURN_IF_ERROR(elsewhere.execute(rows.string(i, 1)));
    }
  }
  return {};
}

// Databases go before the roles that own what is in them, and after everything that holds them.
constexpr const char* kEmptying[] = {
    "SELECT 'postgres', format('SELECT pg_catalog.pg_terminate_backend(%s, 10000)', pid) "
    "FROM pg_catalog.pg_stat_activity WHERE backend_type IN ('client backend', 'walsender') "
    "AND pid <> pg_catalog.pg_backend_pid()",
    "SELECT database, format('ROLLBACK PREPARED %L', gid) FROM pg_catalog.pg_prepared_xacts",
    "SELECT coalesce(database, 'postgres'), format('SELECT pg_catalog.pg_drop_replication_slot(%L)', "
    "slot_name) "
    "FROM pg_catalog.pg_replication_slots",
    "SELECT 'postgres', format('DROP DATABASE %I WITH (FORCE)', datname) FROM pg_catalog.pg_database "
    "WHERE datname <> 'postgres' AND NOT datistemplate",
    "SELECT 'postgres', format('DROP TABLESPACE %I', spcname) FROM pg_catalog.pg_tablespace "
    "WHERE spcname !~ '^pg_'",
    "SELECT 'postgres', format('DROP OWNED BY %I; DROP ROLE %1$I', rolname) FROM pg_catalog.pg_roles "
    "WHERE rolname !~ '^pg_' AND rolname <> current_user",
    "SELECT 'postgres', format('ALTER ROLE %s RESET ALL', coalesce(quote_ident(rolname), 'ALL')) "
    "FROM pg_catalog.pg_db_role_setting LEFT JOIN pg_catalog.pg_roles r ON r.oid = setrole WHERE setdatabase "
    "= 0",
};

Result<void> empty(platform::PostgresServer& server) {
  RETURN_IF_ERROR(server.start());
  const auto endpoint = server.endpoint();
  ASSIGN_OR_RETURN(auto connection, Connection::open(endpoint, "postgres"));
  for (const char* query : kEmptying) RETURN_IF_ERROR(execute_each(connection, endpoint, query));
  return connection.execute("CREATE DATABASE " + quote_identifier(endpoint.databases.front()));
}

}  // namespace

platform::PostgresServer& empty_server(int major) {
  auto& server = servers()[major];
  if (!server || !empty(*server).ok()) server = new_server(major);
  return *server;
}

void discard_servers() { servers().clear(); }

}  // namespace summit::postgres
