// What goes with a database that a backup of a part of one replaces.
#pragma once

#include <string>

#include "repository/metadata.h"
#include "stores/postgres/catalog.h"

namespace summit::recovery {

// One sentence for the plan: "holds 10 of the 63 tables that are here: the rest goes: …". A table counts as
// held when the backup has it; a hypertable only with rows, because of others the definition comes anyway.
// `prefix` stands before the names of the database's fingerprints. Empty when nothing goes.
std::string describe_lost(const postgres::Inventory& here, const repository::ComponentRecord& backup,
                          const std::string& prefix);

}  // namespace summit::recovery
