// Brings the backups of one place to another, each in its layout: packed ones by making the other place a
// replica of their repository, plain ones file by file.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "repository/packed/replicate.h"
#include "repository/place/combined_repository.h"

namespace summit::repository {

struct ReplicationPlan {
  bool repository = false;  // packed backups share packs: theirs is replicated as a whole
  uint64_t packs = 0;       // that the other place lacks
  uint64_t pack_bytes = 0;
  std::vector<std::string> copies;  // plain backups to copy, oldest first
  uint64_t copy_bytes = 0;
  std::vector<std::string> present;    // plain backups that are there
  std::vector<std::string> conflicts;  // ids under which the other place has another plain backup
};

// For one backup, or for all when `id` is nothing. `to` is null for a place that is not there yet. Changes
// nothing.
Result<ReplicationPlan> plan_replication(const CombinedRepository& from, const CombinedRepository* to,
                                         const std::optional<std::string>& id,
                                         const Cancellation& cancellation = {});

struct ReplicatedBackups {
  std::optional<packed::ReplicationReport> packed{};
  std::vector<std::string> copied;
};

// May be interrupted and begun again: what arrived whole is not sent again. Errors are those of
// packed::replicate() and copy_backup().
Result<ReplicatedBackups> replicate_backups(const CombinedRepository& from, CombinedRepository& to,
                                            const ReplicationPlan& plan, Reporter& reporter,
                                            const Cancellation& cancellation = {});

}  // namespace summit::repository
