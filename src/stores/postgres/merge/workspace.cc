#include "stores/postgres/merge/workspace.h"

#include <fmt/format.h>

#include <algorithm>

#include "stores/postgres/sql.h"

namespace summit::postgres::merge {

bool StagedTable::archived(const std::string& column) const {
  return std::find(columns.begin(), columns.end(), column) != columns.end();
}

bool StagedTable::archived(const UniqueIndex& index) const {
  return std::all_of(index.columns.begin(), index.columns.end(),
                     [&](const auto& column) { return archived(column); });
}

bool StagedTable::holds(const std::string& column) const {
  return archived(column) || std::find(computed.begin(), computed.end(), column) != computed.end();
}

std::string Workspace::rows_of(Side side, size_t table) const {
  return side == Side::kLive ? target.graph(table).scan() : staged_table(table);
}

bool Workspace::has(Side side, const ReferenceEnd& end) const {
  if (side == Side::kLive) return true;
  const auto found = staged.find(end.table);
  return found != staged.end() &&
         std::all_of(end.columns.begin(), end.columns.end(),
                     [&](const auto& column) { return found->second.holds(column); });
}

const UniqueIndex* Workspace::key(size_t table) const {
  const auto found = staged.find(table);
  if (found == staged.end()) return nullptr;
  // The primary key comes first, then the narrowest.
  for (const auto& index : target.tables[table].unique) {
    if (index.identifies && found->second.archived(index)) return &index;
  }
  return nullptr;
}

std::string staged_table(size_t table) { return fmt::format("pg_temp.summit_backup_{}", table); }

std::string column_list(const std::vector<std::string>& columns, std::string_view alias) {
  std::string list;
  for (const auto& column : columns) {
    if (!list.empty()) list += ", ";
    if (!alias.empty()) list += fmt::format("{}.", alias);
    list += quote_identifier(column);
  }
  return list;
}

std::string record_of(const std::vector<std::string>& columns, std::string_view alias) {
  return "ROW(" + column_list(columns, alias) + ")::record";
}

std::string image_of(const std::vector<std::string>& columns, std::string_view alias) {
  return "(ROW(" + column_list(columns, alias) + ")::text COLLATE \"C\")";
}

std::string key_condition(const UniqueIndex& key, std::string_view left, std::string_view right) {
  std::string condition;
  for (size_t i = 0; i < key.columns.size(); ++i) {
    const std::string column = quote_identifier(key.columns[i]);
    condition +=
        fmt::format("{}{}.{} {} {}.{}", i ? " AND " : "", left, column, key.equality[i], right, column);
  }
  return condition;
}

Result<uint64_t> count(Connection& connection, const std::string& sql) {
  ASSIGN_OR_RETURN(auto rows, connection.query(sql));
  return static_cast<uint64_t>(rows.number(0, 0));
}

Result<void> analyze(Connection& connection, const std::string& table) {
  return connection.execute("ANALYZE " + table);
}

}  // namespace summit::postgres::merge
