// Writes the changes of all tables as one statement.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/result.h"
#include "stores/postgres/merge/changes.h"
#include "stores/postgres/merge/workspace.h"

namespace summit::postgres::merge {

// Deletes, changes and inserts what changes_table() says, in the caller's transaction. kFailed when the
// server says that other rows, or others than the owner's, were written than the changes ask for.
//
// One statement for all tables: the server checks foreign keys at its end, so that no order of tables and no
// cycle matters, and it checks them itself, against writers that we cannot see. Within a table rows go before
// others come, so that unique values are free.
//
// The tables' own triggers do not fire: they would change rows that are to be as they were. They are disabled
// within the transaction, which keeps other writers of these tables waiting until its end. Those of tables
// that this role does not own do fire, and are named in `notes`.
Result<void> write_changes(Workspace& workspace, const std::map<size_t, Changes>& changes,
                           std::vector<std::string>& notes);

}  // namespace summit::postgres::merge
