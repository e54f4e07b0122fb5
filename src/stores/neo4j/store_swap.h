// Replaces databases of a stopped server by staged ones, by renaming: after a crash at any moment the old
// data are in place, or can be put back by roll_back_interrupted().
//
//   <data>/summit-dr-staging-<R>/            the home in which the new data are made; the old serve on
//   meanwhile <transactions>/summit-dr-staging-<R>/    its transaction logs: perhaps another file system
//   …/exchange                               written before the first rename: what was there
//   <database>.replaced-<R>                  the old data, until the new ones proved themselves
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/files.h"
#include "core/result.h"
#include "stores/neo4j/admin.h"
#include "stores/neo4j/store_layout.h"

namespace summit::neo4j {

// One thread at a time. Destroyed before exchange(), or after roll_back(), it removes its staging.
class StoreSwap {
 public:
  // Makes the staging directories, given to `run_as`.
  static Result<StoreSwap> begin(const StoreLayout& target, const std::optional<RunAs>& run_as);
  StoreSwap(StoreSwap&& other) noexcept;
  StoreSwap& operator=(StoreSwap&&) = delete;
  ~StoreSwap();

  // Where the new data are to be made: load into it.
  PrivateHome staging() const;

  // Old data of `databases` aside, new ones in. kBusy when a process has the target open.
  Result<void> exchange(const std::vector<std::string>& databases);
  // The other way round, after exchange(); when that changed nothing, only the staging goes.
  Result<void> roll_back();
  // The new data have proved themselves: removes the old.
  Result<void> commit();

 private:
  StoreSwap(StoreLayout target, std::string token) : target_(std::move(target)), token_(std::move(token)) {}
  StoreLayout target_;
  std::string token_;
  bool exchanged_ = false;
};

// Puts right what a crashed restore left: half exchanged data go back to the old ones, staged data are
// removed. Gives a sentence for each thing done or found. kBusy when something must be put right while a
// process has the target open.
Result<std::vector<std::string>> roll_back_interrupted(const StoreLayout& target);

// Removes the old data that finished or crashed restores left.
Result<void> remove_replaced(const StoreLayout& target);

}  // namespace summit::neo4j
