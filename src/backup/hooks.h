// Commands that an administrator configured to run before and after a step.
#pragma once

#include <map>
#include <string>

#include "config/environment.h"
#include "core/cancellation.h"
#include "core/progress.h"
#include "core/result.h"

namespace summit::backup {

// What a hook sees in its environment, as SUMMIT_DR_<NAME>: "ID", "SET", "STORE", "ENVIRONMENT", "STEP",
// "STATUS".
using HookVariables = std::map<std::string, std::string>;

// Runs the hooks in order. A required hook that fails stops the rest and is the error; another is only
// reported.
Result<void> run_hooks(const std::vector<config::Hook>& hooks, const HookVariables& variables,
                       Reporter& reporter, const Cancellation& cancellation);

}  // namespace summit::backup
