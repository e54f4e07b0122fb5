// What a restore will do, before it does anything: which components of a backup, into which servers, what
// they hold now.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/configuration.h"
#include "core/result.h"
#include "recovery/artifact_check.h"
#include "recovery/component.h"
#include "repository/backup_repository.h"

namespace summit::recovery {

struct RestoreRequest {
  std::string reference;                // what the user typed
  std::vector<std::string> datastores;  // empty: everything the backup holds
  std::optional<bool> sanitize;         // as asked; nothing: what the environments' classes demand
  bool safety_backup = true;
  bool terminate_connections = false;
  DatabaseMode databases{};
  size_t jobs = 2;
  bool check_early = false;  // the artifacts are read while this is planned, and not by run_restore()
};

struct PlannedRestore {
  std::string name;
  std::string store;  // for hooks: the component's name before a slash
  std::unique_ptr<RestoreComponent> component;
  PlanStep step;
};

struct SkippedComponent {
  std::string name;
  std::string reason;
};

struct RestorePlan {
  RestoreRequest request;
  const repository::BackupReader* backup = nullptr;
  const config::Environment* environment = nullptr;  // the target
  std::vector<PlannedRestore> components;
  std::vector<SkippedComponent> skipped;
  std::vector<const config::ElasticsearchEndpoint*> indexes{};  // built anew when all is masked and certified
  std::unique_ptr<ArtifactCheck> artifacts{};                   // being read; null: not yet

  uint64_t bytes() const;
  // The stores are restored side by side: the slowest decides.
  Seconds predicted() const;
};

// Maps the backup's components to the target's endpoints and asks each what it would overwrite; changes
// nothing. A chosen component that the backup does not hold is an error; others are listed as skipped with
// the reason. The rows and the graph of one tenant or project are merged into the live databases
// (postgres_merge.h, neo4j_merge.h) unless `databases.into` names another; what else such a backup holds is
// skipped, because putting it back would replace what belongs to others, except files that were chosen by
// their paths. `context.backup`, `context.environment` and the configuration outlive the plan.
Result<RestorePlan> plan_restore(const RestoreRequest& request, RestoreContext& context);

// Of all that was planned. What the plan refers to outlives it.
std::unique_ptr<ArtifactCheck> begin_check(const RestorePlan& plan, Reporter& reporter,
                                           const Cancellation& cancellation);

// The datastores that the runbook's four variables choose in `--mode=selective`: RESTORE_POSTGRES,
// RESTORE_NEO4J, RESTORE_REDIS, RESTORE_CONFIG. Those that are "true"; when none is, all but the "false"
// ones; kUsage when none is set.
Result<std::vector<std::string>> selected_by_variables(const config::Variables& variables);

}  // namespace summit::recovery
