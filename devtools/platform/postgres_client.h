// A connection to PostgreSQL for tests and tools. Values are parameters; identifiers go through quoted().
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/endpoint.h"
#include "core/result.h"

struct pg_conn;

namespace summit::platform {

// Rows of text; nothing is NULL.
using Rows = std::vector<std::vector<std::optional<std::string>>>;

// One thread at a time.
class PostgresClient {
 public:
  // To the main database when `database` is empty. kUnreachable when no connection comes, whatever the
  // reason.
  static Result<PostgresClient> connect(const config::PostgresEndpoint& endpoint,
                                        const std::string& database = {});

  // One statement, or several without parameters. kUnreachable when the connection is gone, else kFailed with
  // the server's words.
  Result<Rows> execute(const std::string& sql, const std::vector<std::string>& parameters = {});
  // The only value of the only row.
  Result<std::string> value(const std::string& sql, const std::vector<std::string>& parameters = {});

  std::string quoted(std::string_view identifier) const;
  // For COPY and large objects; stays ours.
  pg_conn* raw() const { return connection_.get(); }

 private:
  struct Close {
    void operator()(pg_conn* connection) const;
  };
  explicit PostgresClient(pg_conn* connection) : connection_(connection) {}

  std::unique_ptr<pg_conn, Close> connection_;
};

}  // namespace summit::platform
