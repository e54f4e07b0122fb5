// Restores one database from an archive, beside the one that is there, and swaps the two (swap.h).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/endpoint.h"
#include "config/marker.h"
#include "core/cancellation.h"
#include "core/files.h"
#include "core/progress.h"
#include "core/result.h"
#include "stores/postgres/engine.h"

namespace summit::postgres {

struct DatabaseRestore {
  std::string database;           // its name here, which may differ from the archive's
  fs::path archive;               // a seekable file
  std::string timescale_version;  // at the source; empty when not recorded
  uint64_t expected_bytes = 0;    // of the database at the source, for progress; 0: not known
  std::optional<config::EnvironmentMarker> marker;
  bool terminate_connections = false;
  size_t jobs = 1;
  fs::path workspace;
};

// Every failure leaves the database that was there as it was, and drops what was begun. kCorrupt for a
// damaged archive, kBusy for a database in use, kUnsupported when an extension is not to be had here in a
// fitting version.
Result<void> restore_database(const config::PostgresEndpoint& endpoint, LogicalEngine& engine,
                              const DatabaseRestore& restore, Reporter& reporter, const std::string& store,
                              const Cancellation& cancellation);

// What stands in the way of such a restore, found without changing anything: sessions, slots, missing
// extensions. Sentences for the plan.
Result<std::vector<std::string>> foresee_obstacles(const config::PostgresEndpoint& endpoint,
                                                   const std::string& database,
                                                   const ArchiveContents& contents,
                                                   const std::string& timescale_version);

}  // namespace summit::postgres
