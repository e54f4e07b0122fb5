// The live database that rows are merged into, as its catalogs describe it: tables with what identifies their
// rows, and the references between them.
//
// A partitioned table and a hypertable are one table here, whatever holds their rows.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "stores/postgres/catalog.h"
#include "stores/postgres/connection.h"

namespace summit::postgres::merge {

struct TargetColumn {
  std::string name;
  std::string type;        // as a definition writes it: "character varying(20)"
  std::string plain_type;  // without length and domain, so that a cast to it cuts nothing off
  bool required = false;   // NOT NULL, and nothing gives it a value by itself
  bool generated = false;  // computed from other columns
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

struct TargetTable {
  std::string oid;
  RelationName name;
  bool spread = false;  // partitions or chunks hold the rows
  std::vector<TargetColumn> columns;
  std::vector<UniqueIndex> unique;
  bool other_uniqueness = false;   // partial or expression indexes, exclusion constraints
  bool compressed_chunks = false;  // of a hypertable
  std::vector<Rule> rules;

  // "ONLY public.users": what FROM, UPDATE and DELETE take to reach its rows and nobody else's.
  std::string from() const;
  const TargetColumn* column(std::string_view column) const;
};

// Rows of one table name rows of another (or of the same): by a foreign key, or as the configuration
// declares.
struct Reference {
  std::string name;
  size_t from = 0;  // indexes of Target::tables
  size_t to = 0;
  std::vector<std::string> columns;     // of `from`
  std::vector<std::string> to_columns;  // of `to`
  std::vector<std::string> equality;    // to OPERATOR from
  char on_delete = 'a';                 // as pg_constraint.confdeltype: 'a' no action, 'c' cascade, …
  bool enforced = true;                 // by the server
  bool as_text = false;                 // compared as texts: the types of a declared reference differ
  std::string when_column;              // of `from`; empty: every row
  std::string when_equals;

  // "to_alias.id OPERATOR(pg_catalog.=) from_alias.user_id AND …"; a NULL among them is no reference.
  std::string condition(std::string_view from_alias, std::string_view to_alias) const;
};

// A sequence that gives values of a column.
struct ColumnSequence {
  RelationName sequence;
  size_t table = 0;
  std::string column;
};

struct Target {
  std::vector<TargetTable> tables;  // by name
  std::vector<Reference> references;
  std::vector<ColumnSequence> sequences;
  std::map<RelationName, RelationName> roots;  // of partitions and chunks: what they belong to

  std::optional<size_t> find(const RelationName& name) const;
};

Result<Target> read_target(Connection& connection);

}  // namespace summit::postgres::merge
