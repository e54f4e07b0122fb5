// The table of contents that pg_dump writes before any data.
#pragma once

#include <chrono>
#include <string>

#include "core/cancellation.h"
#include "core/result.h"
#include "formats/pgarchive/contents.h"
#include "stores/postgres/connection.h"
#include "stores/postgres/tools.h"

namespace summit::postgres {

// Starts pg_dump in the exported snapshot `snapshot` of the database of `connection`, and ends it once it has
// written its table of contents: the data that it begins to write after it are nobody's. Without the schema
// of the environment marker. Definitions and data are in the encoding of the database.
//
// kBusy when a schema change keeps a table locked for `lock_timeout`. `connection` is asked what its role may
// do.
Result<pgarchive::Contents> dump_head(const config::PostgresEndpoint& endpoint, const Tool& pg_dump,
                                      Connection& connection, const std::string& snapshot,
                                      std::chrono::milliseconds lock_timeout,
                                      const Cancellation& cancellation);

}  // namespace summit::postgres
