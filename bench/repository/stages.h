// How fast each stage of the packed repository is alone, on one core, with a given file's bytes.
#pragma once

#include <filesystem>

#include "core/result.h"

namespace summit::bench {

// Prints a line for each stage.
Result<void> measure_stages(const std::filesystem::path& file);

}  // namespace summit::bench
