#include "stores/postgres/restore.h"

#include <fmt/format.h>

#include <algorithm>

#include "stores/postgres/analyze.h"
#include "stores/postgres/archive_reading.h"
#include "stores/postgres/database_entries.h"
#include "stores/postgres/marker.h"
#include "stores/postgres/requirements.h"
#include "stores/postgres/sql.h"
#include "stores/postgres/stock_restore.h"
#include "stores/postgres/swap.h"
#include "stores/postgres/timescale.h"

namespace summit::postgres {

namespace {

// They were stopped so that nothing changes before the database has its place.
Result<void> let_timescale_jobs_run(const config::PostgresEndpoint& endpoint, const std::string& database) {
  ASSIGN_OR_RETURN(auto connection, Connection::open(endpoint, database));
  return start_timescale_workers(connection);
}

Result<Loaded> fill(const config::PostgresEndpoint& endpoint, const DatabaseRestore& restore,
                    const pgarchive::Contents& contents, const DatabaseEntries& entries, DatabaseSwap& swap,
                    Reporter& reporter, const std::string& store, const Cancellation& cancellation) {
  const auto request = load_request(restore, contents, swap.restoring());
  ASSIGN_OR_RETURN(auto loaded, load_archive(endpoint, request, reporter, store, cancellation));
  RETURN_IF_ERROR(
      carry_over_settings(entries, contents.database.value_or(""), swap.restoring(), swap.maintenance()));
  if (restore.marker)
    RETURN_IF_ERROR(write_marker(endpoint, swap.restoring(), *restore.marker, cancellation));
  RETURN_IF_ERROR(analyze_database(endpoint, swap.restoring(), restore.jobs, reporter, store,
                                   restore.database, cancellation));
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

LoadRequest load_request(const DatabaseRestore& restore, const pgarchive::Contents& contents,
                         const std::string& database) {
  LoadRequest request{restore.archive,           contents,     database,
                      restore.timescale_version, restore.jobs, restore.workspace};
  request.archive_bytes = restore.archive_bytes;
  request.rows = restore.rows;
  request.chosen = restore.chosen;
  request.editing = restore.editing;
  request.skip_failed_definitions = restore.skip_failed_definitions;
  request.timescale_jobs_wait = database != restore.database;
  return request;
}

struct FilledDatabase::State {
  DatabaseSwap swap;
  config::PostgresEndpoint endpoint;
  std::string database;
  std::string source;  // the name of the database that was backed up
  DatabaseEntries entries;
  Loaded loaded{};
  bool terminate_connections = false;
  bool keep_replaced = false;
  bool has_timescale = false;
};

FilledDatabase::FilledDatabase(std::unique_ptr<State> state) : state_(std::move(state)) {}
FilledDatabase::FilledDatabase(FilledDatabase&&) noexcept = default;
FilledDatabase::~FilledDatabase() {
  if (state_) state_->swap.abandon();
}

const std::string& FilledDatabase::name() const { return state_->swap.restoring(); }
const std::string& FilledDatabase::comment() const { return state_->entries.comment; }
const Loaded& FilledDatabase::loaded() const { return state_->loaded; }

Result<Restored> FilledDatabase::commit(Doors doors) {
  if (doors == Doors::kClosed) {
    RETURN_IF_ERROR(state_->swap.maintenance().execute(
        fmt::format("ALTER DATABASE {} WITH ALLOW_CONNECTIONS false", quote_identifier(name()))));
  }
  RETURN_IF_ERROR(state_->swap.open());
  RETURN_IF_ERROR(carry_over_grants(state_->entries, state_->source, name(), state_->swap.maintenance()));
  Restored restored{.loaded = state_->loaded, .kept = {}};
  ASSIGN_OR_RETURN(restored.kept,
                   state_->swap.commit(comment(), state_->terminate_connections, state_->keep_replaced));
  if (state_->has_timescale && doors == Doors::kOpen) {
    RETURN_IF_ERROR(let_timescale_jobs_run(state_->endpoint, state_->database),
                    "{} is restored, but its TimescaleDB jobs were not started", state_->database);
  }
  return restored;
}

Result<FilledDatabase> fill_database(const config::PostgresEndpoint& endpoint, const DatabaseRestore& restore,
                                     Reporter& reporter, const std::string& store,
                                     const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto contents, read_contents(restore.archive));
  ASSIGN_OR_RETURN(auto begun, DatabaseSwap::begin(endpoint, restore.database, cancellation));
  // From here on whatever goes wrong drops what was made.
  FilledDatabase filled(std::make_unique<FilledDatabase::State>(
      FilledDatabase::State{.swap = std::move(begun),
                            .endpoint = endpoint,
                            .database = restore.database,
                            .source = contents.database.value_or(""),
                            .entries = database_entries(contents),
                            .terminate_connections = restore.terminate_connections,
                            .keep_replaced = restore.keep_replaced,
                            .has_timescale = contents.has_extension("timescaledb")}));
  auto& swap = filled.state_->swap;
  const auto& entries = filled.state_->entries;
  ASSIGN_OR_RETURN([[maybe_unused]] auto versions, check_load(endpoint, swap.maintenance().server_version()));
  RETURN_IF_ERROR(check_requirements(swap.maintenance(), contents, restore.timescale_version));
  RETURN_IF_ERROR(swap.check_replaceable(restore.terminate_connections));
  ASSIGN_OR_RETURN(auto removed, swap.remove_leftovers());
  for (const auto& name : removed)
    reporter.info(fmt::format("{}: removed {}, left by an earlier restore", store, name));

  RETURN_IF_ERROR(swap.create(entries.create, filled.state_->source, entries.owner));
  ASSIGN_OR_RETURN(filled.state_->loaded,
                   fill(endpoint, restore, contents, entries, swap, reporter, store, cancellation),
                   "while restoring {}", restore.database);
  return filled;
}

Result<std::vector<std::string>> foresee_obstacles(const config::PostgresEndpoint& endpoint,
                                                   const std::string& database,
                                                   const pgarchive::Contents& contents,
                                                   const std::string& timescale_version) {
  ASSIGN_OR_RETURN(auto swap, DatabaseSwap::begin(endpoint, database, {}));
  ASSIGN_OR_RETURN(auto obstacles, missing_requirements(swap.maintenance(), contents, timescale_version));
  ASSIGN_OR_RETURN(const auto pg_restore,
                   find_tool(endpoint, "pg_restore", swap.maintenance().server_version() / 10000));
  if (const auto readable = check_readable(contents, pg_restore); !readable.ok())
    obstacles.push_back(readable.error().message());
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
