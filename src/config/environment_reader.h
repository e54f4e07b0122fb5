// environments.yaml to structs. Private to src/config.
#pragma once

#include <map>
#include <vector>

#include "config/environment.h"
#include "config/hooks_reader.h"
#include "config/yaml_reader.h"

namespace summit::config {

// Reads the whole file. Each environment has variables of its own: the process's environment over its
// `env_files`. They are kept in `variables` by the environment's name.
std::vector<Environment> read_environments(const YAML::Node& root, ReadContext& context,
                                           std::map<std::string, Variables>& variables);

}  // namespace summit::config
