// Keeps new sessions out of a database while it is emptied and filled.
#pragma once

#include <string>

#include "config/endpoint.h"
#include "core/result.h"
#include "stores/postgres/connection.h"

namespace summit::postgres {

// The connection limit of the database is 0 while this lives, so that only superusers get in. The limit
// before is kept in the database's comment: when a crash keeps this from putting both back, the next one
// does.
class Doorkeeper {
 public:
  // Does nothing when we are no superuser, because we would be kept out ourselves; `closed()` tells.
  static Result<Doorkeeper> close(const config::PostgresEndpoint& endpoint, const std::string& database);
  Doorkeeper(Doorkeeper&& other) noexcept;
  Doorkeeper& operator=(Doorkeeper&&) = delete;
  ~Doorkeeper();  // open(), should nobody have called it

  bool closed() const { return closed_; }
  // Puts limit and comment back.
  Result<void> open();

 private:
  Doorkeeper(config::PostgresEndpoint endpoint, std::string database)
      : endpoint_(std::move(endpoint)), database_(std::move(database)) {}

  config::PostgresEndpoint endpoint_;
  std::string database_;
  std::string limit_;
  std::string comment_;
  bool closed_ = false;
};

}  // namespace summit::postgres
