// Fills a database from an archive that streams by, in one pass.
//
// Definitions before and after the data are pg_restore's business: it gets the archive's head as a file. Rows
// go in by parallel COPY, one connection a table, or several for one large table. Indexes and constraints are
// built in parallel, the most expensive first, foreign keys last.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "config/endpoint.h"
#include "core/bytes.h"
#include "core/cancellation.h"
#include "core/files.h"
#include "core/progress.h"
#include "core/result.h"
#include "formats/pgarchive/contents.h"

namespace summit::postgres {

// Gives the whole archive in order to `consume`, from its beginning; may be called more than once.
using ArchiveSource = std::function<Result<void>(const std::function<Result<void>(ByteView)>& consume)>;

struct LoadRequest {
  ArchiveSource source;
  std::string database;                                 // exists and is empty
  std::string timescale_version;                        // at the source; empty: the target's default
  size_t jobs = 1;                                      // connections
  fs::path workspace;                                   // for small files
  std::function<bool(const pgarchive::Entry&)> chosen;  // empty: every entry
};

// kMissingTool or kUnsupported with a hint. Gives the versions to record ("pg_restore": "16.15").
Result<std::map<std::string, std::string>> check_load(const config::PostgresEndpoint& endpoint,
                                                      int server_version);

// The table of contents alone; reads no further than its end.
Result<pgarchive::Contents> read_contents(const ArchiveSource& source);

// The first error ends it. What belongs to the database itself (its creation, settings, grants and comment)
// is the caller's.
Result<void> load_archive(const config::PostgresEndpoint& endpoint, const LoadRequest& request, Phase* phase,
                          const Cancellation& cancellation);

}  // namespace summit::postgres
