// Makes another storage hold the same packed repository.
#pragma once

#include <cstdint>

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
// before until the last of them is there, and all of it then. (Where compaction has voided some, he may see
// it as it was in between, whole too.) May be interrupted and begun again: what
// arrived is not sent again. kRefused when `to` holds another repository, or one that has gone its own way
// since. kCorrupt, naming it, for a damaged pack of the source, which is not copied. One replication to a
// place at a time.
Result<ReplicationReport> replicate(const PackedRepository& from, storage::ObjectStore& to,
                                    Reporter& reporter, const Cancellation& cancellation = {});

}  // namespace summit::repository::packed
