// pg_restore, for the definitions of an archive: it gets the table of contents as a file without data.
#pragma once

#include <string>

#include "config/endpoint.h"
#include "core/cancellation.h"
#include "core/files.h"
#include "core/result.h"
#include "formats/pgarchive/contents.h"
#include "stores/postgres/load_plan.h"
#include "stores/postgres/tools.h"

namespace summit::postgres {

// kUnsupported with a hint when that pg_restore is too old for the archive.
Result<void> check_readable(const pgarchive::Contents& contents, const Tool& pg_restore);

class StockRestore {
 public:
  // Writes a small file into a directory of its own below `workspace`, which goes when this does. `tool` is a
  // pg_restore, not too old for the archive (check_readable).
  static Result<StockRestore> create(const config::PostgresEndpoint& endpoint, Tool tool,
                                     const pgarchive::Contents& contents, const fs::path& workspace);

  // Restores the definitions of `entries` into `database`, on up to `jobs` connections; the first error ends
  // it.
  Result<void> run(const std::string& database, const LoadPlan::Entries& entries, size_t jobs,
                   const Cancellation& cancellation);

  // From now on errors quote nothing that the server says of rows.
  void hide_values() { hides_values_ = true; }

  // The SQL that run() would execute.
  Result<std::string> script(const LoadPlan::Entries& entries, const Cancellation& cancellation);

 private:
  StockRestore(config::PostgresEndpoint endpoint, Tool tool, TemporaryDirectory directory)
      : endpoint_(std::move(endpoint)), tool_(std::move(tool)), directory_(std::move(directory)) {}
  fs::path head() const { return directory_.path() / "head.dump"; }
  Result<fs::path> write_list(const LoadPlan::Entries& entries) const;

  config::PostgresEndpoint endpoint_;
  Tool tool_;
  TemporaryDirectory directory_;
  bool hides_values_ = false;
};

}  // namespace summit::postgres
