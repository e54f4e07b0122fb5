// Restores one database from an archive, beside the one that is there, and swaps the two (swap.h).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/endpoint.h"
#include "config/marker.h"
#include "core/cancellation.h"
#include "core/files.h"
#include "core/progress.h"
#include "core/result.h"
#include "formats/pgarchive/contents.h"
#include "stores/postgres/load.h"

namespace summit::postgres {

struct DatabaseRestore {
  std::string database;  // its name here, which may differ from the archive's
  ArchiveSource archive;
  std::string timescale_version;  // at the source; empty when not recorded
  uint64_t archive_bytes = 0;     // for progress; 0: not known
  uint64_t rows = 0;              // for progress; 0: not known
  std::optional<config::EnvironmentMarker> marker;
  bool terminate_connections = false;
  bool keep_replaced = false;  // under another name, as a way back
  size_t jobs = 1;
  fs::path workspace;
  std::function<bool(const pgarchive::Entry&)> chosen{};  // empty: every entry
  RowEditing* editing = nullptr;                          // null: rows go in as they are
  bool skip_failed_definitions = false;                   // skipped_definitions.h
};

// What fills `database`, which is not the restore's own while it lies beside it. `contents` outlives it.
LoadRequest load_request(const DatabaseRestore& restore, const pgarchive::Contents& contents,
                         const std::string& database);

struct Restored {
  Loaded loaded;
  std::string kept;  // the name of the replaced database that was kept; empty: none
};

// A database that is filled and lies beside the one whose place it is to take, under another name. Dropped
// when it goes without commit().
class FilledDatabase {
 public:
  // The name that it has until commit().
  const std::string& name() const;
  // The one that it will have after commit().
  const std::string& comment() const;
  const Loaded& loaded() const;
  // Takes its place. `closed`: as ALLOW_CONNECTIONS false, from the first moment on which it has the name:
  // nobody connects, superusers neither.
  enum class Doors { kOpen, kClosed };
  Result<Restored> commit(Doors doors);

  FilledDatabase(FilledDatabase&&) noexcept;
  FilledDatabase& operator=(FilledDatabase&&) = delete;
  ~FilledDatabase();

 private:
  struct State;
  explicit FilledDatabase(std::unique_ptr<State> state);
  friend Result<FilledDatabase> fill_database(const config::PostgresEndpoint&, const DatabaseRestore&,
                                              Reporter&, const std::string&, const Cancellation&);
  std::unique_ptr<State> state_;
};

// What would hinder commit() is looked for first. Every failure, of commit() too, leaves the database that
// was there as it was, and drops what was begun. kCorrupt for a damaged archive, kBusy for a database in use,
// kDenied for a missing right, kUnsupported when an extension is not to be had here in a fitting version.
Result<FilledDatabase> fill_database(const config::PostgresEndpoint& endpoint, const DatabaseRestore& restore,
                                     Reporter& reporter, const std::string& store,
                                     const Cancellation& cancellation);

// What stands in the way of such a restore, found without changing anything: sessions, slots, missing
// extensions and rights. Sentences for the plan.
Result<std::vector<std::string>> foresee_obstacles(const config::PostgresEndpoint& endpoint,
                                                   const std::string& database,
                                                   const pgarchive::Contents& contents,
                                                   const std::string& timescale_version);

}  // namespace summit::postgres
