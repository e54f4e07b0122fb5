// Statistics for the planner, which no archive carries.
#pragma once

#include <string>

#include "config/endpoint.h"
#include "core/cancellation.h"
#include "core/progress.h"
#include "core/result.h"
#include "stores/postgres/catalog.h"
#include "stores/postgres/connection.h"

namespace summit::postgres {

// ANALYZE of every table and materialized view that users made, on up to `jobs` connections, largest first.
// Says in a warning which could not be analyzed, such as one with a partition on a server that does not
// answer: no restored database is given up for its statistics.
Result<void> analyze_database(const config::PostgresEndpoint& endpoint, const std::string& database,
                              size_t jobs, Reporter& reporter, const std::string& store,
                              const std::string& shown_as, const Cancellation& cancellation);

// The same of one table, within the caller's transaction. Empty, or why it could not be analyzed.
Result<std::string> analyze_table(Connection& connection, const RelationName& table);

}  // namespace summit::postgres
