// `before:` and `after:` commands of sets and environments. Private to src/config.
#pragma once

#include "config/environment.h"
#include "config/yaml_reader.h"

namespace summit::config {

// {before: [hook, …], after: [hook, …]}; a hook is a command (a list or one text) or {command, timeout,
// required}.
Hooks read_hooks(const Value& value, const std::string& what);

}  // namespace summit::config
