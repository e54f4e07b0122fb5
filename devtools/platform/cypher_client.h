// Statements over Neo4j's HTTP interface, each in a transaction of its own.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "config/endpoint.h"
#include "core/http.h"
#include "core/result.h"

namespace summit::platform {

// Keeps its connection. One thread at a time.
class CypherClient {
 public:
  explicit CypherClient(const config::Neo4jEndpoint& endpoint);

  // All statements in one transaction, which is committed at the end. Gives the rows of the last, each an
  // array. kDenied for a wrong password, kUnreachable without a server, kFailed with the server's message
  // otherwise.
  Result<nlohmann::json> run(const nlohmann::json& statements);
  Result<nlohmann::json> run(const std::string& statement, const nlohmann::json& parameters);

 private:
  HttpRequest request_;
  HttpClient client_;
};

}  // namespace summit::platform
