// What the programs at hand can do for a capture.
#include <csignal>

#include "core/process.h"
#include "stores/postgres/capture.h"
#include "stores/postgres/tools.h"

namespace summit::postgres {

namespace {

// PostgreSQL 16 was the first to read zstd, unless it was built without: it then says so when it is given
// such an archive.
Result<bool> reads_zstd(const Tool& pg_restore) {
  constexpr int kFirstWithZstd = 16;
  if (pg_restore.major < kFirstWithZstd) return false;
  pgarchive::Contents contents;
  contents.minor = 15;
  contents.compression = pgarchive::Compression::kZstd;
  Command list;
  list.argv = {pg_restore.path.string(), "--list"};
  ASSIGN_OR_RETURN(auto process,
                   Process::start(list, {.input = Process::Stream::kPipe, .output = Process::Stream::kNull}));
  RETURN_IF_ERROR(write_all(process.input_fd(), as_bytes(pgarchive::write_contents(contents)), list.argv[0]));
  ASSIGN_OR_RETURN(const auto ended, process.wait({}, std::chrono::seconds(30)));
  return ended.ok() && ended.diagnostics.find("does not support compression") == std::string::npos;
}

}  // namespace

Result<std::map<std::string, std::string>> check_capture(const config::PostgresEndpoint& endpoint,
                                                         int server_version) {
  ASSIGN_OR_RETURN(const auto pg_dump, find_tool(endpoint, "pg_dump", server_version / 10000));
  return std::map<std::string, std::string>{{"pg_dump", pg_dump.version}};
}

Result<pgarchive::CompressionChoice> choose_compression(const config::PostgresEndpoint& endpoint,
                                                        int server_version) {
  const pgarchive::CompressionChoice gzip{.algorithm = pgarchive::Compression::kGzip};
  const auto pg_restore = find_tool(endpoint, "pg_restore", server_version / 10000);
  // Every installation reads gzip.
  if (!pg_restore.ok()) return gzip;
  ASSIGN_OR_RETURN(const bool zstd, reads_zstd(*pg_restore), "while asking pg_restore what it reads");
  // Rows in text form come out no larger than at level 3, in half to three quarters of its time.
  return zstd ? pgarchive::CompressionChoice{.algorithm = pgarchive::Compression::kZstd, .level = 2} : gzip;
}

}  // namespace summit::postgres
