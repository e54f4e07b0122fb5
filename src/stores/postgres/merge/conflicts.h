// What stands in the way of a merge: refused before anything is written.
#pragma once

#include <map>

#include "core/result.h"
#include "stores/postgres/merge/changes.h"
#include "stores/postgres/merge/workspace.h"

namespace summit::postgres::merge {

// kRefused, naming every table and count, when
// - a row of the backup has a key, or another unique value, that somebody else's row has now;
// - a row that somebody else has in the backup is the owner's now;
// - a row that would be deleted is still referred to by rows of others, or by rows that the backup knows
//   nothing of.
// kUnsupported when a table that would be written has rules, or compressed chunks.
//
// Changes that pass through values that another row of the owner still has become kRewrite, where no foreign
// key would act on the deletion.
Result<void> check_conflicts(Workspace& workspace, const std::map<size_t, Changes>& changes);

}  // namespace summit::postgres::merge
