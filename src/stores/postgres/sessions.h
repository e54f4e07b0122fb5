// Who is connected to a database or holds its tables, to be named or ended.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/endpoint.h"
#include "core/result.h"
#include "stores/postgres/connection.h"

namespace summit::postgres {

// Somebody's session in a database.
struct Session {
  int64_t pid = 0;
  std::string user;
  std::string application;
  std::string address;  // empty: a local socket
};

// Sessions of clients in `database`, but for the asking one.
Result<std::vector<Session>> sessions_in(Connection& connection, const std::string& database);
// The same without those that have just hung up: a server ends their processes a moment later. While there
// are any it asks again, for up to two seconds.
Result<std::vector<Session>> sessions_staying_in(Connection& connection, const std::string& database);
// Those that make the session with process `waiting` wait for a lock.
Result<std::vector<Session>> sessions_blocking(Connection& connection, int64_t waiting);

// "pid 12 user app application 'psql'; …", the first few.
std::string describe(const std::vector<Session>& sessions);

// Why a database that they use is not replaced.
Error busy_error(const config::PostgresEndpoint& endpoint, const std::string& database,
                 const std::vector<Session>& sessions);

// Ends them; it is no error when one is gone already. kDenied names one that we may not end.
Result<void> end_sessions(Connection& connection, const std::vector<Session>& sessions);

}  // namespace summit::postgres
