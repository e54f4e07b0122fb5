#include "repository/place/prune.h"

#include <algorithm>

#include "repository/backup_id.h"
#include "repository/packed/published_view.h"
#include "repository/place/plain_ledger.h"
#include "repository/plain_layout.h"

namespace summit::repository {
namespace {

using packed::LiveBackup;
using LiveBackups = std::map<std::string, LiveBackup, std::less<>>;

constexpr std::string_view kIdPrefix = "summit-backup-";

// Which objects of the published views are there.
struct Views {
  std::set<std::string, std::less<>> begun;  // ids with any object
  std::set<std::string, std::less<>> whole;  // ids with all of them
};

Result<Views> read_views(storage::ObjectStore& store, const Cancellation& cancellation) {
  Views views;
  std::map<std::string, int> parts;
  const auto note = [&](const storage::ObjectInfo& object) -> Result<bool> {
    const auto slash = std::min(object.key.find('/'), object.key.size());
    const auto id = object.key.substr(0, slash);
    const auto name = slash < object.key.size() ? object.key.substr(slash + 1) : std::string();
    views.begun.insert(id);
    if (name == id || name == kMetadataFile || name == kChecksumsFile) ++parts[id];
    return true;
  };
  RETURN_IF_ERROR(store.list(kIdPrefix, "", note, cancellation), "while looking for published views");
  for (const auto& [id, count] : parts)
    if (count == 3) views.whole.insert(id);
  return views;
}

class Planner {
 public:
  Planner(const CombinedRepository& repository, const PruneOptions& options, const Cancellation& cancellation)
      : repository_(repository),
        options_(options),
        cancellation_(cancellation),
        is_local_(dynamic_cast<const PlainRepository*>(&repository.plain()) != nullptr) {}

  Result<PrunePlan> run() {
    ASSIGN_OR_RETURN(packed_, writable_packed());
    // In this order: what is noted of a backup, or published of it, is older than what is listed next.
    ASSIGN_OR_RETURN(standings_, repository_.standings(cancellation_));
    ASSIGN_OR_RETURN(views_, read_views(repository_.store(), cancellation_));
    ASSIGN_OR_RETURN(published_, repository_.plain().list());
    ASSIGN_OR_RETURN(auto summaries, repository_.list());
    if (packed_ != nullptr) {
      ASSIGN_OR_RETURN(live_, packed_->backups());
    }
    find_stale(summaries);
    std::erase_if(summaries, [&](const BackupSummary& summary) { return !is_ours(summary.metadata); });
    decide(summaries);
    if (packed_ != nullptr) mind_views();
    return std::move(plan_);
  }

 private:
  // Null when there is none, or a replica.
  Result<packed::PackedRepository*> writable_packed() {
    const auto packed = repository_.need_packed();
    if (!packed.ok() && packed.error().code() == Code::kRepositoryMissing)
      return static_cast<packed::PackedRepository*>(nullptr);
    RETURN_IF_ERROR(packed);
    if (!(*packed)->is_replica()) return *packed;
    plan_.notes.push_back(fmt::format("{} is a replica: its packed backups go when those that it follows do",
                                      repository_.describe()));
    return static_cast<packed::PackedRepository*>(nullptr);
  }

  bool is_ours(const BackupMetadata& metadata) const {
    if (metadata.layout == kPackedLayout && packed_ == nullptr) return false;
    return !options_.considers || options_.considers(metadata);
  }

  // What is left of backups that are gone.
  void find_stale(const std::vector<BackupSummary>& summaries) {
    std::set<std::string> plain;
    for (const auto& summary : summaries)
      if (summary.metadata.layout != kPackedLayout) plain.insert(summary.id);
    for (const auto& [id, standing] : standings_)
      if (!plain.contains(id) && !live_.contains(id)) plan_.ledger_entries.insert(id);
    if (packed_ == nullptr) return;
    for (const auto& view : published_)
      if (view.metadata.layout == kPackedLayout && !live_.contains(view.id))
        plan_.views_to_drop.insert(view.id);
  }

  void decide(const std::vector<BackupSummary>& summaries) {
    std::vector<RetainedBackup> backups;
    for (const auto& summary : summaries) {
      const auto& metadata = summary.metadata;
      const auto standing = standings_.find(summary.id);
      const bool known = standing != standings_.end();
      backups.push_back({.id = summary.id,
                         .environment = metadata.environment,
                         .set = metadata.set,
                         .scope = metadata.scope,
                         .finished = metadata.finished,
                         .status = metadata.status,
                         .pinned = known && standing->second.pin.has_value(),
                         .verified = known && standing->second.verified.has_value()});
    }
    const auto decisions = decide_retention(backups, options_.policy_of, now());
    for (size_t index = 0; index < summaries.size(); ++index) {
      const auto& metadata = summaries[index].metadata;
      plan_.decisions.push_back({.id = decisions[index].id,
                                 .environment = metadata.environment,
                                 .set = metadata.set,
                                 .layout = metadata.layout,
                                 .bytes = metadata.total_size(),
                                 .finished = metadata.finished,
                                 .keep = decisions[index].keep,
                                 .reason = decisions[index].reason});
      if (decisions[index].newest_verified) newest_verified_.insert(decisions[index].id);
    }
  }

  void mind_views() {
    const auto gone = [&](const std::string& id) { return !views_.begun.contains(id); };
    const bool all_gone = std::ranges::all_of(live_, [&](const auto& backup) { return gone(backup.first); });
    if (all_gone && !live_.empty())
      plan_.notes.emplace_back("the directories of all packed backups were gone: they are made again");
    for (auto& decision : plan_.decisions) {
      if (!live_.contains(decision.id)) continue;
      const auto why_kept = all_gone ? "all views were gone" : reason_to_publish_again(decision);
      if (gone(decision.id) && why_kept.empty()) {
        decision.keep = false;
        decision.reason = "removed by hand: its directory is gone";
      } else if (decision.keep && !views_.whole.contains(decision.id)) {
        plan_.views_to_make.insert(decision.id);
      }
    }
  }

  // Why a backup without view is not one that somebody removed; empty when it is.
  std::string reason_to_publish_again(const PruneDecision& decision) const {
    const auto& backup = live_.at(decision.id);
    // There it is listings that err, and lifecycle rules that remove.
    if (!is_local_) return "in a bucket";
    if (backup.pin) return "pinned";
    if (newest_verified_.contains(decision.id)) return "newest verified";
    if (decision.finished > now() - options_.grace) return "young";
    const auto is_newer = [&](const auto& other) { return other.second.record > backup.record; };
    return std::ranges::any_of(live_, is_newer) ? "" : "committed last";
  }

  const CombinedRepository& repository_;
  const PruneOptions& options_;
  const Cancellation& cancellation_;
  const bool is_local_;
  packed::PackedRepository* packed_ = nullptr;
  Standings standings_;
  Views views_;
  std::vector<BackupSummary> published_;
  LiveBackups live_;
  std::set<std::string> newest_verified_;
  PrunePlan plan_;
};

packed::CollectOptions collect_options(const PrunePlan& plan, const PruneOptions& options, bool dry_run) {
  packed::CollectOptions collect{.give_up = {},
                                 .reason = "retention",
                                 .grace = options.grace,
                                 .repack_below = options.repack_below,
                                 .dry_run = dry_run};
  for (const auto& decision : plan.decisions)
    if (!decision.keep && decision.layout == kPackedLayout) collect.give_up.push_back(decision.id);
  return collect;
}

Result<std::optional<packed::CollectReport>> collect_packs(CombinedRepository& repository,
                                                           const packed::CollectOptions& options,
                                                           Reporter& reporter,
                                                           const Cancellation& cancellation) {
  const auto* packed = repository.packed();
  if (packed == nullptr || packed->is_replica()) return std::optional<packed::CollectReport>();
  ASSIGN_OR_RETURN(const auto log, packed->open_log(cancellation));
  ASSIGN_OR_RETURN(auto report, packed::collect(repository.store(), packed->keys().keyring, *log, options,
                                                reporter, cancellation));
  return std::optional(std::move(report));
}

// What another one does meanwhile, or a lock forbids, is no reason to leave the rest.
bool can_wait(Code code) { return code == Code::kBusy || code == Code::kDenied || code == Code::kRefused; }

Result<void> remove_plain(CombinedRepository& repository, const PrunePlan& plan, PruneReport& report,
                          const Cancellation& cancellation) {
  for (const auto& decision : plan.decisions) {
    if (decision.keep || decision.layout == kPackedLayout) continue;
    RETURN_IF_ERROR(cancellation.check());
    const auto removed = repository.remove(decision.id);
    if (!removed.ok() && !can_wait(removed.error().code())) return removed;
    if (removed.ok()) {
      report.removed.push_back(decision.id);
    } else {
      report.warnings.push_back(fmt::format("{} stays: {}", decision.id, removed.error().message()));
    }
  }
  return {};
}

Result<void> tidy(CombinedRepository& repository, const PrunePlan& plan, PruneReport& report) {
  PlainLedger ledger(repository.store());
  for (const auto& id : plan.ledger_entries) RETURN_IF_ERROR(ledger.forget(id));
  ASSIGN_OR_RETURN(report.leftovers, repository.remove_leftovers());
  for (const auto& id : plan.views_to_drop) RETURN_IF_ERROR(packed::unpublish_backup(repository.store(), id));
  for (const auto& id : plan.views_to_make) {
    const auto published = repository.packed()->publish(id);
    // A damaged commit has no view, and is seen in the list.
    if (!published.ok() && published.error().code() != Code::kCorrupt &&
        published.error().code() != Code::kNotFound)
      return published;
    if (!published.ok())
      report.warnings.push_back(
          fmt::format("the directory of {} was not made again: {}", id, published.error().message()));
  }
  return {};
}

}  // namespace

Result<PrunePlan> plan_prune(const CombinedRepository& repository, const PruneOptions& options,
                             const Cancellation& cancellation) {
  return Planner(repository, options, cancellation).run();
}

Result<PruneReport> prune(CombinedRepository& repository, const PrunePlan& plan, const PruneOptions& options,
                          Reporter& reporter, const Cancellation& cancellation) {
  PruneReport report;
  RETURN_IF_ERROR(remove_plain(repository, plan, report, cancellation));
  RETURN_IF_ERROR(tidy(repository, plan, report), "while tidying up {}", repository.describe());
  ASSIGN_OR_RETURN(report.collected,
                   collect_packs(repository, collect_options(plan, options, false), reporter, cancellation));
  if (report.collected) {
    const auto& removed = report.collected->removed;
    report.removed.insert(report.removed.end(), removed.begin(), removed.end());
    const auto& undone = report.collected->warnings;
    report.warnings.insert(report.warnings.end(), undone.begin(), undone.end());
  }
  if (const auto* local = dynamic_cast<const PlainRepository*>(&repository.plain())) {
    const auto problems = publish_newest(local->base());
    report.warnings.insert(report.warnings.end(), problems.begin(), problems.end());
  }
  return report;
}

Result<std::optional<packed::CollectReport>> rehearse_collection(CombinedRepository& repository,
                                                                 const PrunePlan& plan,
                                                                 const PruneOptions& options,
                                                                 Reporter& reporter,
                                                                 const Cancellation& cancellation) {
  return collect_packs(repository, collect_options(plan, options, true), reporter, cancellation);
}

}  // namespace summit::repository
