// Roles, memberships and their settings, which belong to a server and not to one of its databases.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/endpoint.h"
#include "core/cancellation.h"
#include "core/result.h"
#include "stores/postgres/connection.h"

namespace summit::postgres {

// The statements that create the server's roles, without their passwords (pg_dumpall --globals-only).
Result<std::string> globals_without_passwords(const config::PostgresEndpoint& endpoint,
                                              const Cancellation& cancellation = {});

// The same with password hashes: for the sealed artifact only. kDenied unless we connect as a superuser.
Result<std::string> globals_with_passwords(const config::PostgresEndpoint& endpoint,
                                           const Cancellation& cancellation = {});

struct GlobalsReport {
  std::vector<std::string> created;  // roles
  std::vector<std::string> kept;     // roles that existed, and stay as they are
  std::vector<std::string> notes;    // what was left out, such as tablespaces
};

// Creates the roles that are missing, with their attributes, settings and memberships. Roles that exist are
// never altered, the one we are connected as least of all. `globals` is the text of one of the functions
// above.
Result<GlobalsReport> create_missing_roles(Connection& connection, std::string_view globals);

}  // namespace summit::postgres
