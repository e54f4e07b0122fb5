// Fills a database from an archive, of which each byte is read once.
//
// Definitions before and after the data are pg_restore's business: it gets the archive's head as a file
// (stock_restore.h). Rows go in by parallel COPY, one connection a table, or several for one large table
// (row_loads.h). Indexes and constraints are built in parallel, the most expensive first, where possible
// while other tables are still being loaded, foreign keys last (index_builder.h).
//
// The sessions that load commit without waiting for the server's disk. Whoever calls this ends with a commit
// that does wait: it makes everything durable that was committed before it.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "config/endpoint.h"
#include "core/bytes.h"
#include "core/cancellation.h"
#include "core/files.h"
#include "core/progress.h"
#include "core/result.h"
#include "formats/pgarchive/contents.h"
#include "stores/postgres/archive_source.h"
#include "stores/postgres/row_editing.h"

namespace summit::postgres {

struct LoadRequest {
  ArchiveSource source;
  const pgarchive::Contents& contents;                       // what read_contents() gave of it
  std::string database;                                      // exists and is empty
  std::string timescale_version;                             // at the source; empty: the target's default
  size_t jobs = 1;                                           // connections
  fs::path workspace;                                        // for small files
  std::function<bool(const pgarchive::Entry&)> chosen = {};  // empty: every entry
  uint64_t archive_bytes = 0;                                // for progress; 0: not known
  uint64_t rows = 0;                                         // for progress; 0: not known
  RowEditing* editing = nullptr;         // null: rows go in as they are; outlives the load
  bool skip_failed_definitions = false;  // skipped_definitions.h
  bool timescale_jobs_wait = false;      // timescale.h
};

struct Loaded {
  uint64_t tables = 0;  // that have rows
  uint64_t rows = 0;
  uint64_t bytes = 0;                  // of rows, in COPY's text format
  std::vector<std::string> skipped{};  // definitions that were left out, a sentence each
  bool placeholders = false;           // skipped_definitions.h
};

// kMissingTool or kUnsupported with a hint. Gives the versions to record ("pg_restore": "16.15").
Result<std::map<std::string, std::string>> check_load(const config::PostgresEndpoint& endpoint,
                                                      int server_version);

// The first error ends it, unless it is one of a definition that may be skipped; what was loaded is then of
// no use. kCorrupt also when the source finds at the end of a whole reading that its bytes are
// damaged, or when the server stored another number of rows than the archive holds. What belongs to the
// database itself (its creation, settings, grants and comment) is the caller's.
Result<Loaded> load_archive(const config::PostgresEndpoint& endpoint, const LoadRequest& request,
                            Reporter& reporter, const std::string& store, const Cancellation& cancellation);

}  // namespace summit::postgres
