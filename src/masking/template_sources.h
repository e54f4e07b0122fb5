// Templates put in what tells rows from one another: never what a rule replaces.
#pragma once

#include "core/result.h"
#include "masking/rules.h"

namespace summit::masking {

// kConfig when a template takes a field that one of these rules replaces, its own among them: what is made
// would be the original, and it would count as a stand-in everywhere. `rules` concern one table, node, key or
// file.
Result<void> check_template_sources(const Rules& rules);

}  // namespace summit::masking
