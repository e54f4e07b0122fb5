// `selection:` of a component. Private to src/config.
#pragma once

#include "config/backup_set.h"
#include "config/yaml_reader.h"

namespace summit::config {

// Reads `selection` of the component `mapping`, whose other keys are in `component` already, and checks that
// the filter has what it needs.
void read_selection(const Mapping& mapping, ComponentSpec& component);

}  // namespace summit::config
