// Loads the rows of an archive over several connections.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/cancellation.h"
#include "core/progress.h"
#include "core/result.h"
#include "stores/postgres/archive_loader.h"
#include "stores/postgres/connection.h"
#include "stores/postgres/copy_watch.h"
#include "stores/postgres/load.h"
#include "stores/postgres/load_queue.h"

namespace summit::postgres {

// One thread reads the archive front to back and the connections take the rows of all tables from it, piece
// by piece. Where it is known where the blocks of large tables lie, it passes over those that one connection
// each can load (archive_source.h): afterwards each connection reads such tables for itself, one after the
// other, and loads them frozen (row_loader.h); first those that are the longest way from done, their indexes
// included. Tables that were not chosen are then not read at all.
class RowLoads {
 public:
  struct Options {
    const LoadRequest& request;
    LoadTargets& targets;
    std::function<Result<Connection>(const Cancellation&)> session;  // a load session
    std::string store{};                                             // for progress
    std::map<int64_t, double> builds{};  // that begin once a table is loaded: builds_of_tables()
    // Told of tables when all their rows are committed, and as many as were in the archive. Called by any
    // thread; may be empty.
    std::function<void(const std::vector<const LoadTarget*>&)> on_loaded{};
    // What the thread of a connection goes on with when it has no rows left to load; may be empty.
    std::function<Result<void>(const Cancellation&)> then{};
  };
  explicit RowLoads(Options options);

  Result<void> run(Reporter& reporter, const Cancellation& cancellation);

 private:
  Result<void> read_archive(const Cancellation& cancellation);
  Result<void> work(const Cancellation& cancellation);
  Result<void> load_units(Connection& connection, const Cancellation& cancellation);
  Result<void> load_tables(Connection& connection, const Cancellation& cancellation);
  Error cause_of(Error error, const pgarchive::Entry& table, const Cancellation& cancellation) const;
  Result<void> note_units_loaded();
  Result<void> note_loaded(const std::vector<const LoadTarget*>& tables);

  const Options options_;
  const LoadRequest& request_;
  const size_t connections_;
  std::vector<int64_t> alone_;      // loaded by one connection each, in this order
  std::set<int64_t> not_streamed_;  // those, and what is not chosen
  LoadQueue queue_;
  std::atomic<size_t> next_{0};    // of alone_
  std::atomic<size_t> streaming_;  // connections that are not through with the queue
  CopyWatch watch_;
  std::unique_ptr<Phase> bytes_;
  std::unique_ptr<Phase> rows_;
};

}  // namespace summit::postgres
