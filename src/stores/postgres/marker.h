// The environment marker in a PostgreSQL database: one row in summit_dr.environment. Backups leave that
// schema out.
#pragma once

#include <optional>
#include <string>

#include "config/endpoint.h"
#include "config/marker.h"
#include "core/cancellation.h"
#include "core/result.h"

namespace summit::postgres {

// Nothing when the database carries none. `database` empty: the endpoint's main one.
Result<std::optional<config::EnvironmentMarker>> read_marker(const config::PostgresEndpoint& endpoint,
                                                             const std::string& database = {},
                                                             const Cancellation& cancellation = {});

// Replaces what is there, in one transaction.
Result<void> write_marker(const config::PostgresEndpoint& endpoint, const std::string& database,
                          const config::EnvironmentMarker& marker, const Cancellation& cancellation = {});

}  // namespace summit::postgres
