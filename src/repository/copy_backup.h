// Copies a backup from one repository to another, whatever their layouts and places: export, import and
// replication of plain backups.
#pragma once

#include "repository/backup_repository.h"

namespace summit::repository {

// The copy has the same id, artifacts and metadata, but for the layout that they name. Artifacts that an
// interrupted copy of the same backup left whole are not sent again. kAlreadyExists when `to` has the backup;
// kCorrupt, naming the artifact, when the source is damaged: then nothing is committed.
Result<BackupMetadata> copy_backup(const BackupReader& from, BackupRepository& to, Reporter& reporter,
                                   const Cancellation& cancellation = {});

}  // namespace summit::repository
