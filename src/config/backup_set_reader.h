// backup-sets.yaml to structs. Private to src/config.
#pragma once

#include <vector>

#include "config/backup_set.h"
#include "config/yaml_reader.h"

namespace summit::config {

// Reads the whole file, `extends` worked out. Endpoints and trees that a component names must be declared by
// at least one environment.
std::vector<BackupSet> read_backup_sets(const YAML::Node& root, ReadContext& context,
                                        const std::vector<Environment>& environments);

}  // namespace summit::config
