// Finds the rows that are the owner's through the rows they refer to.
#pragma once

#include "core/result.h"
#include "stores/postgres/merge/workspace.h"

namespace summit::postgres::merge {

// (Re)makes owned_table() of every table that is owned through parents, for the rest of the transaction. A
// row is in it when it refers to an owned row by its owning references, and wholly owned when none of them
// leads to a row of others: what belongs to several is shared. Rows of nobody say nothing. Keys never leave
// the server; one round of statements a step of the longest chain of references.
Result<void> find_owned_rows(Workspace& workspace, Side side);

}  // namespace summit::postgres::merge
