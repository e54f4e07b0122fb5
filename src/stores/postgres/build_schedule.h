// Which index or constraint is built next, and beside which others.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "core/cancellation.h"
#include "core/result.h"
#include "formats/pgarchive/contents.h"
#include "stores/postgres/load_plan.h"

namespace summit::postgres {

struct TableSize {
  uint64_t bytes = 0;  // as COPY gives them
  uint64_t rows = 0;
};

// What building costs, relative to others: reading the table and sorting an entry for each row, times a
// factor for the kind of index.
double build_cost(const pgarchive::Entry& entry, const TableSize& table);

// By the number of its TABLE entry: what all builds of a table cost, relative to that of one B-tree.
std::map<int64_t, double> builds_of_tables(const pgarchive::Contents& contents,
                                           const LoadPlan::Entries& entries);

// Hands out the most expensive build that may begin now: what it depends on is done, and nothing that runs
// holds a lock it would wait for. A constraint comes before the indexes of its table, which would otherwise
// keep it waiting until the last of them is done. Indexes of one table are built side by side; a constraint
// has its table to itself; a foreign key has the families of both its tables (partitions and all) to itself,
// for two that refer to each other's tables would deadlock. Thread-safe.
class BuildSchedule {
 public:
  // Tables by the number of their TABLE entry. `loading`: their rows are still going in, and nothing is built
  // on them until loaded().
  BuildSchedule(const pgarchive::Contents& contents, const LoadPlan::Entries& entries,
                const std::set<int64_t>& loading = {});

  // The rows of these tables are in. Of a table that is never named, they are few.
  void loaded(const std::map<int64_t, TableSize>& tables);

  struct Build {
    size_t index = 0;
    const pgarchive::Entry* entry = nullptr;
    uint64_t table_bytes = 0;
    double share = 0;  // of the cost of everything known that is not done, itself included; in [0, 1]
  };
  // Waits until one may begin; nothing when all have begun; kCancelled on a request to stop; kCorrupt when
  // the entries depend on each other in a circle.
  Result<std::optional<Build>> next(const Cancellation& cancellation);
  void done(const Build& build);

 private:
  struct Item {
    const pgarchive::Entry* entry = nullptr;
    TableSize table;
    double cost = 0;
    double rank = 0;            // the highest comes first
    std::set<int64_t> tables;   // that it reads
    std::set<int64_t> loading;  // that it waits for
    std::vector<size_t> needs;  // items
    std::set<int64_t> shares;   // tables that others may read meanwhile
    std::set<int64_t> owns;     // tables that nobody else may touch
    enum class State { kWaiting, kRunning, kDone } state = State::kWaiting;
  };
  void add_locks(Item& item) const;
  void await_tables(const std::set<int64_t>& loading, Item& item) const;
  bool is_loading() const;
  void rank_items();
  bool may_begin(const Item& item) const;

  std::unordered_map<int64_t, int64_t> family_;  // a table's family is the number of its first member
  std::mutex mutex_;                             // guards what follows
  std::condition_variable changed_;
  std::vector<Item> items_;
  double cost_left_ = 0;
  size_t waiting_ = 0;
  std::vector<size_t> running_;  // items
};

}  // namespace summit::postgres
