// What all steps of a merge share: one session, what the live database looks like, whose rows are whose, and
// the rows of the backup, which lie in temporary tables of that session.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "stores/postgres/connection.h"
#include "stores/postgres/merge/ownership.h"
#include "stores/postgres/merge/target.h"

namespace summit::postgres::merge {

// The rows of one table as the backup has them.
struct StagedTable {
  std::vector<std::string> columns;   // those that the archive holds
  std::vector<std::string> computed;  // from those: by which rows are owned or refer
  uint64_t rows = 0;

  bool archived(const std::string& column) const;
  bool archived(const UniqueIndex& index) const;
  // The same, or computed.
  bool holds(const std::string& column) const;
};

struct Workspace {
  Connection connection;
  Target target;
  Ownership ownership;
  std::map<size_t, StagedTable> staged;  // by index of target.tables

  // What FROM takes.
  std::string rows_of(Side side, size_t table) const;
  // False: there is nothing on this side.
  bool has(Side side, size_t table) const { return side == Side::kLive || staged.contains(table); }
  // The same of all columns by which rows refer: a backup has none that were added since.
  bool has(Side side, const ReferenceEnd& end) const;
  bool has(Side side, const Reference& reference) const {
    return has(side, reference.from) && has(side, reference.to);
  }
  // By which rows of the backup and live ones are the same row; null: only by all of their values.
  const UniqueIndex* key(size_t table) const;
};

std::string staged_table(size_t table);

// "x.id, x.name": `columns` under `alias`.
std::string column_list(const std::vector<std::string>& columns, std::string_view alias);
// All of them as one value, which compares byte for byte (OPERATOR(pg_catalog.*<>)).
std::string record_of(const std::vector<std::string>& columns, std::string_view alias);
// The same as text, whose equality is that of all values.
std::string image_of(const std::vector<std::string>& columns, std::string_view alias);
// "s.id OPERATOR(pg_catalog.=) t.id AND …"
std::string key_condition(const UniqueIndex& key, std::string_view left, std::string_view right);

// A whole number that a query gives.
Result<uint64_t> count(Connection& connection, const std::string& sql);

// Tells the planner how large a temporary table is: without, it takes every one for small.
Result<void> analyze(Connection& connection, const std::string& table);

}  // namespace summit::postgres::merge
