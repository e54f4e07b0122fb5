// Proves that a packed backup is whole: its packs, every chunk in them, and that its manifests lead to these
// chunks.
#pragma once

#include <vector>

#include "repository/backup_repository.h"
#include "repository/packed/chunk_reader.h"
#include "repository/packed/events.h"
#include "repository/packed/keyring.h"

namespace summit::repository::packed {

struct VerifyTarget {
  CommitEvent commit;
  std::vector<StoredPack> packs;  // that it needs now
  Relocated relocated;
};

// Level 1 compares every pack with the size and digest in the log. Level 2 also opens every frame, computes
// every chunk's id, and reads every manifest: what it names must be there. With a `fraction` a random part of
// the packs is read, and no manifest. Memory: the footers of the packs. Damage is a finding; an error is what
// prevents the proof (no connection, a cancellation).
Result<VerifyReport> verify_backup(storage::ObjectStore& store, const Keyring& keyring,
                                   const VerifyTarget& target, const VerifyOptions& options,
                                   Reporter& reporter, const Cancellation& cancellation);

}  // namespace summit::repository::packed
