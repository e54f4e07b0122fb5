// One artifact of a backup as a file.
#pragma once

#include <string>

#include "core/cancellation.h"
#include "core/files.h"
#include "core/progress.h"
#include "core/result.h"
#include "repository/backup_repository.h"

namespace summit::repository {

// Writes `directory/<artifact>` and makes it durable; until its content is proven it has another name, which
// is removed on failure. Gives the path. kAlreadyExists when something is there: nothing is replaced.
Result<fs::path> export_artifact(const BackupReader& backup, const std::string& artifact,
                                 const fs::path& directory, Reporter& reporter,
                                 const Cancellation& cancellation = {});

// The artifact as the metadata list it; kNotFound.
Result<Artifact> find_artifact(const BackupMetadata& metadata, const std::string& name);

}  // namespace summit::repository
