// Writes the sample platform's files: configuration, policies, catalog, provenance, audit chain, uploads,
// manifests.
#pragma once

#include "core/files.h"
#include "core/result.h"
#include "devtools/sample/world.h"

namespace summit::sample {

// Into `root`, which is made. kAlreadyExists when it has a docker-compose.yml. The layout is in README.md.
Result<void> fill_files(const fs::path& root, const World& world);

}  // namespace summit::sample
