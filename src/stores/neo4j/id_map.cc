#include "stores/neo4j/id_map.h"

#include <array>
#include <bit>
#include <cstring>

namespace summit::neo4j {

Result<IdMap> IdMap::create(const fs::path& directory) {
  ASSIGN_OR_RETURN(auto table, IdTable::create(directory, sizeof(int64_t)));
  return IdMap(std::move(table));
}

// Stored as the number and one: zero is "none".
Result<void> IdMap::set(int64_t id, int64_t number) {
  const auto entry = std::bit_cast<std::array<char, sizeof(int64_t)>>(number + 1);
  return table_.set(static_cast<uint64_t>(id), {entry.data(), entry.size()});
}

std::optional<int64_t> IdMap::get(int64_t id) const {
  const auto entry = table_.get(static_cast<uint64_t>(id));
  int64_t stored = 0;
  if (!entry.empty()) std::memcpy(&stored, entry.data(), sizeof stored);
  return stored == 0 ? std::nullopt : std::optional(stored - 1);
}

}  // namespace summit::neo4j
