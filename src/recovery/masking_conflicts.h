// Rules for masking that an archive's definitions contradict: what they make, no database would take.
#pragma once

#include "core/result.h"
#include "masking/session.h"
#include "stores/postgres/archive_schema.h"

namespace summit::recovery {

// Reads no row. kRefused with every conflict:
// - the two sides of a foreign key become different values of what were equal ones. They stay equal when both
//   columns have the same operation, and it depends on the value alone;
// - a rule replaces a column that decides which partition or chunk a row belongs to;
// - a rule removes the value of a column that refuses NULL.
Result<void> check_rules_fit(const postgres::ArchiveSchema& schema, const masking::Session& session);

}  // namespace summit::recovery
