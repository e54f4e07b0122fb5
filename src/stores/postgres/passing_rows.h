// Fingerprints tables from rows that somebody else reads, so that they need not be read twice.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/fingerprint.h"
#include "stores/postgres/catalog.h"
#include "stores/postgres/row_hasher.h"

namespace summit::postgres {

// Safe for several threads.
class PassingRows {
 public:
  explicit PassingRows(Inventory inventory);

  // What takes the rows of a relation, all of them, as COPY gives `columns` of it; then end(). Nothing for a
  // relation whose table is not fingerprinted by relations: a chunk of a hypertable, a materialized view, a
  // catalog.
  std::optional<RowHasher> begin(const RelationName& relation, const std::vector<std::string>& columns) const;
  void end(const RelationName& relation, const RowHasher& hasher);

  // Of the table's rows: nothing unless all relations that hold them have passed.
  std::optional<SetHash> rows_of(const RelationName& table) const;

 private:
  const Inventory inventory_;
  std::map<RelationName, const Table*> tables_;  // by the relations that hold their rows
  mutable std::mutex mutex_;                     // guards what follows
  std::map<RelationName, SetHash> hashes_;       // by table
  std::map<RelationName, std::set<RelationName>> passed_;
};

}  // namespace summit::postgres
