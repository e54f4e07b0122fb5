// Which rows belong to the tenant or project: the same rules that chose them for the backup, read against the
// live database.
//
// A row belongs to the owner by its own column (tenant_id), or through the rows that it refers to, when its
// table has no such column (a result belongs to whom its task belongs to). What belongs to nobody, or to
// several, is shared: it is inserted where it is missing and the owner's, too, or needed, and never more.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "stores/postgres/connection.h"
#include "stores/postgres/merge/target.h"

namespace summit::postgres::merge {

// Where rows are looked at: in the live database, or as the backup has them.
enum class Side { kLive, kBackup };

class Ownership {
 public:
  explicit Ownership(const SelectionRules& rules);

  enum class Rule { kShared, kByColumn, kThroughParents };
  Rule rule(size_t table) const { return tables_[table].rule; }

  // Makes `id` the owner in this session, and proves that it fits every column. kUsage.
  Result<void> bind(Connection& connection, const Target& target, const std::string& id) const;

  // An SQL condition on the rows of `table` under `alias`: the owner's. For kThroughParents the session's
  // tables of closure.h must be there.
  std::string owned(Side side, size_t table, std::string_view alias) const;
  // The rest: rows of others, of nobody (NULL), of several.
  std::string not_owned(Side side, size_t table, std::string_view alias) const;
  // Of those: rows of others and of several, but not of nobody.
  std::string of_others(Side side, size_t table, std::string_view alias) const;
  // The owner's and somebody else's, too; for kThroughParents alone.
  std::string partly_owned(Side side, size_t table, std::string_view alias) const;
  // For kByColumn alone: a condition on the row's own values, for RETURNING.
  std::string owned_by_column(size_t table, std::string_view alias) const;

  // The columns of which owned_by_column() speaks.
  std::vector<std::string> columns(size_t table) const;
  // Indexes of Target::references() through which the rows of a kThroughParents table are owned.
  const std::vector<size_t>& owning_references(size_t table) const { return tables_[table].references; }

 private:
  struct Column {
    std::string name;
    std::string type;      // of the value that it is compared with
    std::string equality;  // of two such values
  };
  struct Table {
    Rule rule = Rule::kShared;
    std::vector<Column> columns;     // kByColumn: any of them
    std::vector<size_t> references;  // kThroughParents
  };
  std::vector<Table> tables_;
};

// The session's table of the rows that are owned through parents: (part oid, place tid, round integer, whole
// boolean). `whole` is false for what belongs to others as well.
std::string owned_table(Side side, size_t table);

}  // namespace summit::postgres::merge
