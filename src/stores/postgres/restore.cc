#include "stores/postgres/restore.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/task_group.h"
#include "core/wait.h"
#include "stores/postgres/marker.h"
#include "stores/postgres/sql.h"
#include "stores/postgres/swap.h"

namespace summit::postgres {

namespace {

// The archive's entries about the database itself, which pg_restore leaves alone without --create.
struct DatabaseEntries {
  std::vector<std::string> create;      // CREATE DATABASE …
  std::vector<std::string> properties;  // ALTER DATABASE … SET …, GRANT … ON DATABASE …
  std::string owner;
  std::string comment;
};

std::string comment_in(const std::string& definition) {
  const auto words = words_of(definition);
  for (size_t i = 0; i + 1 < words.size(); ++i) {
    if (!words[i].is("IS")) continue;
    // 'it''s' and E'…' as pg_dump writes them: literals are passed on as they are, so only the quotes are
    // undone here.
    std::string text;
    const bool escapes = words[i + 1].is("E");
    const Word& literal = escapes && i + 2 < words.size() ? words[i + 2] : words[i + 1];
    for (size_t j = 1; j + 1 < literal.text.size(); ++j) {
      const char c = literal.text[j];
      if ((c == '\'' || (escapes && c == '\\')) && j + 2 < literal.text.size()) ++j;
      text += literal.text[j];
    }
    return text;
  }
  return {};
}

DatabaseEntries database_entries(const ArchiveContents& contents) {
  DatabaseEntries found;
  for (const auto& entry : contents.entries) {
    const bool about_database = entry.tag.rfind("DATABASE ", 0) == 0;
    if (entry.description == "DATABASE") {
      found.create.push_back(entry.definition);
      found.owner = entry.owner;
    } else if (entry.description == "DATABASE PROPERTIES" || (entry.description == "ACL" && about_database) ||
               (entry.description == "SECURITY LABEL" && about_database)) {
      found.properties.push_back(entry.definition);
    } else if (entry.description == "COMMENT" && about_database) {
      found.comment = comment_in(entry.definition);
    }
  }
  return found;
}

// Names of extensions of the archive that this server cannot create, with the reason.
Result<std::vector<std::string>> missing_extensions(Connection& connection, const ArchiveContents& contents,
                                                    const std::string& timescale_version) {
  std::vector<std::string> missing;
  for (const auto& entry : contents.entries) {
    if (entry.description != "EXTENSION") continue;
    const bool exact = entry.tag == "timescaledb" && !timescale_version.empty();
    ASSIGN_OR_RETURN(auto rows,
                     connection.query("SELECT version FROM pg_catalog.pg_available_extension_versions "
                                      "WHERE name = $1 ORDER BY 1",
                                      {entry.tag}));
    if (rows.empty()) {
      missing.push_back(fmt::format("{} is not installed on this server", entry.tag));
      continue;
    }
    if (!exact) continue;
    std::string versions;
    bool found = false;
    for (size_t i = 0; i < rows.size(); ++i) {
      found = found || rows.text(i, 0) == timescale_version;
      versions += (i ? ", " : "") + rows.string(i, 0);
    }
    if (!found) {
      missing.push_back(fmt::format(
          "{} {} is needed, its catalogs do not load into another version, and this server has {}", entry.tag,
          timescale_version, versions));
    }
  }
  return missing;
}

Result<void> check_extensions(Connection& connection, const ArchiveContents& contents,
                              const std::string& timescale_version) {
  ASSIGN_OR_RETURN(auto missing, missing_extensions(connection, contents, timescale_version));
  if (missing.empty()) return {};
  std::string all;
  for (const auto& sentence : missing) all += (all.empty() ? "" : "; ") + sentence;
  return Error(Code::kUnsupported, "the backup needs extensions that are not to be had: {}", all)
      .hint("install that version of the extension on the server, then restore again");
}

// Runs the load beside a watcher that reports how far the new database has grown.
Result<void> load_with_progress(const config::PostgresEndpoint& endpoint, LogicalEngine& engine,
                                const LoadRequest& request, uint64_t expected_bytes, Phase& phase,
                                const Cancellation& cancellation) {
  phase.set_total(expected_bytes);
  Cancellation loaded;
  TaskGroup group(cancellation);
  group.spawn([&]() -> Result<void> {
    auto result = engine.load(request, group.cancellation());
    loaded.request();
    return result;
  });
  group.spawn([&]() -> Result<void> {
    auto connection = Connection::open(endpoint, maintenance_database(request.database));
    uint64_t reported = 0;
    while (connection.ok() && !loaded.requested() && !group.cancellation().requested()) {
      auto size = connection->query("SELECT pg_catalog.pg_database_size($1::name)", {request.database});
      if (!size.ok()) break;
      const uint64_t bytes = std::min(static_cast<uint64_t>(size->number(0, 0)), expected_bytes);
      if (bytes > reported) phase.advance(bytes - std::exchange(reported, bytes));
      // Ends early when the load does.
      [[maybe_unused]] auto waited = pause_for(std::chrono::milliseconds(500), loaded);
    }
    return {};
  });
  return group.join();
}

// Statistics are not in the archive, and the first queries of a restored database would be planned blindly.
Result<void> analyze(const config::PostgresEndpoint& endpoint, const std::string& database,
                     const Cancellation& cancellation) {
  Connection::Options options;
  options.cancellation = cancellation;
  ASSIGN_OR_RETURN(auto connection, Connection::open(endpoint, database, options));
  return connection.execute("ANALYZE");
}

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

Result<void> fill(const config::PostgresEndpoint& endpoint, LogicalEngine& engine,
                  const DatabaseRestore& restore, const ArchiveContents& contents,
                  const DatabaseEntries& entries, DatabaseSwap& swap, Reporter& reporter,
                  const std::string& store, const Cancellation& cancellation) {
  const LoadRequest request{restore.archive,           contents,     swap.restoring(),
                            restore.timescale_version, restore.jobs, restore.workspace};
  {
    auto phase = reporter.phase(store, "restoring " + restore.database);
    RETURN_IF_ERROR(
        load_with_progress(endpoint, engine, request, restore.expected_bytes, *phase, cancellation));
  }
  for (const auto& definition : entries.properties) {
    for (const auto& statement : rename_database_in(definition, contents.database, swap.restoring())) {
      RETURN_IF_ERROR(swap.maintenance().execute(statement), "while carrying over settings and grants of {}",
                      contents.database);
    }
  }
  if (restore.marker)
    RETURN_IF_ERROR(write_marker(endpoint, swap.restoring(), *restore.marker, cancellation));
  return analyze(endpoint, swap.restoring(), cancellation);
}

}  // namespace

Result<void> restore_database(const config::PostgresEndpoint& endpoint, LogicalEngine& engine,
                              const DatabaseRestore& restore, Reporter& reporter, const std::string& store,
                              const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto contents, read_archive_contents(restore.archive));
  ASSIGN_OR_RETURN(auto swap, DatabaseSwap::begin(endpoint, restore.database, cancellation));
  ASSIGN_OR_RETURN([[maybe_unused]] auto versions, engine.check_load(swap.maintenance().server_version()));
  RETURN_IF_ERROR(check_extensions(swap.maintenance(), contents, restore.timescale_version));
  RETURN_IF_ERROR(swap.check_replaceable(restore.terminate_connections));
  ASSIGN_OR_RETURN(auto removed, swap.remove_leftovers());
  for (const auto& name : removed)
    reporter.info(fmt::format("{}: removed {}, left by an earlier restore", store, name));

  const DatabaseEntries entries = database_entries(contents);
  const AbandonUnlessDone guard(swap);
  RETURN_IF_ERROR(swap.create(entries.create, contents.database, entries.owner));
  RETURN_IF_ERROR(fill(endpoint, engine, restore, contents, entries, swap, reporter, store, cancellation),
                  "while restoring {}", restore.database);
  RETURN_IF_ERROR(cancellation.check());
  RETURN_IF_ERROR(swap.commit(entries.comment, restore.terminate_connections));
  if (contents.has_extension("timescaledb")) restart_timescale_workers(endpoint, restore.database);
  return {};
}

Result<std::vector<std::string>> foresee_obstacles(const config::PostgresEndpoint& endpoint,
                                                   const std::string& database,
                                                   const ArchiveContents& contents,
                                                   const std::string& timescale_version) {
  ASSIGN_OR_RETURN(auto swap, DatabaseSwap::begin(endpoint, database, {}));
  ASSIGN_OR_RETURN(auto obstacles, missing_extensions(swap.maintenance(), contents, timescale_version));
  ASSIGN_OR_RETURN(auto leftovers, swap.leftovers());
  for (const auto& leftover : leftovers) {
    obstacles.push_back(
        leftover.ours
            ? fmt::format("{} was left by an earlier restore and will be removed", leftover.name)
            : fmt::format("{} looks like a leftover of a restore but does not say so: drop it by hand "
                          "when nobody needs it",
                          leftover.name));
  }
  auto replaceable = swap.check_replaceable(false);
  if (!replaceable.ok()) {
    if (replaceable.error().code() != Code::kBusy && replaceable.error().code() != Code::kRefused)
      return std::move(replaceable).error();
    obstacles.push_back(replaceable.error().message());
  }
  return obstacles;
}

}  // namespace summit::postgres
