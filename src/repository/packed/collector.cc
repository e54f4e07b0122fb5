#include "repository/packed/collector.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "repository/packed/live_chunks.h"
#include "repository/packed/log_record.h"
#include "repository/packed/published_view.h"
#include "repository/packed/repacker.h"

namespace summit::repository::packed {
namespace {

constexpr uint64_t kRecordsBetweenCheckpoints = 16;
// No single object takes a day to upload.
constexpr std::chrono::hours kUploadAge{24};

std::vector<std::string> removable(const RepositoryState& state, const std::vector<std::string>& ids) {
  std::vector<std::string> live;
  for (const auto& id : std::set(ids.begin(), ids.end())) {
    const LiveBackup* backup = state.find(id);
    if (backup != nullptr && !backup->pin) live.push_back(id);
  }
  return live;
}

std::vector<StoredPack> unreferenced(const RepositoryState& state) {
  std::vector<StoredPack> packs;
  state.visit_known([&](const RepositoryState::KnownPack& known) {
    if (known.backups == 0) packs.push_back(known.pack);
  });
  return packs;
}

// An object that a lock protects stays until the lock ends.
bool is_locked(Code code) { return code == Code::kDenied || code == Code::kRefused; }

class Collection {
 public:
  Collection(storage::ObjectStore& store, const Keyring& keyring, CommitLog& log,
             const CollectOptions& options, Reporter& reporter, const Cancellation& cancellation)
      : store_(store),
        keyring_(keyring),
        log_(log),
        options_(options),
        reporter_(reporter),
        cancellation_(cancellation) {}

  Result<CollectReport> run() {
    RETURN_IF_ERROR(log_.refresh(cancellation_));
    begin_ = log_.state().number();
    RETURN_IF_ERROR(remove_backups(), "while removing backups");
    RETURN_IF_ERROR(tombstone_unreferenced(), "while giving up packs");
    if (options_.repack_below > 0) RETURN_IF_ERROR(repack(log_.state(), false), "while rewriting packs");
    RETURN_IF_ERROR(raise_floor(), "while raising the floor");
    RETURN_IF_ERROR(delete_packs(), "while deleting packs");
    RETURN_IF_ERROR(record_collected(), "while noting what was deleted");
    RETURN_IF_ERROR(compact(), "while compacting the log");
    return std::move(report_);
  }

  Result<CollectReport> rehearse() {
    RETURN_IF_ERROR(log_.refresh(cancellation_));
    RepositoryState state = log_.state();
    begin_ = state.number();
    report_.removed = removable(state, options_.give_up);
    if (!report_.removed.empty())
      RETURN_IF_ERROR(state.apply({RemoveEvent{report_.removed, options_.reason}}, {}));
    for (const auto& pack : unreferenced(state)) {
      ++report_.tombstoned_packs;
      report_.tombstoned_bytes += pack.size;
    }
    if (options_.repack_below > 0) RETURN_IF_ERROR(repack(state, true));
    ASSIGN_OR_RETURN(old_record_, newest_old_record());
    ASSIGN_OR_RETURN(const auto doomed, deletable(std::max(state.floor(), std::min(old_record_, begin_))));
    for (const auto& pack : doomed) count_deleted(pack);
    return std::move(report_);
  }

 private:
  struct Doomed {
    PackName name;
    uint64_t size = 0;
    bool orphan = false;
  };

  // --- Backups and packs that are given up ---

  Result<void> remove_backups() {
    // The views first: while the log has a backup its view can be made again; the other way round a view
    // would show what is no backup.
    for (const auto& id : removable(log_.state(), options_.give_up))
      RETURN_IF_ERROR(unpublish_backup(store_, id));
    std::vector<std::string> removed;
    RETURN_IF_ERROR(log_.append(
        [&](const RepositoryState& state) -> Result<std::vector<Event>> {
          removed = removable(state, options_.give_up);
          if (removed.empty()) return std::vector<Event>{};
          return std::vector<Event>{RemoveEvent{removed, options_.reason}};
        },
        cancellation_));
    report_.removed = std::move(removed);
    return {};
  }

  Result<void> tombstone_unreferenced() {
    std::vector<StoredPack> packs;
    RETURN_IF_ERROR(log_.append(
        [&](const RepositoryState& state) -> Result<std::vector<Event>> {
          packs = unreferenced(state);
          TombstoneEvent event;
          for (const auto& pack : packs) event.packs.push_back(pack.name);
          if (packs.empty()) return std::vector<Event>{};
          return std::vector<Event>{std::move(event)};
        },
        cancellation_));
    report_.tombstoned_packs = packs.size();
    for (const auto& pack : packs) report_.tombstoned_bytes += pack.size;
    return {};
  }

  // --- Packs that are mostly dead ---

  // Nothing, with a warning, when a manifest cannot be read: what is alive is not known then.
  Result<std::optional<LiveChunks>> mark(const RepositoryState& state) {
    const auto phase = reporter_.phase("repository", "finding live chunks", "backups");
    phase->set_total(state.backups().size());
    LiveChunkMarker marker(store_, keyring_, state);
    for (const auto& [id, live] : state.backups()) {
      RETURN_IF_ERROR(cancellation_.check());
      auto commit = log_.read_commit(id, cancellation_);
      auto marked = commit.ok() ? marker.mark(*commit, cancellation_) : Result<void>(commit.error());
      if (!marked.ok() && is_damage(marked.error())) {
        report_.warnings.push_back(fmt::format("no pack was rewritten: {}", marked.error().message()));
        return std::optional<LiveChunks>();
      }
      RETURN_IF_ERROR(std::move(marked));
      phase->advance(1);
    }
    return std::optional(marker.finish());
  }

  static bool is_damage(const Error& error) {
    return error.code() == Code::kCorrupt || error.code() == Code::kNotFound;
  }

  Result<void> repack(const RepositoryState& state, bool rehearsal) {
    const uint64_t marked_at = state.number();
    ASSIGN_OR_RETURN(const auto live, mark(state));
    if (!live) return {};
    std::vector<StoredPack> sources;
    uint64_t total = 0;
    state.visit_known([&](const RepositoryState::KnownPack& known) {
      const PackLiveness* liveness = live->find(known.pack.name);
      if (known.backups == 0 || liveness == nullptr) return;
      if (static_cast<double>(liveness->live_bytes) >=
          options_.repack_below * static_cast<double>(known.pack.size))
        return;
      sources.push_back(known.pack);
      total += known.pack.size;
      if (!rehearsal) return;
      ++report_.repacked_packs;
      report_.repacked_bytes += known.pack.size;
      report_.rewritten_bytes += liveness->live_bytes;
    });
    if (rehearsal || sources.empty()) return {};
    return rewrite(sources, *live, marked_at, total);
  }

  Result<void> rewrite(const std::vector<StoredPack>& sources, const LiveChunks& live, uint64_t marked_at,
                       uint64_t total) {
    const auto phase = reporter_.phase("repository", "rewriting packs");
    phase->set_total(total);
    std::map<PackName, uint64_t> sizes;
    for (const auto& source : sources) sizes[source.name] = source.size;
    ASSIGN_OR_RETURN(auto repacker, Repacker::create(store_, keyring_, marked_at,
                                                     [&](std::vector<RelocateEvent> relocations) {
                                                       return relocate(std::move(relocations), sizes);
                                                     }));
    for (const auto& source : sources) {
      RETURN_IF_ERROR(cancellation_.check());
      const auto added = repacker->add(source, live.find(source.name)->filter, cancellation_);
      if (!added.ok() && !is_damage(added.error())) return added.error();
      if (!added.ok()) {
        report_.warnings.push_back(
            fmt::format("pack {} stays: {}", source.name.to_string(), added.error().message()));
      }
      phase->advance(source.size);
    }
    RETURN_IF_ERROR(repacker->finish(cancellation_));
    report_.rewritten_bytes = repacker->bytes_written();
    return publish_relocated();
  }

  // What was referenced anew since it was marked stays where it is, this time.
  Result<void> relocate(std::vector<RelocateEvent> relocations, const std::map<PackName, uint64_t>& sizes) {
    std::vector<Event> allowed;
    RETURN_IF_ERROR(log_.append(
        [&](const RepositoryState& state) -> Result<std::vector<Event>> {
          allowed.clear();
          for (const auto& relocation : relocations) {
            if (state.check({relocation}).ok()) allowed.emplace_back(relocation);
          }
          return allowed;
        },
        cancellation_));
    for (const Event& event : allowed) {
      ++report_.repacked_packs;
      report_.repacked_bytes += sizes.at(std::get<RelocateEvent>(event).from);
    }
    relocated_ = relocated_ || !allowed.empty();
    return {};
  }

  // CHECKSUMS lists the packs that a backup needs now.
  Result<void> publish_relocated() {
    if (!relocated_) return {};
    for (const auto& [id, live] : log_.state().backups()) {
      const auto commit = log_.read_commit(id, cancellation_);
      if (!commit.ok() && !is_damage(commit.error())) return commit.error();
      if (!commit.ok()) {
        report_.warnings.push_back(commit.error().message());
        continue;
      }
      const auto metadata = metadata_from_json(commit->metadata);
      if (!metadata.ok()) {
        report_.warnings.push_back(
            fmt::format("the view of {} was not renewed: {}", id, metadata.error().message()));
        continue;
      }
      RETURN_IF_ERROR(publish_backup(store_, *metadata, log_.state().packs_of(id)));
    }
    return {};
  }

  // --- Deletion ---

  // The newest record that is older than the grace time; 0 when none is. Ages are differences of the
  // storage's own times, so it does not matter what any other clock shows.
  Result<uint64_t> newest_old_record() {
    std::vector<std::pair<uint64_t, Instant>> records;
    Instant newest = Instant::min();
    RETURN_IF_ERROR(store_.list(
        kLogPrefix, "",
        [&](const storage::ObjectInfo& info) -> Result<bool> {
          const auto number = number_of_key(kLogPrefix, info.key);
          if (!number) return true;
          newest = std::max(newest, info.modified);
          // A void is as young as its compaction; the records before it do not matter when one after it is
          // old enough.
          if (info.size > kVoidSize) records.emplace_back(*number, info.modified);
          return true;
        },
        cancellation_));
    for (auto record = records.rbegin(); record != records.rend(); ++record) {
      if (record->second <= newest - options_.grace) return record->first;
    }
    return uint64_t{0};
  }

  Result<void> raise_floor() {
    // A record of our own tells what the storage's time is now.
    if (log_.state().number() == begin_ && begin_ != 0) {
      RETURN_IF_ERROR(log_.append(
          [](const RepositoryState& state) -> Result<std::vector<Event>> {
            return std::vector<Event>{FloorEvent{state.floor()}};
          },
          cancellation_));
    }
    ASSIGN_OR_RETURN(old_record_, newest_old_record());
    RETURN_IF_ERROR(log_.append(
        [&](const RepositoryState& state) -> Result<std::vector<Event>> {
          const uint64_t floor = std::min(old_record_, state.number());
          if (floor <= state.floor()) return std::vector<Event>{};
          return std::vector<Event>{FloorEvent{floor}};
        },
        cancellation_));
    return {};
  }

  // By the log as it was read last: what may go then may go for ever.
  Result<std::vector<Doomed>> deletable(uint64_t floor) {
    const RepositoryState& state = log_.state();
    std::vector<Doomed> doomed;
    state.visit_tombstones([&](const RepositoryState::Tombstone& tombstone) {
      // Those who read a backup since before the tombstone may still be at it.
      if (tombstone.record > begin_ || tombstone.record > old_record_) return;
      doomed.push_back({.name = tombstone.pack, .size = tombstone.size, .orphan = false});
    });
    RETURN_IF_ERROR(store_.list(
        kPacksPrefix, "",
        [&](const storage::ObjectInfo& info) -> Result<bool> {
          const auto name = PackName::from_key(info.key);
          if (name && name->epoch < floor && state.status(*name) == PackStatus::kUnknown)
            doomed.push_back({.name = *name, .size = info.size, .orphan = true});
          return true;
        },
        cancellation_));
    return doomed;
  }

  void count_deleted(const Doomed& pack) {
    ++report_.deleted_packs;
    report_.deleted_bytes += pack.size;
    report_.orphans += pack.orphan ? 1 : 0;
  }

  Result<void> delete_packs() {
    RETURN_IF_ERROR(log_.refresh(cancellation_));
    ASSIGN_OR_RETURN(const auto doomed, deletable(log_.state().floor()));
    const auto phase = reporter_.phase("repository", "deleting packs", "packs");
    phase->set_total(doomed.size());
    for (const auto& pack : doomed) {
      RETURN_IF_ERROR(cancellation_.check());
      const auto removed = store_.remove(pack.name.key(), cancellation_);
      phase->advance(1);
      if (!removed.ok() && is_locked(removed.error().code())) {
        if (report_.locked_packs++ == 0) report_.warnings.push_back(removed.error().message());
        continue;
      }
      RETURN_IF_ERROR(removed);
      count_deleted(pack);
      if (!pack.orphan) deleted_.insert(pack.name);
    }
    RETURN_IF_ERROR(
        store_.remove_leftovers(std::max<std::chrono::seconds>(options_.grace, kUploadAge), cancellation_));
    return {};
  }

  Result<void> record_collected() {
    RETURN_IF_ERROR(log_.append(
        [&](const RepositoryState& state) -> Result<std::vector<Event>> {
          CollectedEvent event;
          state.visit_tombstones([&](const RepositoryState::Tombstone& tombstone) {
            if (deleted_.contains(tombstone.pack) && tombstone.pack.epoch < state.floor())
              event.packs.push_back(tombstone.pack);
          });
          if (event.packs.empty()) return std::vector<Event>{};
          return std::vector<Event>{std::move(event)};
        },
        cancellation_));
    return {};
  }

  Result<void> compact() {
    RETURN_IF_ERROR(log_.write_checkpoint(kRecordsBetweenCheckpoints, cancellation_));
    const auto done = log_.compact(cancellation_);
    if (done.ok()) {
      report_.voided_records = done->records;
      return {};
    }
    if (!is_damage(done.error()) && !is_locked(done.error().code())) return done.error();
    report_.warnings.push_back(fmt::format("the log was not compacted: {}", done.error().message()));
    return {};
  }

  storage::ObjectStore& store_;
  const Keyring& keyring_;
  CommitLog& log_;
  const CollectOptions& options_;
  Reporter& reporter_;
  const Cancellation& cancellation_;

  CollectReport report_;
  uint64_t begin_ = 0;       // the last record when this run began
  uint64_t old_record_ = 0;  // the newest that is older than the grace time
  bool relocated_ = false;
  std::set<PackName> deleted_;  // that had a tombstone
};

}  // namespace

Result<CollectReport> collect(storage::ObjectStore& store, const Keyring& keyring, CommitLog& log,
                              const CollectOptions& options, Reporter& reporter,
                              const Cancellation& cancellation) {
  Collection collection(store, keyring, log, options, reporter, cancellation);
  return options.dry_run ? collection.rehearse() : collection.run();
}

}  // namespace summit::repository::packed
