// What an archive needs of a server beside room: extensions and tablespaces.
#pragma once

#include <string>
#include <vector>

#include "core/result.h"
#include "formats/pgarchive/contents.h"
#include "stores/postgres/connection.h"

namespace summit::postgres {

// One sentence for each thing that the server does not have. `timescale_version` is the source's; empty: any.
Result<std::vector<std::string>> missing_requirements(Connection& connection,
                                                      const pgarchive::Contents& contents,
                                                      const std::string& timescale_version);

// kUnsupported with all of them.
Result<void> check_requirements(Connection& connection, const pgarchive::Contents& contents,
                                const std::string& timescale_version);

}  // namespace summit::postgres
