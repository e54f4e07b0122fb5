// Rights that a restore needs, asked for before hours of loading and not after.
#pragma once

#include <string>

#include "core/result.h"
#include "stores/postgres/connection.h"

namespace summit::postgres {

// kDenied with the statement that grants it.
Result<void> check_may_create_databases(Connection& connection);
// Whether we may rename, empty or replace it; also when it does not exist.
Result<void> check_owner(Connection& connection, const std::string& database);

}  // namespace summit::postgres
