// What a filtered component selects, in one line that a backup carries with it: whoever merges it back later
// must go by the selection that it was made by, not by what the configuration says then.
// Page: docs/formats/backup-metadata.md, "Selections".
#pragma once

#include <string>

#include "config/backup_set.h"

namespace summit::config {

// JSON with its members in order. The same selection gives the same text however its YAML is laid out and
// whatever order its lists have. Holds no id: those are in the scope of the backup. Empty for a component
// without a filter, and for kinds that are not merged by a selection.
std::string selection_text(const ComponentSpec& component);

// What differs between two of these, for messages: "`exclude` was [\"drafts\"] and is not set now". Empty
// when nothing does.
std::string selection_difference(const std::string& before, const std::string& now);

}  // namespace summit::config
