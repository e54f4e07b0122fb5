// Locks of a backup's objects against deletion, where the storage has such a thing.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/time.h"
#include "repository/metadata.h"
#include "storage/object_store.h"

namespace summit::repository {

// Until when nobody may delete what this backup needs; nothing when it is not to be locked.
using LockTime = std::function<std::optional<Instant>(const BackupMetadata&)>;

// Extends the locks of these objects; those that are locked for longer stay so. Gives a line when some could
// not be locked. Nothing happens in a store without object lock, or when `lock_time` is empty or gives
// nothing.
std::vector<std::string> lock_objects(storage::ObjectStore& store, const std::vector<std::string>& keys,
                                      const LockTime& lock_time, const BackupMetadata& metadata);

}  // namespace summit::repository
