// Statistics for the planner, which no archive carries.
#pragma once

#include <string>

#include "config/endpoint.h"
#include "core/cancellation.h"
#include "core/progress.h"
#include "core/result.h"

namespace summit::postgres {

// ANALYZE of every table and materialized view that users made, on up to `jobs` connections, largest first.
Result<void> analyze_database(const config::PostgresEndpoint& endpoint, const std::string& database,
                              size_t jobs, Phase* phase, const Cancellation& cancellation);

}  // namespace summit::postgres
