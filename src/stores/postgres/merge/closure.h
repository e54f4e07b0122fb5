// Finds the rows that are the owner's through the rows they refer to.
#pragma once

#include "core/result.h"
#include "stores/postgres/merge/workspace.h"

namespace summit::postgres::merge {

// (Re)makes owned_table() of every table that is owned through parents, for the rest of the transaction. A
// row is owned when it refers to an owned row, and to no row that is not, by its owning references: what
// belongs to several is shared. Keys never leave the server; one round of statements a step of the longest
// chain of references.
Result<void> find_owned_rows(Workspace& workspace, Side side);

}  // namespace summit::postgres::merge
