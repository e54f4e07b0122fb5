// Statements with JSON parameters and rows, each in a transaction of its own, for samples and tests.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "config/endpoint.h"
#include "core/result.h"
#include "stores/neo4j/bolt_connection.h"

namespace summit::platform {

// Keeps its connection until a statement fails; the next opens another. One thread at a time.
class CypherClient {
 public:
  explicit CypherClient(config::Neo4jEndpoint endpoint) : endpoint_(std::move(endpoint)) {}

  // The rows, each an array. What JSON cannot say (dates, points, NaN) is a text. `parameters` is an object.
  // kDenied for a wrong password, kUnreachable without a server, kFailed with the server's message otherwise.
  Result<nlohmann::json> run(const std::string& statement, const nlohmann::json& parameters);

 private:
  config::Neo4jEndpoint endpoint_;
  std::optional<neo4j::BoltConnection> bolt_;
};

}  // namespace summit::platform
