// Whether a server can create the extensions of an archive.
#pragma once

#include <string>
#include <vector>

#include "core/result.h"
#include "formats/pgarchive/contents.h"
#include "stores/postgres/connection.h"

namespace summit::postgres {

// One sentence for each that it cannot. `timescale_version` is the source's; empty: any.
Result<std::vector<std::string>> missing_extensions(Connection& connection,
                                                    const pgarchive::Contents& contents,
                                                    const std::string& timescale_version);

// kUnsupported with all of them.
Result<void> check_extensions(Connection& connection, const pgarchive::Contents& contents,
                              const std::string& timescale_version);

}  // namespace summit::postgres
