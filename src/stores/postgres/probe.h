// Is a PostgreSQL database healthy? Reads only, and cheap: seconds on any size.
#pragma once

#include <string>
#include <vector>

#include "config/endpoint.h"
#include "core/cancellation.h"
#include "core/result.h"

namespace summit::postgres {

// One line a check that holds: "answers, version 16.15", "412 indexes valid". The first that does not hold is
// an error with a hint. `database` empty: the endpoint's main one.
Result<std::vector<std::string>> probe(const config::PostgresEndpoint& endpoint,
                                       const std::string& database = {},
                                       const Cancellation& cancellation = {});

// The first column of the only row of a query, in a read-only transaction, for checks that users configure.
Result<std::string> scalar(const config::PostgresEndpoint& endpoint, const std::string& sql,
                           const std::string& database = {}, const Cancellation& cancellation = {});

}  // namespace summit::postgres
