#include "devtools/sample/postgres_sample.h"

#include "core/files.h"
#include "devtools/platform/postgres_client.h"
#include "devtools/sample/postgres_tables.h"

namespace summit::sample {

namespace {

using platform::PostgresClient;

Result<void> execute_file(PostgresClient& client, const char* name) {
  const fs::path path = fs::path(SUMMIT_SAMPLE_SCHEMA) / name;
  ASSIGN_OR_RETURN(const std::string sql, read_file(path));
  RETURN_IF_ERROR(client.execute(sql), "{}", path.string());
  return {};
}

Result<void> create_database(const config::PostgresEndpoint& endpoint, const std::string& database) {
  ASSIGN_OR_RETURN(PostgresClient client, PostgresClient::connect(endpoint, "postgres"));
  ASSIGN_OR_RETURN(const auto found,
                   client.execute("SELECT 1 FROM pg_database WHERE datname = $1", {database}));
  if (found.empty()) RETURN_IF_ERROR(client.execute("CREATE DATABASE " + client.quoted(database)));
  return {};
}

Result<void> refuse_filled(PostgresClient& client, const std::string& database) {
  ASSIGN_OR_RETURN(const auto found,
                   client.execute("SELECT 1 WHERE to_regclass('public.tenants') IS NOT NULL"));
  if (found.empty()) return {};
  return Error(Code::kAlreadyExists, "database {} has the sample's tables already", database)
      .hint("run `summit-dr-dev destroy` first");
}

Result<bool> has_timescaledb(PostgresClient& client) {
  ASSIGN_OR_RETURN(const auto found,
                   client.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'timescaledb'"
                                  " AND current_setting('shared_preload_libraries') ~ 'timescaledb'"));
  return !found.empty();
}

}  // namespace

Result<void> fill_postgres(const config::PostgresEndpoint& endpoint, const World& world) {
  const std::string& database = endpoint.databases.front();
  RETURN_IF_ERROR(create_database(endpoint, database));
  {
    ASSIGN_OR_RETURN(PostgresClient client, PostgresClient::connect(endpoint, database));
    RETURN_IF_ERROR(refuse_filled(client, database));
    RETURN_IF_ERROR(execute_file(client, "01-tables.sql"));
  }
  // TimescaleDB is created by a fresh session or not at all.
  ASSIGN_OR_RETURN(PostgresClient client, PostgresClient::connect(endpoint, database));
  ASSIGN_OR_RETURN(const bool timescaledb, has_timescaledb(client));
  if (timescaledb) RETURN_IF_ERROR(execute_file(client, "02-hypertables.sql"));
  RETURN_IF_ERROR(fill_core_tables(client.raw(), world));
  RETURN_IF_ERROR(fill_time_series(client.raw(), world));
  RETURN_IF_ERROR(fill_awkward_tables(client.raw(), world));
  RETURN_IF_ERROR(fill_large_objects(client.raw(), world));
  return execute_file(client, "03-after-data.sql");
}

}  // namespace summit::sample
