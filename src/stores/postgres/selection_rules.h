// The configuration of a row selection, applied to the tables that a database has.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/selection.h"
#include "core/result.h"
#include "stores/postgres/schema_graph.h"

namespace summit::postgres {

// What a table is to the selection. One that is none of this gives only rows that others refer to.
struct TableRule {
  bool whole = false;
  bool excluded = false;
  bool start = false;
  bool owned = false;        // rows that refer to owned rows are owned
  std::string owner_column;  // rows with the id in it are owned; empty: the table has none

  bool has_owners() const { return !whole && !excluded && (start || owned || !owner_column.empty()); }
};

struct ReferenceRule {
  config::OutsidePolicy outside = config::OutsidePolicy::kInclude;
  bool finds_owned = false;           // rows that refer by it to owned rows are owned
  std::vector<std::string> replaced;  // columns that become NULL; empty: it cannot be emptied
};

struct SelectionRules {
  SchemaGraph graph;  // with the declared references behind the foreign keys
  std::vector<TableRule> tables;
  std::vector<ReferenceRule> references;
  std::string start_column;  // of the table whose rule is `start`

  // Names of the configuration that this database does not have, and the error should no database have them.
  std::map<std::string, Error> missing;
};

// kConfig for a configuration that contradicts itself or this database.
Result<SelectionRules> apply_selection(SchemaGraph graph, const config::RowSpec& spec);

// Finds the table, or notes that it is missing.
std::optional<size_t> find_table(const SchemaGraph& graph, const config::Named& name,
                                 std::map<std::string, Error>& missing);

}  // namespace summit::postgres
