// How long backups are kept, as the configuration and the user say.
#pragma once

#include <cstdint>
#include <optional>

#include "config/configuration.h"
#include "repository/object_locks.h"
#include "repository/retention.h"

namespace summit::backup {

struct RetentionChoice {
  std::optional<uint32_t> days{};  // RETENTION_DAYS, --days: in the place of every configured age
  // Rules that count instead of the configured ages, when any is set (--keep-daily and so on).
  repository::RetentionPolicy rules{};
};

// Of each backup: by its set and environment, which may be called by an alias. One of an environment that is
// not configured stays, unless `choice` says otherwise. `configuration` outlives the result.
repository::PolicyOf retention_policies(const config::Configuration& configuration,
                                        const RetentionChoice& choice);

// How long what a backup needs is locked in a bucket with object lock: as long as its retention keeps it. Not
// at all when it is cleaned up by hand. `configuration` outlives the result.
repository::LockTime retention_lock(const config::Configuration& configuration,
                                    std::optional<uint32_t> days = {});

}  // namespace summit::backup
