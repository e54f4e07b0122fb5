// Where a server's WAL goes beside its own disk.
#pragma once

#include <string>

#include "core/result.h"
#include "stores/postgres/connection.h"

namespace summit::postgres {

// "to its archive and 2 readers of its WAL"; empty: nowhere. Standbys, subscribers and receivers are readers;
// those with a replication slot while they are away, too.
Result<std::string> where_wal_goes(Connection& connection);

}  // namespace summit::postgres
