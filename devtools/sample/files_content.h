// The parts of the sample files. Internal to the files sample.
#pragma once

#include "devtools/sample/file_tree.h"
#include "devtools/sample/world.h"

namespace summit::sample {

Result<void> write_project_files(FileTree& tree,
                                 const World& world);  // docker-compose.yml, .env, Justfile, config/
Result<void> write_policies(FileTree& tree, const World& world);  // opa/, policy-bundles/, policy-store/
Result<void> write_records(FileTree& tree, const World& world);   // catalog/, provenance/, audit/
Result<void> write_uploads(FileTree& tree, const World& world);   // uploads/
Result<void> write_infrastructure(FileTree& tree, const World& world);  // k8s/, terraform/

}  // namespace summit::sample
