// One PostgreSQL of a version for all cases of a test program: making a cluster and starting it takes longer
// than most cases.
#pragma once

#include "devtools/platform/postgres_server.h"

namespace summit::postgres {

// The server of this program, running and as it was made: no database, role, slot, tablespace or setting of
// the cases before. A new one when that cannot be had of the old, a standby for instance. Throws when it does
// not start. It ends with the process.
platform::PostgresServer& empty_server(int major = platform::kPlatformPostgres);

// The next `empty_server` is a new one.
void discard_servers();

}  // namespace summit::postgres
