// From what people type to a directory.
#pragma once

#include <string>
#include <string_view>

#include "core/files.h"
#include "core/result.h"

namespace summit::repository {

struct LocatedBackup {
  std::string id;
  fs::path directory;  // exists; may lack the commit marker
};

// kNotFound with near ids in the hint, kUsage for text that names no backup at all.
Result<LocatedBackup> locate_directory(const fs::path& base, std::string_view reference);

}  // namespace summit::repository
