#include "repository/packed/repair.h"

#include <map>
#include <set>

#include "repository/packed/log_record.h"
#include "repository/packed/proven_pack.h"

namespace summit::repository::packed {
namespace {

bool is_damage(const Error& error) {
  return error.code() == Code::kCorrupt || error.code() == Code::kNotFound;
}

Result<std::set<uint64_t>> numbers_below(storage::ObjectStore& store, std::string_view prefix,
                                         const Cancellation& cancellation) {
  std::set<uint64_t> numbers;
  const auto note = [&](const storage::ObjectInfo& object) -> Result<bool> {
    if (const auto number = number_of_key(prefix, object.key)) numbers.insert(*number);
    return true;
  };
  RETURN_IF_ERROR(store.list(prefix, "", note, cancellation));
  return numbers;
}

class LogRepair {
 public:
  LogRepair(const PackedRepository& repository, storage::ObjectStore& replica, bool dry_run,
            const Cancellation& cancellation)
      : repository_(repository),
        store_(repository.store()),
        replica_(replica),
        dry_run_(dry_run),
        cancellation_(cancellation) {}

  // Opens the log, mended if need be. Null in a dry run when it does not open.
  Result<std::unique_ptr<CommitLog>> run(std::vector<Repair>& repairs) {
    auto log = repository_.open_log(cancellation_);
    for (const auto prefix : {kLogPrefix, kCheckpointsPrefix}) {
      if (log.ok() || !is_damage(log.error())) return log;
      RETURN_IF_ERROR(mend(prefix, repairs), "while mending {}", prefix);
      if (!dry_run_) log = repository_.open_log(cancellation_);
    }
    if (dry_run_ && !repairs.empty()) return std::unique_ptr<CommitLog>();
    return log;
  }

 private:
  Result<void> mend(std::string_view prefix, std::vector<Repair>& repairs) {
    ASSIGN_OR_RETURN(const auto ours, numbers_below(store_, prefix, cancellation_));
    ASSIGN_OR_RETURN(const auto theirs, numbers_below(replica_, prefix, cancellation_));
    ASSIGN_OR_RETURN(const auto records, numbers_below(store_, kLogPrefix, cancellation_));
    std::set<uint64_t> all = ours;
    // Nothing beyond our own end: what follows it here is not known to be what followed it there.
    for (const auto number : theirs)
      if (!records.empty() && number <= *records.rbegin()) all.insert(number);
    for (const auto number : all) {
      RETURN_IF_ERROR(cancellation_.check());
      const auto key = prefix == kLogPrefix ? log_key(number) : checkpoint_key(number);
      const auto present = authentic(store_, key);
      if (present.ok()) continue;
      if (!is_damage(present.error())) return present.error();
      const bool missing = present.error().code() == Code::kNotFound;
      RETURN_IF_ERROR(mend_one(key, missing ? "missing" : present.error().message(), repairs));
    }
    return {};
  }

  Result<void> mend_one(const std::string& key, std::string problem, std::vector<Repair>& repairs) {
    Repair found{.object = key, .problem = std::move(problem), .mended = false};
    const auto good = authentic(replica_, key);
    if (!good.ok() && !is_damage(good.error())) return good.error();
    if (!good.ok()) {
      found.problem += fmt::format("; no help from the replica: {}", good.error().message());
    } else if (!dry_run_) {
      RETURN_IF_ERROR(store_.put(key, as_bytes(*good), {}, cancellation_));
      found.mended = true;
    }
    repairs.push_back(std::move(found));
    return {};
  }

  Result<std::string> authentic(storage::ObjectStore& store, const std::string& key) const {
    ASSIGN_OR_RETURN(auto content, storage::get_whole(store, key, storage::kMaxWholeObject, cancellation_));
    RETURN_IF_ERROR(open_log_object(repository_.keys().keyring, key, as_bytes(content)));
    return content;
  }

  const PackedRepository& repository_;
  storage::ObjectStore& store_;
  storage::ObjectStore& replica_;
  const bool dry_run_;
  const Cancellation& cancellation_;
};

std::map<PackName, StoredPack> needed_packs(const RepositoryState& state) {
  std::map<PackName, StoredPack> needed;
  for (const auto& [id, backup] : state.backups())
    for (const auto& pack : state.packs_of(id)) needed.emplace(pack.name, pack);
  return needed;
}

// What is wrong with a pack, mended if that is wanted and possible; nothing when it is good.
Result<std::optional<Repair>> repair_pack(storage::ObjectStore& store, storage::ObjectStore& replica,
                                          const StoredPack& pack, bool dry_run,
                                          const Cancellation& cancellation) {
  const auto key = pack.name.key();
  const auto present = proven_pack(store, pack, cancellation);
  if (present.ok()) return std::optional<Repair>();
  if (!is_damage(present.error())) return present.error();
  const bool missing = present.error().code() == Code::kNotFound;
  Repair found{.object = key, .problem = missing ? "missing" : present.error().message(), .mended = false};
  if (dry_run) return std::optional(std::move(found));
  const auto good = proven_pack(replica, pack, cancellation);
  if (!good.ok() && !is_damage(good.error())) return good.error();
  if (good.ok()) {
    RETURN_IF_ERROR(store.put(key, as_bytes(*good), {}, cancellation));
    found.mended = true;
  } else {
    found.problem += fmt::format("; no help from the replica: {}", good.error().message());
  }
  return std::optional(std::move(found));
}

}  // namespace

Result<std::vector<Repair>> repair(const PackedRepository& repository, storage::ObjectStore& replica,
                                   Reporter& reporter, const Cancellation& cancellation, bool dry_run) {
  std::vector<Repair> repairs;
  ASSIGN_OR_RETURN(const auto log, LogRepair(repository, replica, dry_run, cancellation).run(repairs));
  if (!log) return repairs;
  const auto needed = needed_packs(log->state());
  uint64_t total = 0;
  for (const auto& [name, pack] : needed) total += pack.size;
  const auto phase = reporter.phase("packs", "checking");
  phase->set_total(total);
  for (const auto& [name, pack] : needed) {
    ASSIGN_OR_RETURN(auto found, repair_pack(repository.store(), replica, pack, dry_run, cancellation));
    phase->advance(pack.size);
    if (found) repairs.push_back(*std::move(found));
  }
  if (dry_run) return repairs;
  for (const auto& [id, backup] : log->state().backups()) RETURN_IF_ERROR(repository.publish(id));
  return repairs;
}

}  // namespace summit::repository::packed
