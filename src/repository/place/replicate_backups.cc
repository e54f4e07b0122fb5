#include "repository/place/replicate_backups.h"

#include <algorithm>
#include <map>

#include "repository/copy_backup.h"

namespace summit::repository {
namespace {

// Sizes of the packs at a place by key.
Result<std::map<std::string, uint64_t>> packs_at(storage::ObjectStore& store,
                                                 const Cancellation& cancellation) {
  std::map<std::string, uint64_t> packs;
  const auto note = [&](const storage::ObjectInfo& object) -> Result<bool> {
    packs[object.key] = object.size;
    return true;
  };
  RETURN_IF_ERROR(store.list(packed::kPacksPrefix, "", note, cancellation));
  return packs;
}

Result<void> plan_packs(const CombinedRepository& from, const CombinedRepository* to, ReplicationPlan& plan,
                        const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(const auto* const source, from.need_packed());
  ASSIGN_OR_RETURN(const auto log, source->open_log(cancellation));
  std::map<std::string, uint64_t> there;
  if (to != nullptr) {
    ASSIGN_OR_RETURN(there, packs_at(to->store(), cancellation));
  }
  plan.repository = true;
  log->state().visit_known([&](const packed::RepositoryState::KnownPack& known) {
    const auto found = there.find(known.pack.name.key());
    if (found != there.end() && found->second == known.pack.size) return;
    ++plan.packs;
    plan.pack_bytes += known.pack.size;
  });
  return {};
}

bool same_content(const BackupMetadata& a, const BackupMetadata& b) {
  const auto digests = [](const BackupMetadata& metadata) {
    std::map<std::string, std::string> by_name;
    for (const auto& component : metadata.components)
      for (const auto& artifact : component.artifacts) by_name[artifact.name] = artifact.sha256;
    return by_name;
  };
  return digests(a) == digests(b);
}

Result<std::map<std::string, BackupMetadata>> plain_backups_at(const CombinedRepository* to) {
  std::map<std::string, BackupMetadata> there;
  if (to == nullptr) return there;
  ASSIGN_OR_RETURN(const auto others, to->plain().list());
  for (const auto& other : others)
    if (other.metadata.layout != kPackedLayout) there.emplace(other.id, other.metadata);
  return there;
}

}  // namespace

Result<ReplicationPlan> plan_replication(const CombinedRepository& from, const CombinedRepository* to,
                                         const std::optional<std::string>& id,
                                         const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto backups, from.list());
  if (id) {
    ASSIGN_OR_RETURN(const auto reader, from.open(*id));
    const auto wanted = reader->metadata().id;
    std::erase_if(backups, [&](const BackupSummary& backup) { return backup.id != wanted; });
  }
  ASSIGN_OR_RETURN(const auto there, plain_backups_at(to));

  ReplicationPlan plan;
  bool packed = !id && from.packed() != nullptr;
  for (auto backup = backups.rbegin(); backup != backups.rend(); ++backup) {
    if (backup->metadata.layout == kPackedLayout) {
      packed = true;
      continue;
    }
    const auto other = there.find(backup->id);
    if (other == there.end()) {
      plan.copies.push_back(backup->id);
      plan.copy_bytes += backup->metadata.total_size();
    } else {
      auto& known = same_content(backup->metadata, other->second) ? plan.present : plan.conflicts;
      known.push_back(backup->id);
    }
  }
  if (packed) RETURN_IF_ERROR(plan_packs(from, to, plan, cancellation));
  return plan;
}

Result<ReplicatedBackups> replicate_backups(const CombinedRepository& from, CombinedRepository& to,
                                            const ReplicationPlan& plan, Reporter& reporter,
                                            const Cancellation& cancellation) {
  ReplicatedBackups done;
  if (plan.repository) {
    ASSIGN_OR_RETURN(const auto* const source, from.need_packed());
    ASSIGN_OR_RETURN(done.packed, packed::replicate(*source, to.store(), reporter, cancellation));
  }
  for (const auto& id : plan.copies) {
    RETURN_IF_ERROR(cancellation.check());
    ASSIGN_OR_RETURN(const auto backup, from.plain().open(id));
    RETURN_IF_ERROR(copy_backup(*backup, to.plain(), reporter, cancellation));
    done.copied.push_back(id);
  }
  return done;
}

}  // namespace summit::repository
