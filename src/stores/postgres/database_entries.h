// What an archive says of the database itself, which pg_restore leaves alone without --create.
#pragma once

#include <string>
#include <vector>

#include "core/result.h"
#include "formats/pgarchive/contents.h"
#include "stores/postgres/connection.h"

namespace summit::postgres {

struct DatabaseEntries {
  std::vector<std::string> create;      // CREATE DATABASE …
  std::vector<std::string> properties;  // ALTER DATABASE … SET …, GRANT … ON DATABASE …
  std::string owner;
  std::string comment;
};

DatabaseEntries database_entries(const pgarchive::Contents& contents);

// Gives the database `to` the settings and grants that `from` had. `maintenance` is connected beside it.
Result<void> carry_over(const DatabaseEntries& entries, const std::string& from, const std::string& to,
                        Connection& maintenance);

}  // namespace summit::postgres
