// Reads every artifact that a restore will need before anything is changed.
#pragma once

#include <string>
#include <vector>

#include "core/cancellation.h"
#include "core/progress.h"
#include "core/result.h"
#include "core/task_group.h"
#include "repository/backup_repository.h"

namespace summit::recovery {

// Begins at once, and goes on while others plan: one pass over the bytes, several artifacts at a time. Who
// ends it before join() stops it.
class ArtifactCheck {
 public:
  // The artifacts of `components`, `jobs` at a time. `backup` and `reporter` outlive this.
  ArtifactCheck(const repository::BackupReader& backup, const std::vector<std::string>& components,
                size_t jobs, Reporter& reporter, const Cancellation& cancellation);

  // Waits for the end. kCorrupt, naming the artifact, when one is missing or not what was backed up: a
  // damaged archive must not be found after its neighbours have been overwritten.
  Result<void> join() { return reading_.join(); }

 private:
  TaskGroup reading_;
};

}  // namespace summit::recovery
