// What a server said was wrong, and what that means to us.
#pragma once

#include <string>

#include "core/result.h"

namespace summit::neo4j {

struct ServerError {
  std::string code;  // the server's own: "Neo.ClientError.Statement.SyntaxError"
  std::string message;
};

// kDenied for a wrong user or password, kNotFound for an unknown database, kUnreachable when the database is
// not online, kBusy for what may pass when tried again, else kFailed; the server's own code stands in the
// message.
Error error_of(const ServerError& error, const std::string& address, const std::string& database);

}  // namespace summit::neo4j
