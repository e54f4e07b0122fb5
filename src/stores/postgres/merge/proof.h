// Proof that a merge wrote the owner's rows and nobody else's, in the transaction that wrote them.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/result.h"
#include "stores/postgres/merge/changes.h"
#include "stores/postgres/merge/workspace.h"

namespace summit::postgres::merge {

// The rows of others in one table: their number, and a sum of 128 bits of hashes that is independent of their
// order.
struct OthersFingerprint {
  uint64_t rows = 0;
  std::string hash;

  friend bool operator==(const OthersFingerprint&, const OthersFingerprint&) = default;
};
using OthersFingerprints = std::map<size_t, OthersFingerprint>;

// Of every table that `changes` write. Reads these tables whole. In a transaction with one snapshot, what
// others commit meanwhile does not show. After find_owned_rows() on the live side.
Result<OthersFingerprints> fingerprint_others(Workspace& workspace, const std::map<size_t, Changes>& changes);

// After the writing; finds the owner's rows anew. kMismatch, naming the table, when
// - a row of the owner is not as in the backup,
// - rows of others are not as `before`, rows that were lent apart,
// - other rows of others than those that were to be lent carry this transaction's mark.
Result<void> prove(Workspace& workspace, const std::map<size_t, Changes>& changes,
                   const OthersFingerprints& before);

}  // namespace summit::postgres::merge
