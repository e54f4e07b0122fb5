// How the backups of each set grow, and what they take.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/time.h"

namespace summit::repository {

struct BackupUse {
  std::string id;
  std::string set;
  Instant started{};
  uint64_t native_bytes = 0;  // of its artifacts
  uint64_t added_bytes = 0;   // that it added to the storage of its set: all of them in the plain layout
};

struct SetGrowth {
  std::string set;
  std::vector<BackupUse> backups;  // oldest first
  uint64_t native_bytes = 0;       // of all its backups
  uint64_t stored_bytes = 0;       // that they take together
  // How much larger the newest is than the oldest, for each day between them; 0 with less than an hour
  // between them.
  double native_growth_per_day = 0;
  // What the backups behind the first added to the storage, for each day.
  double stored_growth_per_day = 0;

  // "5.2 times less than the native files": 1 when nothing is stored.
  double deduplication() const;
};

// By the sets' names.
std::vector<SetGrowth> growth_of_sets(std::vector<BackupUse> backups);

}  // namespace summit::repository
