// The steps that `restore` and `rollback` share: find the backup, plan, guard, confirm, restore, report.
#pragma once

#include <string>

#include "cli/options.h"
#include "cli/repositories.h"
#include "cli/session.h"
#include "recovery/plan.h"
#include "recovery/runner.h"

namespace summit::cli {

struct RestoreFlowOptions {
  std::string environment;
  std::string confirm;
  std::string change;
  size_t jobs = 2;
  bool yes = false;
  bool dry_run = false;
  bool no_safety_backup = false;
  bool terminate_connections = false;
  bool skip_failed_definitions = false;
};

void define_restore_options(OptionSet& options, RestoreFlowOptions& target);

struct ResolvedReference {
  Repository repository;
  std::string id;
};
// An id, a path, "latest", "<env>-latest" ("summit-prod-latest").
Result<ResolvedReference> resolve_reference(const std::string& reference, Session& session);

// What was refused for its differences has changed nothing: with failures beside it, nothing succeeded.
ExitCode exit_code_of(const recovery::RestoreOutcome& outcome);

Result<ExitCode> run_restore_flow(recovery::RestoreRequest request, const RestoreFlowOptions& options,
                                  Session& session);

}  // namespace summit::cli
