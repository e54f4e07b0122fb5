// Runs a planned and permitted restore: safety backup, stores in parallel, comparison, probes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "backup/runner.h"
#include "config/marker.h"
#include "core/result.h"
#include "recovery/journal.h"
#include "recovery/masked_target.h"
#include "recovery/plan.h"

namespace summit::recovery {

struct ComponentOutcome {
  std::string name;
  Seconds duration{};
  std::optional<Error> failure;         // of the restore itself, or of a probe
  std::vector<Difference> differences;  // empty: equal to what was backed up
  bool compared = true;                 // false: nothing was recorded that it could be compared with
  bool refused = false;                 // for these differences: the target is as it was
  std::vector<std::string> probes;      // checks that held
  std::vector<RowChanges> rows;         // that a merge wrote
};

struct RestoreOutcome {
  RestoreRecord record;
  Seconds duration{};
  std::vector<ComponentOutcome> components;
  std::vector<std::string> shortfalls;  // failed after-hooks, probes of services, definitions left out
  std::optional<LeakOutcome> leaks;     // of a masked restore

  size_t failed() const;     // without those that were refused
  size_t different() const;  // with them
  // A component was stopped by a cancellation, or not looked at because of one.
  bool cancelled() const;
};

struct RestoreServices {
  const config::Configuration& configuration;
  repository::BackupRepository& repository;  // takes the safety backup
  Reporter& reporter;
  Cancellation cancellation;
  std::optional<repository::SealingKey> sealing_key;
  std::optional<config::EnvironmentMarker> marker;  // written into what is restored
  std::string change_reference;
  bool artifacts_checked = false;         // a verification just read them all
  std::optional<LeakCheck> leak_check{};  // of a masked restore
};

// The artifacts are read whole first, then comes the safety backup: a damaged backup changes nothing. When a
// store that would be overwritten cannot be saved, nothing is touched. A component that fails keeps its error
// and the others go on. The journal holds the lock for as long as it lives. What is
// masked is seen by others when it is certified, and not before (component.h).
Result<RestoreOutcome> run_restore(RestorePlan& plan, RestoreContext& context, const RestoreJournal& journal,
                                   RestoreServices& services);

}  // namespace summit::recovery
