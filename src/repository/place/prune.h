// Removes the backups that retention gives up, whatever their layout, and then what nobody needs any more.
//
// What a person removed by hand counts as pruned. Of a plain backup nothing is left then. Of a packed one its
// directory is only a view, so it is given up, except where its absence may mean something else: it lies in a
// bucket, where lifecycle rules remove objects too; it is pinned; it is the newest verified of its series; it
// was committed last or lately, and its writer may have died before he published it; or the views of all
// packed backups are gone at once, which no cleaning-up does. Then the view is made again.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "repository/packed/collector.h"
#include "repository/place/combined_repository.h"
#include "repository/retention.h"

namespace summit::repository {

struct PruneOptions {
  PolicyOf policy_of;
  // Backups for which this says no are neither judged nor removed; empty: all are. Must not divide a series.
  std::function<bool(const BackupMetadata&)> considers{};
  std::chrono::seconds grace = std::chrono::hours(48);  // see CollectOptions
  double repack_below = 0.5;
};

struct PruneDecision {
  std::string id;
  std::string environment;
  std::string set;
  std::string layout;
  uint64_t bytes = 0;  // of its artifacts
  Instant finished{};
  bool keep = true;
  std::string reason;
};

struct PrunePlan {
  std::vector<PruneDecision> decisions;  // newest first
  std::set<std::string> views_to_make;   // of packed backups that stay
  std::set<std::string> views_to_drop;   // of packed backups that are none
  std::set<std::string> ledger_entries;  // of plain backups that are gone
  std::vector<std::string> notes;        // what is worth saying
};

// Changes nothing. The packed backups of a replica are left to the repository that it follows. An error when
// there is a packed repository and no key opens it.
Result<PrunePlan> plan_prune(const CombinedRepository& repository, const PruneOptions& options,
                             const Cancellation& cancellation = {});

struct PruneReport {
  std::vector<std::string> removed;    // ids
  std::vector<std::string> leftovers;  // of crashed writers, ids
  std::optional<packed::CollectReport> collected{};
  std::vector<std::string> warnings;  // what was left undone, and why
};

// Does what the plan says. What was pinned meanwhile stays. May be interrupted anywhere; the next run goes
// on.
Result<PruneReport> prune(CombinedRepository& repository, const PrunePlan& plan, const PruneOptions& options,
                          Reporter& reporter, const Cancellation& cancellation = {});

// What prune() would do about packs; nothing when there is no packed repository to write to.
Result<std::optional<packed::CollectReport>> rehearse_collection(CombinedRepository& repository,
                                                                 const PrunePlan& plan,
                                                                 const PruneOptions& options,
                                                                 Reporter& reporter,
                                                                 const Cancellation& cancellation = {});

}  // namespace summit::repository
