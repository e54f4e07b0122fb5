// How the rows and definitions of one database become an archive.
//
// The seam between a backup and whoever does the work: pg_dump (pg_tools_engine.cc). Whatever engine is
// behind it, the archive is one that a stock pg_restore reads.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "config/endpoint.h"
#include "core/bytes.h"
#include "core/cancellation.h"
#include "core/result.h"

namespace summit::postgres {

struct DumpRequest {
  std::string database;
  std::string snapshot;  // exported, and held by the caller until the dump has ended
  bool compress = true;  // false: for who stores equal bytes once, which compression would hide
};

class LogicalEngine {
 public:
  virtual ~LogicalEngine() = default;

  // Whether it can work with a server of this version (160015): kMissingTool or kUnsupported with a hint.
  // Gives the versions to record ("pg_dump": "16.15").
  virtual Result<std::map<std::string, std::string>> check_dump(int server_version) = 0;

  // Streams the archive, without the schema of the environment marker, and without any intermediate file.
  virtual Result<void> dump(const DumpRequest& request, const std::function<Result<void>(ByteView)>& sink,
                            const Cancellation& cancellation) = 0;
};

// pg_dump -Fc.
std::unique_ptr<LogicalEngine> make_pg_tools_engine(const config::PostgresEndpoint& endpoint);

}  // namespace summit::postgres
