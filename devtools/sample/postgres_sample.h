// Fills an empty PostgreSQL database with the sample platform's tables.
#pragma once

#include "config/endpoint.h"
#include "core/result.h"
#include "devtools/sample/world.h"

namespace summit::sample {

// Creates the database when it is not there. kAlreadyExists when it has tables of ours.
Result<void> fill_postgres(const config::PostgresEndpoint& endpoint, const World& world);

}  // namespace summit::sample
