// A consistent copy of a running server's files, without stopping it. How and why it is right:
// docs/formats/neo4j-hot-copy.md.
//
//   auto copy = HotCopy::begin(...);      checks, makes the directories
//   copy.copy_stores(...);                while transactions go on
//   auto instant = copy.cut();            notes the logs' lengths: the recovery point; milliseconds
//   copy.finish(...);                     copies the logs up to there
//
// A server started on the copy recovers by itself to the state at the instant. Works on a stopped server's
// files too.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/cancellation.h"
#include "core/files.h"
#include "core/progress.h"
#include "core/result.h"
#include "core/time.h"
#include "stores/neo4j/checkpoint.h"
#include "stores/neo4j/store_layout.h"
#include "stores/neo4j/transaction_log.h"

namespace summit::neo4j {

struct HotCopySummary {
  uint64_t store_bytes = 0;
  uint64_t log_bytes = 0;
  bool derived_copied =
      false;  // else the server rebuilds indexes, counts and free lists when it starts on the copy
  bool checkpoint_passed = false;  // the server made a checkpoint while its stores were copied
};

// One thread at a time.
class HotCopy {
 public:
  // `databases` of `source` into `target`, a directory that becomes the copy's home (its files in
  // target/data). kNotFound when a database is not there, kNoSpace when it will not fit.
  static Result<HotCopy> begin(StoreLayout source, std::vector<std::string> databases, fs::path target);

  // Steps 1 and 2, with `jobs` files at a time.
  Result<void> copy_stores(std::string_view store, size_t jobs, Reporter& reporter,
                           const Cancellation& cancellation);

  // The moment of the cut. Everything committed before it is in the copy, nothing that began after the call
  // returned.
  Result<Instant> cut();

  // Steps 3 to 5. The copy is complete when it succeeds.
  Result<HotCopySummary> finish(std::string_view store, Reporter& reporter, const Cancellation& cancellation);

  StoreLayout layout() const { return StoreLayout::below(target_ / "data"); }

 private:
  struct Database {
    std::string name;
    std::vector<CheckpointFile> checkpoints;
    std::vector<LogCut> log;  // one after the cut
    bool derived_copied = false;
  };

  HotCopy(StoreLayout source, std::vector<std::string> databases, fs::path target);
  Result<void> copy_derived(Database& database, Phase& phase, const Cancellation& cancellation);
  Result<void> copy_records(const Database& database, size_t jobs, Phase& phase,
                            const Cancellation& cancellation);
  Result<void> copy_server_files(Phase& phase, const Cancellation& cancellation);

  StoreLayout source_;
  fs::path target_;
  std::vector<Database> databases_;
  HotCopySummary summary_;
};

}  // namespace summit::neo4j
