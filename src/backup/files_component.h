// Backs up declared trees of files, each into one `<name>.tar.zst`. Format: docs/formats/files-archive.md.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "backup/component.h"

namespace summit::backup {

// Cut kind kNone: files have no common instant. Files that count as secrets are left to the secrets
// component; special files, files that changed while they were read, and the like are notes. A tree with no
// matching file makes the record absent (partial, when others of its trees have some); a broken audit chain
// makes it partial, its reason the place of the break. Artifact: "<name>.tar.zst", with several trees
// "<name>-<tree>.tar.zst".
std::unique_ptr<Component> make_files_component(const config::ComponentSpec& spec,
                                                std::vector<config::FilesEndpoint> trees, std::string name);

}  // namespace summit::backup
