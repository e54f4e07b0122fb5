// Which packs the log knows, and how many live backups need each. Part of RepositoryState.
//
// A pack has a slot while it is known, so that a backup's needs are a list of small numbers.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "repository/packed/events.h"
#include "repository/packed/pack_name.h"

namespace summit::repository::packed {

using PackSlot = uint32_t;

class PackTable {
 public:
  struct Entry {
    StoredPack pack;
    uint64_t backups = 0;          // live ones that need it
    uint64_t last_referenced = 0;  // the newest record that commits or relocates to it
  };

  std::optional<PackSlot> find(const PackName& name) const;
  const Entry& at(PackSlot slot) const { return entries_[slot]; }

  // The slot of a pack that a commit or relocation in `record` names; a new one when it was not known.
  PackSlot reference(const StoredPack& pack, uint64_t record);
  void erase(PackSlot slot);

  void need(PackSlot slot) { ++entries_[slot].backups; }
  void release(PackSlot slot) { --entries_[slot].backups; }

  // In the order of their names.
  const std::map<PackName, PackSlot>& slots() const { return slots_; }

 private:
  std::map<PackName, PackSlot> slots_;
  std::vector<Entry> entries_;
  std::vector<PackSlot> free_;
};

}  // namespace summit::repository::packed
