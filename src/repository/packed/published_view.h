// What people and stock tools find under a packed backup's id. Made from the log, never read back:
// docs/formats/repository.md, "The published view".
#pragma once

#include <string>
#include <vector>

#include "core/files.h"
#include "repository/metadata.h"
#include "repository/packed/events.h"
#include "storage/object_store.h"

namespace summit::repository::packed {

// The metadata without what would confirm guesses at small contents: fingerprints and digests of artifacts.
BackupMetadata without_digests(BackupMetadata metadata);

// Writes <id>/backup-metadata.json and CHECKSUMS of `packs`, the marker last. Objects that are as they should
// be stay untouched.
Result<void> publish_backup(storage::ObjectStore& store, const BackupMetadata& metadata,
                            const std::vector<StoredPack>& packs);

// Removes all of it, the marker first.
Result<void> unpublish_backup(storage::ObjectStore& store, const std::string& id);

// Renews what a local base keeps about its newest backup; nothing to do for an empty `base`. Gives one line
// for each problem.
std::vector<std::string> publish_newest_of(const fs::path& base);

}  // namespace summit::repository::packed
