// What has to be created before selected tables of an archive can be filled in a database that has a part of
// them.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "core/result.h"
#include "formats/pgarchive/contents.h"
#include "stores/postgres/connection.h"

namespace summit::postgres {

struct MissingObjects {
  std::set<int64_t> tables;   // of the selected ones, those that the database does not have
  std::set<int64_t> entries;  // everything to create: those tables, what they need, what belongs to them
  // What belongs to them and is left out, for it refers to a table that is neither there nor selected.
  std::set<std::string> left_out;
};

Result<MissingObjects> find_missing(Connection& connection, const pgarchive::Contents& contents,
                                    const std::set<int64_t>& tables);

}  // namespace summit::postgres
