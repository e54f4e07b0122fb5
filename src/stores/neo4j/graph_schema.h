// Indexes and constraints of a database, as SHOW INDEXES and SHOW CONSTRAINTS give them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/cancellation.h"
#include "core/fingerprint.h"
#include "core/result.h"
#include "stores/neo4j/bolt_connection.h"
#include "stores/neo4j/graph_filter.h"
#include "stores/neo4j/release.h"
#include "stores/neo4j/value.h"

namespace summit::neo4j {

enum class SchemaKind { kConstraint, kIndex };

// "index", "constraint".
std::string_view name_of(SchemaKind kind);

// What makes two indexes or constraints the same: the columns of docs/formats/fingerprint.md,
// comma-separated.
std::string_view identity_columns(SchemaKind kind);
// Gives those columns and `createStatement`, one row each. Of a release that does not know a column it is
// null, as it is in others for what that release can hold.
std::string show_statement(SchemaKind kind, const Release& release);
// `identity` holds those columns.
Fingerprint schema_fingerprint(std::string_view store, SchemaKind kind, const Row& identity);

struct SchemaItem {
  SchemaKind kind = SchemaKind::kIndex;
  Row identity;
  std::string create_statement;

  std::string_view name() const { return identity.front().text(); }
  // An index that its constraint makes.
  bool is_owned() const { return kind == SchemaKind::kIndex && !identity[5].is_null(); }

  // The columns by name, as a graph file holds them. kCorrupt when one is missing.
  Value::Map facts() const;
  static Result<SchemaItem> from(SchemaKind kind, const Value::Map& facts);
};

// Constraints first. A filter by labels or types leaves those that name one of them, or none at all.
Result<std::vector<SchemaItem>> read_schema(BoltConnection& bolt, const GraphFilter& filter = {});

// Those of `wanted` that `present` does not have by name. kAlreadyExists when one of the same name is
// another.
Result<std::vector<SchemaItem>> missing_schema(const std::vector<SchemaItem>& wanted,
                                               const std::vector<SchemaItem>& present);
// Creates them, constraints first, and waits until every index of the database is online. What is there under
// another name counts as created.
Result<void> create_schema(BoltConnection& bolt, const std::vector<SchemaItem>& items,
                           const Cancellation& cancellation);

}  // namespace summit::neo4j
