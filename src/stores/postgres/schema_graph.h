// Tables and the references between them, as the catalogs declare them: what a closure over rows walks.
//
// A table here is what its users see: a partitioned table or hypertable is one, and its rows lie in its
// parts. Tables of extensions, system schemas and the marker (marker.h) are not in it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "stores/postgres/catalog.h"
#include "stores/postgres/connection.h"

namespace summit::postgres {

// How values of two columns are compared, whatever the search path.
struct Equality {
  std::string operation = "OPERATOR(pg_catalog.=)";
  std::string collation;  // qualified; empty: that of the columns
  bool as_text = false;

  // `left` and `right` are SQL expressions; for a foreign key the referenced column is the left one.
  std::string of(const std::string& left, const std::string& right) const;
};

struct GraphColumn {
  std::string name;
  std::string type;  // what a value is cast to: the base type of a domain, without a length that would cut
  std::string equality;      // "OPERATOR(pg_catalog.=)", of two such values
  std::string collation;     // qualified; empty: the type's own
  bool replaceable = false;  // by NULL: not NOT NULL, generated, or part of a primary or partition key
};

// A relation that holds rows itself.
struct GraphPart {
  std::string oid;
  RelationName name;
};

struct GraphTable {
  RelationName name;
  std::string oid;
  Table::Kind kind = Table::Kind::kOrdinary;
  std::vector<GraphColumn> columns;
  std::vector<GraphPart> parts;           // itself, unless it is partitioned; of a hypertable the chunks too
  std::vector<RelationName> definitions;  // itself and all partitions, those between included
  bool compressed = false;                // a hypertable with compressed chunks, whose rows have no place

  const GraphColumn* column(std::string_view column_name) const;
  // What follows FROM to read all of its rows and no others: rows of inheriting tables are not its own.
  std::string scan() const;
};

// One side of a reference.
struct ReferenceEnd {
  size_t table = 0;  // in SchemaGraph::tables
  std::vector<std::string> columns;
  std::string scan;                // as GraphTable::scan(), of the partition for which it is declared
  std::vector<std::string> parts;  // oids, when it is declared for some partitions only; empty: all
};

// Rows of `from` refer to rows of `to` by equal columns; a NULL among them is no reference.
struct Reference {
  std::string name;  // "public.tasks.parent_id": table and columns, for people and configuration
  ReferenceEnd from;
  ReferenceEnd to;
  std::vector<Equality> equalities;  // one a column
  bool match_full = false;           // all columns are NULL, or none
  bool declared = false;             // by the configuration: no foreign key, which the server would enforce
  char on_delete = 'a';              // of a foreign key, as pg_constraint.confdeltype: 'a' is NO ACTION
  char on_update = 'a';              // the same of confupdtype
  std::string when_column;           // of `from`; empty: always
  std::string when_equals;
};

struct SchemaGraph {
  std::vector<GraphTable> tables;
  std::vector<Reference> references;  // foreign keys

  // By the relation itself, a partition or a chunk. Null for a relation that is not in the graph.
  const GraphTable* holder(const RelationName& relation) const;
  std::optional<size_t> holder_index(const RelationName& relation) const;
  // By a name as people write it: "public.tasks", "tasks" where no other schema has one, public first.
  std::optional<size_t> find(std::string_view name) const;
  std::vector<std::string> table_names() const;

  std::map<RelationName, size_t> index;  // of `tables`, by every relation of each
};

Result<SchemaGraph> read_schema_graph(Connection& connection);

// For columns that no foreign key ties together: as values of one type where they are, else as texts.
Equality equality_of(const GraphColumn& to, const GraphColumn& from);

}  // namespace summit::postgres
