// Makes another storage hold the same packed repository, and mends a repository from such a replica.
#pragma once

#include <string>
#include <vector>

#include "repository/packed/packed_repository.h"

namespace summit::repository::packed {

struct ReplicationReport {
  uint64_t packs = 0;  // that were not there yet
  uint64_t bytes = 0;  // of all objects that were sent
  uint64_t records = 0;
  uint64_t removed_packs = 0;  // that the source has given up
};

// Afterwards `to` is what `from` was when this began: the same keys open it. Packs arrive first, then the
// log's records from the newest to the oldest missing one: a reader of the replica sees the log as it was
// before until the last of them is there, and all of it then. May be interrupted and begun again: what
// arrived is not sent again. kRefused when `to` holds another repository, or one that has gone its own way
// since. kCorrupt, naming it, for a damaged pack of the source, which is not copied. One replication to a
// place at a time.
Result<ReplicationReport> replicate(const PackedRepository& from, storage::ObjectStore& to,
                                    Reporter& reporter, const Cancellation& cancellation = {});

struct Repair {
  std::string object;  // the pack's key
  std::string problem;
  bool mended = false;
};

// Reads every pack that a live backup needs, and writes those that are missing or damaged anew from
// `replica`, after comparing the replica's copy with the log's digest; then the published views, where they
// differ. Gives what it found; `dry_run`: only that.
Result<std::vector<Repair>> repair(const PackedRepository& repository, storage::ObjectStore& replica,
                                   Reporter& reporter, const Cancellation& cancellation = {},
                                   bool dry_run = false);

}  // namespace summit::repository::packed
