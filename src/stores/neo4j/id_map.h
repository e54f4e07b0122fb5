// A number for each internal id, on disk: which node another one is.
//
// 8 bytes an id in an IdTable. One thread at a time.
#pragma once

#include <cstdint>
#include <optional>

#include "stores/neo4j/id_table.h"

namespace summit::neo4j {

class IdMap {
 public:
  // Its file lies in `directory` and is gone with this object, or with the process.
  static Result<IdMap> create(const fs::path& directory);

  // Neither is negative.
  Result<void> set(int64_t id, int64_t number);
  // Nothing for an id that was never set.
  std::optional<int64_t> get(int64_t id) const;

 private:
  explicit IdMap(IdTable table) : table_(std::move(table)) {}
  IdTable table_;
};

}  // namespace summit::neo4j
