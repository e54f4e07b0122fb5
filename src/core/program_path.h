// Looking a program up in a given search path. Internal to core; use find_program of core/process.h.
#pragma once

#include <string_view>
#include <vector>

#include "core/files.h"
#include "core/result.h"

namespace summit {

// As find_program, with `search_path` in PATH's form instead of our own PATH.
Result<fs::path> find_program_in(std::string_view name, const std::vector<fs::path>& directories,
                                 std::string_view search_path);

}  // namespace summit
