// Restores one archive, so that a test can kill a whole restoring process.
//
//   PGPASSWORD=… postgres-restore-helper HOST PORT USER BIN_DIRECTORY DATABASE ARCHIVE WORKSPACE [JOBS]
#include <cstdio>
#include <cstdlib>

#include "tests/stores/postgres/helper/restore_database.h"

int main(int argc, char** argv) {
  if (argc < 8) return 2;
  summit::config::PostgresEndpoint endpoint;
  endpoint.host = argv[1];
  endpoint.port = static_cast<uint16_t>(std::atoi(argv[2]));
  endpoint.user = argv[3];
  endpoint.bin_directory = argv[4];
  const char* password = std::getenv("PGPASSWORD");
  endpoint.password = summit::Secret(password ? password : "");

  summit::postgres::DatabaseRestore restore;
  restore.database = argv[5];
  restore.archive = summit::postgres::archive_file(argv[6]);
  restore.workspace = argv[7];
  restore.terminate_connections = true;
  if (argc > 8) restore.jobs = static_cast<size_t>(std::atoi(argv[8]));
  summit::SilentReporter reporter;
  const auto restored = summit::postgres::restore_database(endpoint, restore, reporter, "postgresql", {});
  if (restored.ok()) return 0;
  std::fprintf(stderr, "%s\n", restored.error().to_string().c_str());
  return 1;
}
