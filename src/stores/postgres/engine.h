// How the rows and definitions of one database become an archive, and come back.
//
// The seam between backup or restore and whoever does the work: pg_dump and pg_restore (pg_tools_engine.cc).
// Whatever engine is behind it, the archive is one that a stock pg_restore reads.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "config/endpoint.h"
#include "core/bytes.h"
#include "core/cancellation.h"
#include "core/files.h"
#include "core/result.h"
#include "stores/postgres/archive_contents.h"

namespace summit::postgres {

struct DumpRequest {
  std::string database;
  std::string snapshot;  // exported, and held by the caller until the dump has ended
  bool compress = true;  // false: for who stores equal bytes once, which compression would hide
};

struct LoadRequest {
  fs::path archive;
  const ArchiveContents& contents;  // of that archive
  std::string database;             // exists and is empty
  // TimescaleDB's version at the source; empty: the target's default.
  std::string timescale_version;
  size_t jobs = 1;
  fs::path workspace;  // for small files
};

class LogicalEngine {
 public:
  virtual ~LogicalEngine() = default;

  // Whether it can work with a server of this version (160015): kMissingTool or kUnsupported with a hint.
  // Gives the versions to record ("pg_dump": "16.15").
  virtual Result<std::map<std::string, std::string>> check_dump(int server_version) = 0;
  virtual Result<std::map<std::string, std::string>> check_load(int server_version) = 0;

  // Streams the archive, without the schema of the environment marker, and without any intermediate file.
  virtual Result<void> dump(const DumpRequest& request, const std::function<Result<void>(ByteView)>& sink,
                            const Cancellation& cancellation) = 0;

  // Fills the database; the first error ends it. What belongs to the database itself (its creation, settings,
  // grants and comment) is the caller's.
  virtual Result<void> load(const LoadRequest& request, const Cancellation& cancellation) = 0;
};

// pg_dump -Fc and pg_restore -j.
std::unique_ptr<LogicalEngine> make_pg_tools_engine(const config::PostgresEndpoint& endpoint);

}  // namespace summit::postgres
