// Restores a database in itself: its contents go, and the archive's come.
//
// For servers that have no room for a second database, or do not let us create one. Readers see it empty and
// half-restored on the way, and a failure leaves it so.
#pragma once

#include "config/endpoint.h"
#include "core/cancellation.h"
#include "core/progress.h"
#include "core/result.h"
#include "stores/postgres/restore.h"

namespace summit::postgres {

// Everything that is checked is checked before anything goes. kNotFound when there is no such database, kBusy
// when somebody is connected: with terminate_connections sessions are ended, and new ones of anybody but
// superusers kept out until the end, also after a failure. The environment marker stays, unless another one
// is given.
Result<Restored> restore_in_place(const config::PostgresEndpoint& endpoint, const DatabaseRestore& restore,
                                  Reporter& reporter, const std::string& store,
                                  const Cancellation& cancellation);

}  // namespace summit::postgres
