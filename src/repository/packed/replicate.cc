#include "repository/packed/replicate.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <set>

#include "core/task_group.h"
#include "repository/backup_id.h"
#include "repository/packed/log_record.h"
#include "repository/packed/proven_pack.h"
#include "repository/packed/published_view.h"
#include "repository/plain_layout.h"

namespace summit::repository::packed {
namespace {

// Packs are sent whole, so that their digests are compared before they are stored: this many in memory at a
// time.
constexpr size_t kPacksInFlight = 2;
constexpr uint64_t kLargestSlot = 1 * MiB;

using Numbers = std::map<uint64_t, uint64_t>;  // sizes of numbered objects

Result<Numbers> numbered_objects(storage::ObjectStore& store, std::string_view prefix) {
  Numbers numbers;
  RETURN_IF_ERROR(store.list(prefix, "", [&](const storage::ObjectInfo& object) -> Result<bool> {
    if (const auto number = number_of_key(prefix, object.key)) numbers[*number] = object.size;
    return true;
  }));
  return numbers;
}

class Replication {
 public:
  Replication(const PackedRepository& from, storage::ObjectStore& to, Reporter& reporter,
              const Cancellation& cancellation)
      : from_(from), source_(from.store()), to_(to), reporter_(reporter), cancellation_(cancellation) {}

  Result<ReplicationReport> run() {
    RETURN_IF_ERROR(copy_format());
    RETURN_IF_ERROR(
        to_.put(kReplicaKey, as_bytes(fmt::format("of {}\n", source_.describe())), {}, cancellation_));
    RETURN_IF_ERROR(copy_new_slots());
    ASSIGN_OR_RETURN(log_, from_.open_log(cancellation_));
    ASSIGN_OR_RETURN(source_records_, numbered_objects(source_, kLogPrefix));
    ASSIGN_OR_RETURN(records_, numbered_objects(to_, kLogPrefix));
    std::erase_if(source_records_, [&](const auto& record) { return record.first > log_->state().number(); });
    RETURN_IF_ERROR(check_history());
    RETURN_IF_ERROR(copy_packs());
    RETURN_IF_ERROR(copy_log());
    RETURN_IF_ERROR(remove_old_slots());
    RETURN_IF_ERROR(remove_given_up_packs());
    RETURN_IF_ERROR(publish_views());
    return report_;
  }

 private:
  // Whoever promoted the replica wants it to be left alone.
  Result<void> copy_format() {
    ASSIGN_OR_RETURN(const auto ours, storage::get_whole(source_, kFormatKey, KiB * 64, cancellation_));
    const auto theirs = storage::get_whole(to_, kFormatKey, KiB * 64, cancellation_);
    if (theirs.ok() && *theirs == ours) {
      ASSIGN_OR_RETURN(const auto replica, to_.head(kReplicaKey, cancellation_));
      ASSIGN_OR_RETURN(const auto records, numbered_objects(to_, kLogPrefix));
      if (!replica && !records.empty()) return gone_its_own_way();
      return {};
    }
    if (theirs.ok()) return other_repository();
    if (theirs.error().code() != Code::kNotFound) return theirs.error();
    return to_.put(kFormatKey, as_bytes(ours), {.condition = storage::Condition::kAbsent}, cancellation_);
  }

  Error other_repository() const {
    return Error(Code::kRefused, "{} holds another repository, not a replica of {}", to_.describe(),
                 source_.describe())
        .hint("choose an empty prefix, or copy single backups: summit-dr export");
  }

  static Result<std::set<std::string>> keys_below(storage::ObjectStore& store, std::string_view prefix) {
    std::set<std::string> keys;
    RETURN_IF_ERROR(store.list(prefix, "", [&](const storage::ObjectInfo& object) -> Result<bool> {
      keys.insert(object.key);
      return true;
    }));
    return keys;
  }

  Result<void> copy_object(const std::string& key) {
    ASSIGN_OR_RETURN(const auto content,
                     storage::get_whole(source_, key, storage::kMaxWholeObject, cancellation_));
    RETURN_IF_ERROR(to_.put(key, as_bytes(content), {}, cancellation_));
    report_.bytes += content.size();
    return {};
  }

  Result<void> copy_new_slots() {
    ASSIGN_OR_RETURN(const auto ours, keys_below(source_, kKeysPrefix));
    ASSIGN_OR_RETURN(const auto theirs, keys_below(to_, kKeysPrefix));
    for (const auto& key : ours)
      if (!theirs.contains(key)) RETURN_IF_ERROR(copy_object(key));
    return {};
  }

  // A key that was taken away opens the replica no more either: its slot is gone, or emptied.
  Result<void> remove_old_slots() {
    ASSIGN_OR_RETURN(const auto ours, keys_below(source_, kKeysPrefix));
    ASSIGN_OR_RETURN(const auto theirs, keys_below(to_, kKeysPrefix));
    for (const auto& key : theirs) {
      if (!ours.contains(key)) {
        RETURN_IF_ERROR(to_.remove(key, cancellation_));
        continue;
      }
      ASSIGN_OR_RETURN(const auto wanted, storage::get_whole(source_, key, kLargestSlot, cancellation_));
      ASSIGN_OR_RETURN(const auto present, storage::get_whole(to_, key, kLargestSlot, cancellation_));
      if (wanted != present) RETURN_IF_ERROR(to_.put(key, as_bytes(wanted), {}, cancellation_));
    }
    return {};
  }

  // The newest record that both have must be the same one: else somebody has written to the replica.
  Result<void> check_history() {
    if (records_.empty()) return {};
    const auto last = records_.rbegin()->first;
    if (last > log_->state().number()) return gone_its_own_way();
    for (auto common = records_.rbegin(); common != records_.rend(); ++common) {
      ASSIGN_OR_RETURN(const auto theirs, storage::get_whole(to_, log_key(common->first),
                                                             storage::kMaxWholeObject, cancellation_));
      ASSIGN_OR_RETURN(const auto ours, storage::get_whole(source_, log_key(common->first),
                                                           storage::kMaxWholeObject, cancellation_));
      const bool voided = ours.size() == kVoidSize || theirs.size() == kVoidSize;
      if (ours == theirs) return {};
      if (!voided) return gone_its_own_way();
    }
    return {};
  }

  Error gone_its_own_way() const {
    return Error(Code::kRefused, "the repository in {} has records that {} does not have", to_.describe(),
                 source_.describe())
        .hint("somebody backed up into the replica: replicate the other way, or into an empty prefix");
  }

  Result<void> copy_packs() {
    std::vector<StoredPack> missing;
    uint64_t total = 0;
    std::map<std::string, uint64_t> there;
    RETURN_IF_ERROR(to_.list(kPacksPrefix, "", [&](const storage::ObjectInfo& object) -> Result<bool> {
      there[object.key] = object.size;
      return true;
    }));
    log_->state().visit_known([&](const RepositoryState::KnownPack& known) {
      const auto found = there.find(known.pack.name.key());
      if (found != there.end() && found->second == known.pack.size) return;
      missing.push_back(known.pack);
      total += known.pack.size;
    });
    const auto phase = reporter_.phase("packs", fmt::format("copying to {}", to_.describe()));
    phase->set_total(total);
    return parallel_for(
        missing.size(), kPacksInFlight,
        [&](size_t index) -> Result<void> {
          const auto& pack = missing[index];
          ASSIGN_OR_RETURN(const auto content, proven_pack(source_, pack, cancellation_));
          RETURN_IF_ERROR(to_.put(pack.name.key(), as_bytes(content), {}, cancellation_));
          phase->advance(pack.size);
          const std::lock_guard lock(mutex_);
          ++report_.packs;
          report_.bytes += pack.size;
          return {};
        },
        cancellation_);
  }

  // The oldest missing record last: it is the one that readers of the replica wait for. Voids make no sense
  // to them without the checkpoints that stand for them, and a checkpoint none without the commits before it:
  // so the first void waits for both.
  Result<void> copy_log() {
    std::vector<uint64_t> missing;
    for (const auto& [number, size] : source_records_)
      if (!records_.contains(number)) missing.push_back(number);
    if (missing.empty()) return {};
    const auto first_void = std::ranges::find_if(
        missing, [&](uint64_t number) { return source_records_.at(number) == kVoidSize; });
    for (auto number = missing.rbegin(); number != missing.rend(); ++number)
      if (first_void == missing.end() || *number != *first_void)
        RETURN_IF_ERROR(copy_object(log_key(*number)));
    if (first_void != missing.end()) {
      RETURN_IF_ERROR(copy_checkpoints());
      RETURN_IF_ERROR(copy_object(log_key(*first_void)));
    }
    report_.records = missing.size();
    return {};
  }

  Result<void> copy_checkpoints() {
    ASSIGN_OR_RETURN(const auto ours, numbered_objects(source_, kCheckpointsPrefix));
    ASSIGN_OR_RETURN(const auto theirs, numbered_objects(to_, kCheckpointsPrefix));
    for (const auto& [number, size] : ours)
      if (!theirs.contains(number) && number <= log_->state().number())
        RETURN_IF_ERROR(copy_object(checkpoint_key(number)));
    for (const auto& [number, size] : theirs)
      if (!ours.empty() && number < ours.begin()->first)
        RETURN_IF_ERROR(to_.remove(checkpoint_key(number), cancellation_));
    return {};
  }

  // What may never be referenced again. Packs that a running writer may still commit are unknown and stay.
  Result<void> remove_given_up_packs() {
    ASSIGN_OR_RETURN(const auto keys, keys_below(to_, kPacksPrefix));
    for (const auto& key : keys) {
      const auto name = PackName::from_key(key);
      if (!name || log_->state().may_reference(*name)) continue;
      RETURN_IF_ERROR(to_.remove(key, cancellation_));
      ++report_.removed_packs;
    }
    return {};
  }

  Result<void> publish_views() {
    for (const auto& [id, backup] : log_->state().backups()) {
      ASSIGN_OR_RETURN(const auto commit, log_->read_commit(id, cancellation_));
      ASSIGN_OR_RETURN(const auto metadata, metadata_from_json(commit.metadata), "in the commit of {}", id);
      RETURN_IF_ERROR(publish_backup(to_, metadata, log_->state().packs_of(id)));
    }
    ASSIGN_OR_RETURN(const auto keys, keys_below(to_, "summit-backup-"));
    for (const auto& key : keys) {
      const auto id = key.substr(0, key.find('/'));
      if (key != fmt::format("{0}/{0}", id) || log_->state().find(id) != nullptr) continue;
      const auto text = storage::get_whole(to_, fmt::format("{}/{}", id, kMetadataFile),
                                           storage::kMaxWholeObject, cancellation_);
      const auto metadata = text.ok() ? metadata_from_json(*text) : Result<BackupMetadata>(text.error());
      if (metadata.ok() && metadata->layout == kPackedLayout) RETURN_IF_ERROR(unpublish_backup(to_, id));
    }
    return {};
  }

  const PackedRepository& from_;
  storage::ObjectStore& source_;
  storage::ObjectStore& to_;
  Reporter& reporter_;
  const Cancellation& cancellation_;
  std::unique_ptr<CommitLog> log_;
  Numbers source_records_;
  Numbers records_;
  std::mutex mutex_;  // guards the report while packs are copied
  ReplicationReport report_;
};

}  // namespace

Result<ReplicationReport> replicate(const PackedRepository& from, storage::ObjectStore& to,
                                    Reporter& reporter, const Cancellation& cancellation) {
  return Replication(from, to, reporter, cancellation).run();
}

}  // namespace summit::repository::packed
