// Where a server's WAL goes beside its own disk.
#pragma once

#include <string>

#include "config/endpoint.h"
#include "core/result.h"

namespace summit::postgres {

// Of the server of `database`, which need not exist: "to its archive and 2 readers of its WAL"; empty:
// nowhere. Standbys, subscribers and receivers are readers; those with a replication slot while they are
// away, too.
Result<std::string> where_wal_goes(const config::PostgresEndpoint& endpoint, const std::string& database);

}  // namespace summit::postgres
