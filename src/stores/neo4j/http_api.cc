#include "stores/neo4j/http_api.h"

#include <nlohmann/json.hpp>

#include "stores/neo4j/jolt.h"
#include "stores/neo4j/server_error.h"

namespace summit::neo4j {
namespace {

// A count over a large graph says nothing until it is done.
constexpr std::chrono::minutes kPatience{10};

Error error_of_status(const HttpResponse& response, const std::string& address, const std::string& database) {
  if (const auto error = error_in_body(response.body)) return error_of(*error, address, database);
  if (response.status == 401 || response.status == 403) {
    return Error(Code::kDenied, "neo4j at {} refuses the user or password", address)
        .hint("set NEO4J_USERNAME and NEO4J_PASSWORD to a user of this server");
  }
  return Error(Code::kFailed, "{} answers with http status {}", address, response.status)
      .hint("the endpoint's `http_uri` must be the address of neo4j's http interface, port 7474 by default");
}

}  // namespace

Result<std::string> http_address(const config::Neo4jEndpoint& endpoint) {
  std::string address = endpoint.http_uri;
  if (address.empty()) {
    const size_t scheme_end = endpoint.bolt_uri.find("://");
    if (scheme_end == std::string::npos) {
      return Error(Code::kConfig, "the bolt address `{}` of {} has no scheme", endpoint.bolt_uri,
                   endpoint.name)
          .hint("write it as bolt://host:7687 (NEO4J_URI)");
    }
    std::string host = endpoint.bolt_uri.substr(scheme_end + 3);
    host = host.substr(0, host.find('/'));
    // An IPv6 address has colons of its own, inside brackets.
    const size_t port = host.rfind(':');
    if (port != std::string::npos && host.find(']', port) == std::string::npos) host.resize(port);
    if (host.empty()) {
      return Error(Code::kConfig, "the bolt address `{}` of {} names no host", endpoint.bolt_uri,
                   endpoint.name)
          .hint("write it as bolt://host:7687 (NEO4J_URI)");
    }
    address = "http://" + host + ":7474";
  }
  while (address.ends_with('/')) address.pop_back();
  if (!address.starts_with("http://") && !address.starts_with("https://")) {
    return Error(Code::kConfig, "the http address `{}` of {} is none", address, endpoint.name)
        .hint("write it as http://host:7474");
  }
  return address;
}

Result<HttpApi> HttpApi::create(const config::Neo4jEndpoint& endpoint) {
  ASSIGN_OR_RETURN(auto address, http_address(endpoint));
  std::optional<Credentials> credentials;
  if (!endpoint.user.empty()) credentials = Credentials(endpoint.user, endpoint.password);
  return HttpApi(std::move(address), std::move(credentials), endpoint.database);
}

HttpApi::HttpApi(std::string address, std::optional<Credentials> credentials, std::string database)
    : address_(std::move(address)), credentials_(std::move(credentials)), database_(std::move(database)) {}

HttpApi HttpApi::on_database(std::string database) const {
  return HttpApi(address_, credentials_, std::move(database));
}

Result<ServerInfo> HttpApi::discover(const Cancellation& cancellation) {
  HttpRequest request;
  request.url = address_ + "/";
  request.headers["Accept"] = "application/json";
  ASSIGN_OR_RETURN(auto response, client_.send(request, cancellation));
  const auto answer = nlohmann::json::parse(response.body, nullptr, /*allow_exceptions=*/false);
  if (response.status != 200 || !answer.is_object() || !answer.contains("neo4j_version") ||
      !answer["neo4j_version"].is_string()) {
    return Error(Code::kUnreachable, "what answers at {} is no neo4j server", address_)
        .hint(
            "the endpoint's `http_uri` must be the address of neo4j's http interface, port 7474 by default");
  }
  ServerInfo info;
  info.version = answer["neo4j_version"].get<std::string>();
  if (answer.contains("neo4j_edition") && answer["neo4j_edition"].is_string())
    info.edition = answer["neo4j_edition"].get<std::string>();
  return info;
}

Result<void> HttpApi::stream(std::string_view cypher, const Value::Map& parameters,
                             const std::function<Result<void>(Row)>& consume,
                             const Cancellation& cancellation) {
  HttpRequest request;
  request.method = "POST";
  request.url = fmt::format("{}/db/{}/tx/commit", address_, database_);
  request.headers["Accept"] = kJoltMediaType;
  request.headers["Content-Type"] = "application/json";
  request.basic_auth = credentials_;
  request.stall_timeout = kPatience;
  ASSIGN_OR_RETURN(request.body, statement_body(cypher, parameters));

  JoltReader reader(consume);
  ASSIGN_OR_RETURN(
      auto response,
      client_.stream(request, [&](ByteView block) { return reader.write(block); }, cancellation));
  if (response.status / 100 != 2) return error_of_status(response, address_, database_);
  // A statement that fails midway has status 200 and an error behind its rows.
  if (reader.error()) return error_of(*reader.error(), address_, database_);
  return reader.finish();
}

Result<std::vector<Row>> HttpApi::run(std::string_view cypher, const Value::Map& parameters,
                                      const Cancellation& cancellation) {
  std::vector<Row> rows;
  const auto keep = [&](Row row) -> Result<void> {
    rows.push_back(std::move(row));
    return {};
  };
  RETURN_IF_ERROR(stream(cypher, parameters, keep, cancellation));
  return rows;
}

Result<Value> HttpApi::scalar(std::string_view cypher, const Value::Map& parameters,
                              const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto rows, run(cypher, parameters, cancellation));
  if (rows.empty() || rows.front().empty()) return Error(Code::kNotFound, "the statement gave no row");
  return std::move(rows.front().front());
}

}  // namespace summit::neo4j
