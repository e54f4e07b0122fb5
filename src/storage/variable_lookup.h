// Where settings come from: the process's environment and the .env files over which it wins.
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace summit::storage {

// The value of a variable; nothing when it is unset or empty.
using VariableLookup = std::function<std::optional<std::string>(const std::string& name)>;

// From the process's environment alone.
VariableLookup process_environment();

}  // namespace summit::storage
