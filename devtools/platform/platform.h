// All servers of one development platform below one root.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "devtools/platform/server.h"

namespace summit::platform {

// The names of the stores in the order in which they are shown: "postgresql", "neo4j", "redis",
// "elasticsearch", "s3".
const std::vector<std::string>& store_names();

// One that `root` has already. "postgres" is accepted for "postgresql".
Result<std::unique_ptr<Server>> open_server(std::string_view store, const fs::path& root);

}  // namespace summit::platform
