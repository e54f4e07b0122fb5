// Moves sequences on after keys were restored, and never back.
#pragma once

#include <cstdint>
#include <vector>

#include "core/result.h"
#include "stores/postgres/merge/staging.h"
#include "stores/postgres/merge/workspace.h"

namespace summit::postgres::merge {

struct SequenceMove {
  RelationName sequence;
  int64_t from = 0;  // the last value given out
  int64_t to = 0;
};

// Those that are behind the archive's value, or behind a key of the owner in the backup.
Result<std::vector<SequenceMove>> find_moves(Workspace& workspace,
                                             const std::vector<ArchivedSequence>& archived);

// Sequences know no transactions: a move stays when the transaction is rolled back, and leaves a gap then.
// Sessions that draw values meanwhile only move it further.
Result<void> move_sequences(Workspace& workspace, const std::vector<SequenceMove>& moves);

}  // namespace summit::postgres::merge
