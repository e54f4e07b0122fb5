// One artifact of a backup as a file.
#pragma once

#include <functional>
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

// Gives the bytes of a file to `write`.
using FileContent = std::function<Result<void>(const std::function<Result<void>(ByteView)>& write)>;

// Writes another file of an artifact's name in the same way; nothing of it stays when `content` fails.
Result<fs::path> write_new_file(const fs::path& directory, const std::string& name,
                                const FileContent& content);

// The artifact as the metadata list it; kNotFound.
Result<Artifact> find_artifact(const BackupMetadata& metadata, const std::string& name);

}  // namespace summit::repository
