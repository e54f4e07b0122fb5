// Files for what memory cannot hold, gone with whoever uses them.
#pragma once

#include "core/files.h"
#include "core/result.h"

namespace summit {

// A file without a name in `directory`, mode 0600, for reading and writing: it is gone with its descriptor,
// however that ends.
Result<UniqueFd> open_unnamed_file(const fs::path& directory);

}  // namespace summit
