// Builds the indexes and constraints of a loaded database, several at once.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "config/endpoint.h"
#include "core/cancellation.h"
#include "core/progress.h"
#include "core/result.h"
#include "formats/pgarchive/contents.h"
#include "stores/postgres/build_schedule.h"
#include "stores/postgres/load_plan.h"
#include "stores/postgres/skipped_definitions.h"

namespace summit::postgres {

struct IndexBuilding {
  const config::PostgresEndpoint& endpoint;
  std::string database;
  const pgarchive::Contents& contents;
  size_t jobs = 1;              // connections
  bool hide_values = false;     // errors do not quote rows
  SkippedDefinitions& skipped;  // takes what the server refuses
};

// Executes the definitions of `entries` in the order of build_schedule.h. The builds at one time share the
// memory that the server can spare, and one that may be parallel in itself gets as many workers as its share
// of the cost. A build that does not get its memory from the server is tried once more with the server's own
// settings, one that deadlocks with somebody else's lock some times more. The first error that may not be
// skipped ends it. Thread-safe.
class IndexBuilder {
 public:
  // Tables by the number of their TABLE entry. `loading`: nothing is built on them until loaded().
  // `building` and the entries outlive this.
  IndexBuilder(const IndexBuilding& building, const LoadPlan::Entries& entries,
               const std::set<int64_t>& loading = {});
  void loaded(const std::map<int64_t, TableSize>& tables) { schedule_.loaded(tables); }
  // Builds over a connection of its own until nothing is left to begin; for `jobs` threads at once. `phase`
  // may be null.
  Result<void> work(Phase* phase, const Cancellation& cancellation);

 private:
  const IndexBuilding& building_;
  const bool qualified_;
  BuildSchedule schedule_;
};

// The same with threads of its own, once all rows are in; `sizes` of tables as loaded() takes them.
Result<void> build_indexes(const IndexBuilding& building, const LoadPlan::Entries& entries,
                           const std::map<int64_t, TableSize>& sizes, Phase* phase,
                           const Cancellation& cancellation);

}  // namespace summit::postgres
