// Restores trees of files from their archives. Format: docs/formats/files-archive.md.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/endpoint.h"
#include "recovery/component.h"

namespace summit::recovery {

// `trees` are all that the target declares; those recorded for component `name` are restored, and a recorded
// tree that the target does not declare is kConfig. Afterwards a tree equals the backup: files that the
// backup's patterns and the target's take and the backup does not hold are removed (the safety backup has
// them); everything else is left alone.
//
// Crash order: everything is unpacked and checked in a directory of its own in the tree's root first, then
// moved into place entry by entry: masked files in reveal(), others in restore(). A restore cut off in
// between shows in probe() until it is run again.
std::unique_ptr<RestoreComponent> make_files_restore(std::vector<config::FilesEndpoint> trees,
                                                     std::string name);

}  // namespace summit::recovery
