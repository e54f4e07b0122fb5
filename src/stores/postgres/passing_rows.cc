#include "stores/postgres/passing_rows.h"

namespace summit::postgres {
namespace {

size_t relations_of(const Table& table) {
  return table.kind == Table::Kind::kPartitioned ? table.parts.size() : 1;
}

}  // namespace

PassingRows::PassingRows(Inventory inventory) : inventory_(std::move(inventory)) {
  for (const auto& table : inventory_.tables) {
    // Compressed chunks hold rows in a shape of their own; what a view holds is compared with what its query
    // gives, in one snapshot.
    if (table.kind == Table::Kind::kHypertable || table.kind == Table::Kind::kMaterializedView) continue;
    if (table.kind != Table::Kind::kPartitioned) tables_.emplace(table.name, &table);
    for (const auto& part : table.parts) tables_.emplace(part, &table);
  }
}

std::optional<RowHasher> PassingRows::begin(const RelationName& relation,
                                            const std::vector<std::string>& columns) const {
  const auto found = tables_.find(relation);
  if (found == tables_.end()) return {};
  const auto wanted = stored_columns(found->second->columns);
  // A row of no columns has no fields to choose from.
  if (wanted.empty() && !columns.empty()) return {};
  std::vector<Column> given;
  for (const auto& name : columns) given.push_back({.name = name, .type = {}});
  return RowHasher(wanted, places_of(wanted, given));
}

void PassingRows::end(const RelationName& relation, const RowHasher& hasher) {
  const auto& table = tables_.at(relation)->name;
  const std::lock_guard lock(mutex_);
  hashes_[table].merge(hasher.hash());
  passed_[table].insert(relation);
}

std::optional<SetHash> PassingRows::rows_of(const RelationName& table) const {
  const std::lock_guard lock(mutex_);
  const auto found = passed_.find(table);
  if (found == passed_.end() || found->second.size() < relations_of(*inventory_.table(table))) return {};
  return hashes_.at(table);
}

}  // namespace summit::postgres
