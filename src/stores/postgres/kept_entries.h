// Leaves out of an archive's table of contents what a selection of rows does not keep.
#pragma once

#include <vector>

#include "formats/pgarchive/contents.h"
#include "stores/postgres/row_selection.h"

namespace summit::postgres {

// Removes the definitions of tables that are not kept, and everything that depends on them: rows, indexes,
// constraints, foreign keys, views, triggers, policies, comments, rights. Large objects likewise.
//
// A kept table may need the definition of one that is not, because it inherits from it or a default calls a
// function on it: such a definition stays, and its name is given.
std::vector<RelationName> keep_entries(pgarchive::Contents& contents, const RowSelection& selection);

}  // namespace summit::postgres
