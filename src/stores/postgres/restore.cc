#include "stores/postgres/restore.h"

#include <fmt/format.h>

#include <algorithm>

#include "stores/postgres/analyze.h"
#include "stores/postgres/database_entries.h"
#include "stores/postgres/marker.h"
#include "stores/postgres/requirements.h"
#include "stores/postgres/swap.h"

namespace summit::postgres {

namespace {

// Drops the half-filled database unless it took the old one's place.
class AbandonUnlessDone {
 public:
  explicit AbandonUnlessDone(DatabaseSwap& swap) : swap_(swap) {}
  ~AbandonUnlessDone() { swap_.abandon(); }
  AbandonUnlessDone(const AbandonUnlessDone&) = delete;
  AbandonUnlessDone& operator=(const AbandonUnlessDone&) = delete;

 private:
  DatabaseSwap& swap_;
};

// TimescaleDB's workers stop when the database changes its name under them.
void restart_timescale_workers(const config::PostgresEndpoint& endpoint, const std::string& database) {
  auto connection = Connection::open(endpoint, database);
  if (!connection.ok()) return;
  // Absent before TimescaleDB 2.12, whose workers come back by themselves.
  [[maybe_unused]] auto started =
      connection->query("SELECT _timescaledb_functions.start_background_workers()");
}

Result<Loaded> fill(const config::PostgresEndpoint& endpoint, const DatabaseRestore& restore,
                    const pgarchive::Contents& contents, const DatabaseEntries& entries, DatabaseSwap& swap,
                    Reporter& reporter, const std::string& store, const Cancellation& cancellation) {
  LoadRequest request{restore.archive,           contents,     swap.restoring(),
                      restore.timescale_version, restore.jobs, restore.workspace};
  request.archive_bytes = restore.archive_bytes;
  request.rows = restore.rows;
  request.chosen = restore.chosen;
  request.editing = restore.editing;
  ASSIGN_OR_RETURN(auto loaded, load_archive(endpoint, request, reporter, store, cancellation));
  RETURN_IF_ERROR(carry_over(entries, contents.database.value_or(""), swap.restoring(), swap.maintenance()));
  if (restore.marker)
    RETURN_IF_ERROR(write_marker(endpoint, swap.restoring(), *restore.marker, cancellation));
  auto phase = reporter.phase(store, "analyzing " + restore.database, "tables");
  RETURN_IF_ERROR(analyze_database(endpoint, swap.restoring(), restore.jobs, phase.get(), cancellation));
  return loaded;
}

std::string sentence_of(const Leftover& leftover) {
  switch (leftover.kind) {
    case Leftover::Kind::kCrashed:
      return fmt::format("{} was left by an earlier restore and will be removed", leftover.name);
    case Leftover::Kind::kKept:
      return fmt::format("{} is what an earlier restore replaced: drop it by hand when nobody needs it",
                         leftover.name);
    case Leftover::Kind::kUnknown:
      break;
  }
  return fmt::format(
      "{} looks like a leftover of a restore but does not say so: drop it by hand when nobody needs it",
      leftover.name);
}

}  // namespace

Result<Restored> restore_database(const config::PostgresEndpoint& endpoint, const DatabaseRestore& restore,
                                  Reporter& reporter, const std::string& store,
                                  const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto contents, read_contents(restore.archive));
  ASSIGN_OR_RETURN(auto swap, DatabaseSwap::begin(endpoint, restore.database, cancellation));
  ASSIGN_OR_RETURN([[maybe_unused]] auto versions, check_load(endpoint, swap.maintenance().server_version()));
  RETURN_IF_ERROR(check_requirements(swap.maintenance(), contents, restore.timescale_version));
  RETURN_IF_ERROR(swap.check_replaceable(restore.terminate_connections));
  ASSIGN_OR_RETURN(auto removed, swap.remove_leftovers());
  for (const auto& name : removed)
    reporter.info(fmt::format("{}: removed {}, left by an earlier restore", store, name));

  const DatabaseEntries entries = database_entries(contents);
  const AbandonUnlessDone guard(swap);
  RETURN_IF_ERROR(swap.create(entries.create, contents.database.value_or(""), entries.owner));
  Restored restored;
  ASSIGN_OR_RETURN(restored.loaded,
                   fill(endpoint, restore, contents, entries, swap, reporter, store, cancellation),
                   "while restoring {}", restore.database);
  RETURN_IF_ERROR(cancellation.check());
  ASSIGN_OR_RETURN(restored.kept,
                   swap.commit(entries.comment, restore.terminate_connections, restore.keep_replaced));
  if (contents.has_extension("timescaledb")) restart_timescale_workers(endpoint, restore.database);
  return restored;
}

Result<std::vector<std::string>> foresee_obstacles(const config::PostgresEndpoint& endpoint,
                                                   const std::string& database,
                                                   const pgarchive::Contents& contents,
                                                   const std::string& timescale_version) {
  ASSIGN_OR_RETURN(auto swap, DatabaseSwap::begin(endpoint, database, {}));
  ASSIGN_OR_RETURN(auto obstacles, missing_requirements(swap.maintenance(), contents, timescale_version));
  ASSIGN_OR_RETURN(auto leftovers, swap.leftovers());
  for (const auto& leftover : leftovers) obstacles.push_back(sentence_of(leftover));
  auto replaceable = swap.check_replaceable(false);
  if (!replaceable.ok()) {
    const Code code = replaceable.error().code();
    if (code != Code::kBusy && code != Code::kRefused && code != Code::kDenied)
      return std::move(replaceable).error();
    obstacles.push_back(replaceable.error().message());
  }
  return obstacles;
}

}  // namespace summit::postgres
