// A client of Neo4j's HTTP interface: statements with parameters, rows streamed as they come.
//
// Each statement is a transaction of its own. Reads are read committed: only on a server that nobody writes
// to is a long result a snapshot.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/endpoint.h"
#include "core/cancellation.h"
#include "core/http.h"
#include "core/result.h"
#include "stores/neo4j/value.h"

namespace summit::neo4j {

struct ServerInfo {
  std::string version;  // "5.26.30"
  std::string edition;  // "community", "enterprise"
};

// "http://db:7474" for "bolt://db:7687" when the endpoint names no HTTP address. kConfig when neither is one.
Result<std::string> http_address(const config::Neo4jEndpoint& endpoint);

// One thread at a time. Errors: kUnreachable or kTimeout when nothing answers, kDenied for a wrong user or
// password, kNotFound for an unknown database, kUnreachable when the database is not online, kBusy for what
// may pass when tried again, else kFailed; the server's own code stands in the message.
class HttpApi {
 public:
  using Credentials = std::pair<std::string, Secret>;  // user, password

  static Result<HttpApi> create(const config::Neo4jEndpoint& endpoint);
  HttpApi(std::string address, std::optional<Credentials> credentials, std::string database);

  // Needs no password.
  Result<ServerInfo> discover(const Cancellation& cancellation = {});

  // All rows; for results known to be small.
  Result<std::vector<Row>> run(std::string_view cypher, const Value::Map& parameters = {},
                               const Cancellation& cancellation = {});
  // One row at a time in memory. An error of `consume` ends the statement.
  Result<void> stream(std::string_view cypher, const Value::Map& parameters,
                      const std::function<Result<void>(Row)>& consume, const Cancellation& cancellation = {});
  // The first column of the first row; kNotFound when there is no row.
  Result<Value> scalar(std::string_view cypher, const Value::Map& parameters = {},
                       const Cancellation& cancellation = {});

  // The same server, another database ("system").
  HttpApi on_database(std::string database) const;

  const std::string& address() const { return address_; }
  const std::string& database() const { return database_; }

 private:
  std::string address_;
  std::optional<Credentials> credentials_;
  std::string database_;
  HttpClient client_;
};

}  // namespace summit::neo4j
