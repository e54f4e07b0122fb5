// What a packed repository holds, counted from its log.
#pragma once

#include <cstdint>
#include <optional>

#include "core/cancellation.h"
#include "repository/packed/packed_repository.h"

namespace summit::repository::packed {

struct RepositorySummary {
  uint64_t backups = 0;
  uint64_t pinned = 0;
  uint64_t native_bytes = 0;  // of all their artifacts
  uint64_t packs = 0;         // that backups need or may need
  uint64_t stored_bytes = 0;  // of these
  uint64_t doomed_packs = 0;  // given up, not deleted yet
  uint64_t doomed_bytes = 0;
  uint64_t records = 0;  // the number of the newest
  Sha256Digest head{};   // its hash
  uint64_t floor = 0;
  std::optional<Instant> verified{};  // when a backup was verified last, in whatever way
};

// Damaged commits count as backups of no bytes.
Result<RepositorySummary> summarize(const PackedRepository& repository,
                                    const Cancellation& cancellation = {});

}  // namespace summit::repository::packed
