// The repository at hand, opened with the keys that are set.
#pragma once

#include <memory>
#include <string>

#include "backup/destinations.h"
#include "cli/session.h"
#include "repository/place/combined_repository.h"
#include "storage/s3_settings.h"

namespace summit::cli {

using Repository = std::shared_ptr<repository::CombinedRepository>;

// What is there already, at `location` (a directory or "s3://bucket/prefix"; empty: BACKUP_BASE).
// kRepositoryMissing when nothing is. Packed backups stay closed when no key opens them, and say so when one
// is asked for.
Result<Repository> open_repository(Session& session, const std::string& location = {});

// Where the journal and the locks of restores from `place` (describe() of a repository) are: there, when it
// is a directory; below BACKUP_BASE for a bucket.
Result<fs::path> restore_base(const std::string& place, Session& session);

// For new backups of this layout: what is not there yet is made. A packed repository opens, or is made, with
// the key that is set.
Result<Repository> repository_for(Session& session, config::Layout layout, const std::string& location = {});

// Another place than the one at hand, which a user names. A bucket that the configuration knows is reached in
// its region; only a directory is made when it is missing.
enum class IfMissing { kFail, kCreate };
Result<Repository> open_place(Session& session, const std::string& location, IfMissing if_missing);

// How the bucket of a destination is reached.
Result<storage::S3Settings> settings_for(const backup::Destination& destination,
                                         const config::Variables& variables);

// A further place of backups. Its region and encryption are those of the destination where no variable says
// otherwise.
Result<Repository> open_destination(Session& session, const backup::Destination& destination);

}  // namespace summit::cli
