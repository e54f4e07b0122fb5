// What ALTER DEFAULT PRIVILEGES gives to each new object: archives say the privileges of what they create,
// and count on the server's own defaults.
#pragma once

#include <string>
#include <vector>

#include "core/result.h"
#include "stores/postgres/connection.h"

namespace summit::postgres {

class DefaultPrivileges {
 public:
  enum class Of { kMe, kEverybody };
  // Those of the connected role, or of every role whose rights it has, become the server's own.
  static Result<DefaultPrivileges> put_aside(Connection& connection, Of of);
  // As they were.
  Result<void> put_back(Connection& connection) const;

 private:
  std::vector<std::string> statements_;
};

}  // namespace summit::postgres
