// Materialized views over tables that a merge has written.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/result.h"
#include "stores/postgres/merge/changes.h"
#include "stores/postgres/merge/workspace.h"

namespace summit::postgres::merge {

// After the merge was committed. Refreshes those that can be refreshed while they are read; the others are
// named in the notes that this gives, with the statement. What cannot be done is a note, too.
Result<std::vector<std::string>> refresh_views(Workspace& workspace,
                                               const std::map<size_t, Changes>& changes);

}  // namespace summit::postgres::merge
