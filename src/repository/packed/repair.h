// Mends a packed repository with what a replica of it holds.
#pragma once

#include <string>
#include <vector>

#include "repository/packed/packed_repository.h"

namespace summit::repository::packed {

struct Repair {
  std::string object;  // its key
  std::string problem;
  bool mended = false;
};

// First the log, when it does not open: records that are missing before others, and those that are not
// authentic, are taken from `replica` where its own are; checkpoints when that does not suffice. Then every
// pack that a live backup needs: those that are missing or damaged, after comparing the replica's copy with
// the log's digest. Then the published views, where they differ. Gives what it found; `dry_run`: only that.
// kCorrupt when the log cannot be mended.
Result<std::vector<Repair>> repair(const PackedRepository& repository, storage::ObjectStore& replica,
                                   Reporter& reporter, const Cancellation& cancellation = {},
                                   bool dry_run = false);

}  // namespace summit::repository::packed
