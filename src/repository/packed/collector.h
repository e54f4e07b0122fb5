// Gives back the space that no live backup needs, while writers and other collectors go on.
//
// Protocol: docs/formats/repository.md, "To collect"; it may be stopped at any point, and the next run goes
// on. No clock decides whether a pack may go: the grace time only says how soon.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "core/cancellation.h"
#include "core/progress.h"
#include "core/result.h"
#include "repository/packed/commit_log.h"
#include "repository/packed/keyring.h"
#include "storage/object_store.h"

namespace summit::repository::packed {

struct CollectOptions {
  std::vector<std::string> give_up{};  // ids of backups; those that are pinned or gone meanwhile are left out
  std::string reason = "retention";
  // How long a writer may take between its first pack and its commit, and a reader between opening a backup
  // and its last byte. Longer ones fail, with an error that says why. Counted by the storage's clock.
  std::chrono::seconds grace = std::chrono::hours(48);
  double repack_below = 0.5;  // share of a pack that must be alive for it to stay; 0: nothing is rewritten
  bool dry_run = false;       // says what would be done, and changes nothing
};

struct CollectReport {
  std::vector<std::string> removed;  // backups
  uint64_t tombstoned_packs = 0;     // they are deleted by a later run, after the grace time
  uint64_t tombstoned_bytes = 0;
  uint64_t repacked_packs = 0;   // rewritten: their old objects are tombstoned as well
  uint64_t repacked_bytes = 0;   // of the old objects
  uint64_t rewritten_bytes = 0;  // of the new ones; in a dry run an estimate
  uint64_t deleted_packs = 0;
  uint64_t deleted_bytes = 0;
  uint64_t orphans = 0;       // among the deleted: packs of runs that never committed
  uint64_t locked_packs = 0;  // could not be deleted yet
  uint64_t voided_records = 0;
  std::vector<std::string> warnings;  // what was left undone, and why
};

// `log` is this collector's own. Memory: the state, and about 1 KiB for each pack of 32 MiB when packs are
// rewritten.
Result<CollectReport> collect(storage::ObjectStore& store, const Keyring& keyring, CommitLog& log,
                              const CollectOptions& options, Reporter& reporter,
                              const Cancellation& cancellation = {});

}  // namespace summit::repository::packed
