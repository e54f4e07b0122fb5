// Runs a planned backup: all stores captured at one instant, artifacts written, the commit marker last.
#pragma once

#include <string>
#include <vector>

#include "backup/plan.h"
#include "core/result.h"
#include "repository/backup_repository.h"

namespace summit::backup {

struct BackupOutcome {
  repository::BackupMetadata metadata;
  fs::path location;
  // Why the outcome is less than complete although the local backup stands: an unreachable second
  // destination, a failed hook. Each is one line.
  std::vector<std::string> shortfalls;

  bool complete() const { return metadata.status == repository::Status::kComplete && shortfalls.empty(); }
};

// A failed component is recorded and the others kept. When every component failed, nothing is kept and the
// first error is returned. After a cancellation nothing is kept.
Result<BackupOutcome> run_backup(BackupPlan& plan, const config::Configuration& configuration,
                                 repository::BackupRepository& repository, Reporter& reporter,
                                 const Cancellation& cancellation,
                                 const std::optional<repository::SealingKey>& sealing_key);

}  // namespace summit::backup
