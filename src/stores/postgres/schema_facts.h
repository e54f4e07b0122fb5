// Fingerprints of a database's definitions: one a group of catalog facts ("columns", "indexes", "functions",
// …). Format: docs/formats/fingerprint.md, "PostgreSQL rows".
//
// Equal before a dump and after its restore. Definitions that the server deparses are normalised (sql.h),
// because a dump and restore rewrites casts and parentheses in them. Comparable between servers of one major
// version only: another one may print the same definition differently.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/fingerprint.h"
#include "core/result.h"
#include "stores/postgres/fingerprint.h"

namespace summit::postgres {

// Their grants and comments are facts of the schema, unless the backup leaves them out.
enum class LargeObjects { kTaken, kLeftOut };

std::vector<std::string_view> schema_groups();

// In the connection's snapshot, should it have one. Kind "schema", name the group's. `groups`: some of
// schema_groups().
Result<std::vector<Fingerprint>> fingerprint_schema(
    Connection& connection, const FingerprintScope& scope, LargeObjects large_objects = LargeObjects::kTaken,
    const std::vector<std::string_view>& groups = schema_groups());

// The facts of one group as text, sorted, for people who want to see what differs.
Result<std::vector<std::string>> schema_facts(Connection& connection, std::string_view group);

}  // namespace summit::postgres
