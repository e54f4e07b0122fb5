// References that the backup left out because they leave what belongs to the owner (`outside: null`).
#pragma once

#include <cstdint>

#include "core/result.h"
#include "stores/postgres/merge/workspace.h"

namespace summit::postgres::merge {

// The backup has NULL in these columns whatever the row referred to. Where the live row still refers to
// somebody else's, the staged row gets the live values: putting the row back must not cut the reference.
// Gives the number of staged rows, which change their places. After find_owned_rows() on both sides.
Result<uint64_t> keep_emptied_references(Workspace& workspace);

}  // namespace summit::postgres::merge
