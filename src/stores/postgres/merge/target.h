// The live database that rows are merged into: whose rows its tables hold (selection_rules.h), what
// identifies the rows, and what its catalogs say of writing them.
//
// A partitioned table and a hypertable are one table here, whatever holds their rows.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/result.h"
#include "stores/postgres/catalog.h"
#include "stores/postgres/connection.h"
#include "stores/postgres/selection_rules.h"

namespace summit::postgres::merge {

struct TargetColumn {
  std::string name;
  std::string type;        // as a definition writes it: "character varying(20)"
  bool required = false;   // NOT NULL, and nothing gives it a value by itself
  bool generated = false;  // computed from other columns
  std::string expression;  // by which it is
  bool identity_always = false;
};

// A unique index over plain columns and all rows.
struct UniqueIndex {
  std::string name;
  std::vector<std::string> columns;
  std::vector<std::string> equality;  // "OPERATOR(pg_catalog.=)", one a column
  bool identifies = false;            // no column is nullable: no two rows are equal in it
  bool primary = false;
};

// CREATE RULE … ON UPDATE, INSERT or DELETE.
struct Rule {
  std::string name;
  char event = 0;  // as pg_rewrite.ev_type: '2' update, '3' insert, '4' delete
};

// What is known of a table beside the graph of tables and references.
struct TargetTable {
  std::vector<TargetColumn> columns;
  std::vector<UniqueIndex> unique;
  bool other_uniqueness = false;  // partial or expression indexes, exclusion constraints
  std::vector<Rule> rules;

  const TargetColumn* column(std::string_view column) const;
};

// A sequence that gives values of a column.
struct ColumnSequence {
  RelationName sequence;
  size_t table = 0;  // in Target::tables
  std::string column;
};

struct Target {
  SelectionRules rules;             // with the graph of the database
  std::vector<TargetTable> tables;  // beside those of the graph
  std::vector<ColumnSequence> sequences;

  const GraphTable& graph(size_t table) const { return rules.graph.tables[table]; }
  const RelationName& name(size_t table) const { return graph(table).name; }
  const std::vector<Reference>& references() const { return rules.graph.references; }
};

// kConfig for rules that contradict themselves or the database.
Result<Target> read_target(Connection& connection, const config::RowSpec& spec);

// An SQL condition: the row of one alias refers by `reference` to that of the other. A NULL among the columns
// is no reference. One that is declared for a partition counts for the table that it is a part of.
std::string refers(const Reference& reference, std::string_view from_alias, std::string_view to_alias);

}  // namespace summit::postgres::merge
