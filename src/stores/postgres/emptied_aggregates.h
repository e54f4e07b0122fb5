// TimescaleDB's continuous aggregates of which a filtered backup takes no rows: its catalogs have to say so,
// or they would stay empty after a restore for ever.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "stores/postgres/catalog.h"
#include "stores/postgres/connection.h"
#include "stores/postgres/row_selection.h"

namespace summit::postgres {

class EmptiedAggregates {
 public:
  // None without the extension. `connection` is in the snapshot.
  static Result<EmptiedAggregates> find(Connection& connection, const Inventory& inventory,
                                        const RowSelection& selection);

  // The query that gives a catalog's rows, `columns` of them, as they are to be restored; nothing: as they
  // are.
  std::optional<std::string> rows_of(const RelationName& catalog, const std::string& columns) const;
  // For whoever reads about the backup.
  std::vector<std::string> notes() const;

 private:
  std::vector<int64_t> ids_;  // of the hypertables that hold their rows
  std::vector<RelationName> names_;
};

}  // namespace summit::postgres
