// Which rows of which tables a filtered backup takes.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "stores/postgres/catalog.h"
#include "stores/postgres/connection.h"

namespace summit::postgres {

// What is taken of one relation that holds rows itself (an ordinary table, a partition, a chunk).
struct TableRows {
  enum class Take { kNothing, kEverything, kSome };
  Take take = Take::kEverything;
  // kSome: what follows SELECT <columns> in a COPY, "FROM ONLY public.tasks WHERE …"; valid on the
  // selection's own connection only.
  std::string from;
  // Columns whose value is replaced on the way out, by a quoted column name: an SQL expression ("NULL").
  std::map<std::string, std::string> replaced;
};

class RowSelection {
 public:
  virtual ~RowSelection() = default;

  // False: neither the definition of this table nor what depends on it belongs to the backup.
  virtual bool keeps_definition(const RelationName& table) const = 0;
  virtual TableRows rows_of(const RelationName& table) const = 0;
  // Large objects belong to nobody: only selections of whole databases take them.
  virtual bool takes_large_objects() const = 0;

  // In the backup's snapshot; all tables with Take::kSome are read through it, one after the other.
  virtual Connection& connection() = 0;
};

}  // namespace summit::postgres
