#include "repository/packed/pack_table.h"

#include <algorithm>

namespace summit::repository::packed {

std::optional<PackSlot> PackTable::find(const PackName& name) const {
  const auto found = slots_.find(name);
  if (found == slots_.end()) return std::nullopt;
  return found->second;
}

PackSlot PackTable::reference(const StoredPack& pack, uint64_t record) {
  const auto [place, added] = slots_.try_emplace(pack.name, 0);
  if (added) {
    if (free_.empty()) {
      free_.push_back(static_cast<PackSlot>(entries_.size()));
      entries_.emplace_back();
    }
    place->second = free_.back();
    free_.pop_back();
    entries_[place->second] = {.pack = pack, .backups = 0, .last_referenced = record};
  }
  Entry& entry = entries_[place->second];
  entry.last_referenced = std::max(entry.last_referenced, record);
  return place->second;
}

void PackTable::erase(PackSlot slot) {
  slots_.erase(entries_[slot].pack.name);
  free_.push_back(slot);
}

}  // namespace summit::repository::packed
