#include "devtools/platform/cypher_client.h"

#include <nlohmann/json.hpp>

namespace summit::platform {

CypherClient::CypherClient(const config::Neo4jEndpoint& endpoint) {
  request_.method = "POST";
  request_.url = fmt::format("{}/db/{}/tx/commit", endpoint.http_uri, endpoint.database);
  request_.headers = {{"Content-Type", "application/json"}, {"Accept", "application/json"}};
  request_.basic_auth = {endpoint.user, endpoint.password};
}

Result<nlohmann::json> CypherClient::run(const nlohmann::json& statements) {
  request_.body = nlohmann::json{{"statements", statements}}.dump();
  ASSIGN_OR_RETURN(const HttpResponse response, client_.send(request_), "while asking neo4j");
  if (response.status == 401) return Error(Code::kDenied, "neo4j refuses the password");
  const auto answer = nlohmann::json::parse(response.body, nullptr, false);
  try {
    if (const auto& errors = answer.at("errors"); !errors.empty()) {
      return Error(Code::kFailed, "neo4j: {}", errors.front().at("message").get<std::string>());
    }
    auto rows = nlohmann::json::array();
    if (answer.at("results").empty()) return rows;
    for (const auto& row : answer.at("results").back().at("data")) rows.push_back(row.at("row"));
    return rows;
  } catch (const nlohmann::json::exception&) {
    return Error(Code::kFailed, "neo4j answers with status {} and no result", response.status);
  }
}

Result<nlohmann::json> CypherClient::run(const std::string& statement, const nlohmann::json& parameters) {
  return run(nlohmann::json::array({{{"statement", statement}, {"parameters", parameters}}}));
}

}  // namespace summit::platform
