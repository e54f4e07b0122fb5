// The block of a project's .env file that describes its development platform.
#pragma once

#include <map>
#include <string>

#include "core/files.h"

namespace summit::platform {

// Replaces our marked block by these variables, or appends it; all other lines stay. Mode 0600, as one step.
Result<void> write_dotenv_block(const fs::path& file, const std::map<std::string, std::string>& variables);

}  // namespace summit::platform
