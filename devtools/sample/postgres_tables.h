// The rows of each PostgreSQL table. Internal to the PostgreSQL sample.
#pragma once

#include "core/result.h"
#include "devtools/sample/world.h"

struct pg_conn;

namespace summit::sample {

Result<void> fill_core_tables(pg_conn* connection,
                              const World& world);  // tenants … runbooks, configuration, billing
Result<void> fill_time_series(pg_conn* connection,
                              const World& world);  // events, temporal_patterns, analytics_traces, audit_logs
Result<void> fill_awkward_tables(pg_conn* connection,
                                 const World& world);  // awkward_values, mixed case, inheritance, …
Result<void> fill_large_objects(pg_conn* connection, const World& world);  // attachments

}  // namespace summit::sample
