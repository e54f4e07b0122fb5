#include "repository/packed/backup_space.h"

#include <unordered_set>

namespace summit::repository::packed {

Result<BackupSpace> space_of(const RepositoryState& state, std::string_view backup) {
  if (state.find(backup) == nullptr)
    return Error(Code::kNotFound, "there is no backup {}", backup).hint("summit-dr list");
  std::unordered_set<PackName, PackNameHash> shared;
  state.visit_known([&](const RepositoryState::KnownPack& known) {
    if (known.backups > 1) shared.insert(known.pack.name);
  });
  BackupSpace space;
  for (const StoredPack& pack : state.packs_of(backup)) {
    ++space.packs;
    space.stored_bytes += pack.size;
    if (!shared.contains(pack.name)) space.own_bytes += pack.size;
  }
  return space;
}

std::vector<uint64_t> added_bytes(const RepositoryState& state, const std::vector<std::string>& backups) {
  std::unordered_set<PackName, PackNameHash> counted;
  std::vector<uint64_t> added;
  added.reserve(backups.size());
  for (const std::string& backup : backups) {
    uint64_t bytes = 0;
    for (const StoredPack& pack : state.packs_of(backup)) {
      if (counted.insert(pack.name).second) bytes += pack.size;
    }
    added.push_back(bytes);
  }
  return added;
}

}  // namespace summit::repository::packed
