// How much storage backups take, counted in whole packs: what the log alone tells, without reading a
// manifest.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "repository/packed/repository_state.h"

namespace summit::repository::packed {

struct BackupSpace {
  uint64_t packs = 0;         // that the backup needs now
  uint64_t stored_bytes = 0;  // of these packs; other backups may need them too
  uint64_t own_bytes = 0;     // of those that no other live backup needs: about what its removal frees
};

// kNotFound when no such backup lives.
Result<BackupSpace> space_of(const RepositoryState& state, std::string_view backup);

// For each of these backups the bytes of the packs that it needs and none before it in the list does. The sum
// is what they take together. A backup that does not live adds nothing.
std::vector<uint64_t> added_bytes(const RepositoryState& state, const std::vector<std::string>& backups);

}  // namespace summit::repository::packed
