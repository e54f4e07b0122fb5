#include "repository/object_locks.h"

#include "core/task_group.h"

namespace summit::repository {
namespace {

constexpr size_t kParallelRequests = 8;

}  // namespace

std::vector<std::string> lock_objects(storage::ObjectStore& store, const std::vector<std::string>& keys,
                                      const LockTime& lock_time, const BackupMetadata& metadata) {
  if (!lock_time || !store.capabilities().object_lock) return {};
  const auto until = lock_time(metadata);
  if (!until) return {};
  const auto locked = parallel_for(keys.size(), kParallelRequests,
                                   [&](size_t index) { return store.lock_until(keys[index], *until); });
  if (locked.ok()) return {};
  return {fmt::format("not everything of {} is locked until {}: {}", metadata.id, to_rfc3339(*until),
                      locked.error().to_string())};
}

}  // namespace summit::repository
