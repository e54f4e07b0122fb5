// A rename that never destroys what is there.
#pragma once

#include "core/files.h"
#include "core/result.h"

namespace summit::repository {

// Within one file system; kAlreadyExists when `to` is there. Durable after fsync_directory(). A file system
// that has no such rename is looked at first: then others must be kept from making `to` meanwhile.
Result<void> rename_without_replacing(const fs::path& from, const fs::path& to);

}  // namespace summit::repository
