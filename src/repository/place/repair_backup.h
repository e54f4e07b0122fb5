// Mends a damaged plain backup with what a replica holds of the same one.
#pragma once

#include <string>
#include <vector>

#include "repository/packed/repair.h"
#include "repository/place/combined_repository.h"

namespace summit::repository {

// Reads the backup whole, and writes anew each artifact that is missing or damaged, after comparing the
// replica's copy with the SHA-256 that the damaged backup's own metadata record; metadata and CHECKSUMS too,
// when the replica's agree with what is left here. Then reads it again: what is still wrong is not mended.
// Gives what it found; `dry_run`: only that. The times of a local backup's directory stay.
Result<std::vector<packed::Repair>> repair_plain(CombinedRepository& repository, const std::string& id,
                                                 const CombinedRepository& replica, bool dry_run,
                                                 Reporter& reporter, const Cancellation& cancellation = {});

}  // namespace summit::repository
