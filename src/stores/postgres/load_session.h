// Connections that load: their settings are those under which pg_restore works.
#pragma once

#include <string>

#include "config/endpoint.h"
#include "core/cancellation.h"
#include "core/result.h"
#include "formats/pgarchive/contents.h"
#include "stores/postgres/connection.h"

namespace summit::postgres {

// Autovacuum comes to tables that were just filled, and gives way to who waits for its lock only after the
// server's deadlock_timeout: a second for each index and constraint. This shortens it, where the role may.
Result<void> outrank_autovacuum(Connection& connection);

// What this session defines is none of the business of users' event triggers: they do not see it, where the
// role may say that.
Result<void> mute_event_triggers(Connection& connection);

// Outranks autovacuum, speaks the archive's encoding, heeds no row-level policy, checks no function bodies,
// and commits without waiting for the server's disk (load.h says why that is safe). `hide_values`: errors do
// not quote rows.
Result<Connection> open_load_session(const config::PostgresEndpoint& endpoint, const std::string& database,
                                     const pgarchive::Contents& contents, bool hide_values,
                                     const Cancellation& cancellation);

// What has to precede the definition of `entry` when it is executed here: the tablespace of what it creates,
// and the schema that its names are in, for archives of times when pg_dump did not qualify them.
std::string settings_for(const pgarchive::Entry& entry, bool names_are_qualified);
bool names_are_qualified(const pgarchive::Contents& contents);

}  // namespace summit::postgres
