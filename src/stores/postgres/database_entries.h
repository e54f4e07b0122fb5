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
  std::vector<std::string> properties;  // ALTER DATABASE … SET …
  std::vector<std::string> grants;      // GRANT … ON DATABASE …, from what a new database allows
  std::string owner;
  std::string comment;
};

DatabaseEntries database_entries(const pgarchive::Contents& contents);

// Gives the database `to` the settings that `from` had, or its grants. `maintenance` is connected beside it.
Result<void> carry_over_settings(const DatabaseEntries& entries, const std::string& from,
                                 const std::string& to, Connection& maintenance);
Result<void> carry_over_grants(const DatabaseEntries& entries, const std::string& from, const std::string& to,
                               Connection& maintenance);

}  // namespace summit::postgres
