#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/restore_flow.h"
#include "cli/show.h"
#include "core/time.h"
#include "repository/packed/backup_space.h"
#include "repository/set_growth.h"

namespace summit::cli {
namespace {

using nlohmann::ordered_json;
using repository::SetGrowth;

// What the log of a packed repository says of one backup.
struct Ledger {
  repository::packed::BackupSpace space;
  repository::packed::LiveBackup live;
};

std::string show(const repository::packed::Verification& verification) {
  // A fraction of zero takes an earlier proof back: damage was found since.
  if (verification.fraction <= 0)
    return fmt::format("level {}: damage was found at {}", verification.level, to_rfc3339(verification.at));
  return fmt::format("level {} of {:g} % at {}", verification.level, verification.fraction * 100,
                     to_rfc3339(verification.at));
}

std::string show(const Ledger& ledger, uint64_t native) {
  std::string text = fmt::format(
      "\n\nstored          {} in {} packs for {} of native files; {} of that only this backup needs",
      human_bytes(ledger.space.stored_bytes), ledger.space.packs, human_bytes(native),
      human_bytes(ledger.space.own_bytes));
  if (ledger.live.pin) text += fmt::format("\npinned          {}", *ledger.live.pin);
  if (ledger.live.verifications.empty()) text += "\nverified        never";
  for (const auto& verification : ledger.live.verifications)
    text += fmt::format("\nverified        {}", show(verification));
  return text;
}

ordered_json to_json(const Ledger& ledger) {
  ordered_json verifications = ordered_json::array();
  for (const auto& verification : ledger.live.verifications) {
    verifications.push_back({{"level", verification.level},
                             {"fraction", verification.fraction},
                             {"at", to_rfc3339(verification.at)}});
  }
  return {{"packs", ledger.space.packs},
          {"stored_bytes", ledger.space.stored_bytes},
          {"own_bytes", ledger.space.own_bytes},
          {"pin", ledger.live.pin ? ordered_json(*ledger.live.pin) : ordered_json()},
          {"verifications", verifications}};
}

// The same of a plain backup: its files are its storage, and only whole verifications are remembered.
std::string show(const repository::Standing& standing) {
  return fmt::format("\n{}\nverified        {}",
                     standing.pin ? "\npinned          " + *standing.pin : std::string(),
                     standing.verified ? to_rfc3339(*standing.verified) : "never");
}

ordered_json to_json(const repository::Standing& standing, uint64_t native) {
  ordered_json verifications = ordered_json::array();
  if (standing.verified)
    verifications.push_back({{"level", 2}, {"fraction", 1.0}, {"at", to_rfc3339(*standing.verified)}});
  return {{"stored_bytes", native},
          {"own_bytes", native},
          {"pin", standing.pin ? ordered_json(*standing.pin) : ordered_json()},
          {"verifications", verifications}};
}

// "+1.2 MiB/day", "-3 KiB/day"
std::string rate(double bytes_per_day) {
  return fmt::format("{}{}/day", bytes_per_day < 0 ? "-" : "+",
                     human_bytes(static_cast<uint64_t>(std::abs(bytes_per_day))));
}

std::string sets_table(const std::vector<SetGrowth>& sets) {
  std::vector<std::vector<std::string>> rows{
      {"SET", "BACKUPS", "NATIVE", "STORED", "RATIO", "NATIVE GROWTH", "STORED GROWTH"}};
  for (const auto& growth : sets) {
    rows.push_back({growth.set, std::to_string(growth.backups.size()), human_bytes(growth.native_bytes),
                    human_bytes(growth.stored_bytes), fmt::format("{:.1f}", growth.deduplication()),
                    rate(growth.native_growth_per_day), rate(growth.stored_growth_per_day)});
  }
  return table(rows);
}

std::string series_table(const SetGrowth& growth) {
  std::vector<std::vector<std::string>> rows{{"BACKUP", "STARTED", "NATIVE", "ADDED"}};
  for (const auto& backup : growth.backups) {
    rows.push_back({backup.id, to_rfc3339(backup.started).substr(0, 19) + "Z",
                    human_bytes(backup.native_bytes), human_bytes(backup.added_bytes)});
  }
  return table(rows);
}

ordered_json to_json(const SetGrowth& growth) {
  ordered_json backups = ordered_json::array();
  for (const auto& backup : growth.backups) {
    backups.push_back({{"id", backup.id},
                       {"started", to_rfc3339(backup.started)},
                       {"native_bytes", backup.native_bytes},
                       {"added_bytes", backup.added_bytes}});
  }
  return {{"set", growth.set},
          {"native_bytes", growth.native_bytes},
          {"stored_bytes", growth.stored_bytes},
          {"ratio", growth.deduplication()},
          {"native_growth_per_day", growth.native_growth_per_day},
          {"stored_growth_per_day", growth.stored_growth_per_day},
          {"backups", backups}};
}

// What packed backups of one set added, each after those before it.
void fill_added(std::vector<repository::BackupUse*> packed_of_set,
                const repository::packed::RepositoryState& state) {
  std::ranges::sort(packed_of_set, {}, &repository::BackupUse::started);
  std::vector<std::string> ids;
  ids.reserve(packed_of_set.size());
  for (const auto* use : packed_of_set) ids.push_back(use->id);
  const auto added = repository::packed::added_bytes(state, ids);
  for (size_t i = 0; i < added.size(); ++i) packed_of_set[i]->added_bytes = added[i];
}

class InfoCommand final : public Command {
 public:
  std::string name() const override { return "info"; }
  std::string summary() const override {
    return "show what a backup holds, how it was made and what it takes; or how the sets grow";
  }
  std::string examples() const override {
    return "  summit-dr info latest\n"
           "  summit-dr info latest --json | jq .metadata.components\n"
           "  summit-dr info --sets\n"
           "  summit-dr info --sets --set=full\n";
  }

  void define(OptionSet& options) override {
    auto* reference =
        options.positional("backup", reference_, "the backup's id or path, `latest`, or `<env>-latest`");
    options.flag("--sets", sets_, "size, deduplication and growth of each set instead")->excludes(reference);
    options.option("--set", set_, "with --sets: each backup of this set, oldest first");
  }

  Result<ExitCode> run(Session& session) override {
    if (sets_) return show_sets(session);
    if (!set_.empty())
      return Error(Code::kUsage, "--set chooses among the sets").hint("summit-dr info --sets --set=" + set_);
    ASSIGN_OR_RETURN(const auto resolved, resolve_reference(reference_, session));
    ASSIGN_OR_RETURN(const auto backup, resolved.repository->open(resolved.id));
    const auto& metadata = backup->metadata();
    const auto location = fs::path(resolved.repository->describe()) / metadata.id;
    ordered_json json{{"location", location.string()},
                      {"metadata", ordered_json::parse(repository::to_json(metadata))}};
    std::string stored;
    if (metadata.layout == "packed") {
      ASSIGN_OR_RETURN(const auto ledger, ledger_of(*resolved.repository, metadata.id, session));
      stored = show(ledger, metadata.total_size());
      json["storage"] = to_json(ledger);
    } else {
      ASSIGN_OR_RETURN(const auto standings, resolved.repository->standings(session.cancellation()));
      const auto found = standings.find(metadata.id);
      const auto standing = found == standings.end() ? repository::Standing() : found->second;
      stored = show(standing);
      json["storage"] = to_json(standing, metadata.total_size());
    }
    session.console().print(cli::show(metadata, location) + stored);
    session.console().emit("info", json);
    return ExitCode::kOk;
  }

 private:
  static Result<Ledger> ledger_of(const repository::CombinedRepository& repository, const std::string& id,
                                  Session& session) {
    ASSIGN_OR_RETURN(const auto* packed, repository.need_packed());
    ASSIGN_OR_RETURN(const auto log, packed->open_log(session.cancellation()));
    Ledger ledger;
    ASSIGN_OR_RETURN(ledger.space, space_of(log->state(), id));
    ledger.live = *log->state().find(id);
    return ledger;
  }

  Result<ExitCode> show_sets(Session& session) const {
    ASSIGN_OR_RETURN(const auto sets, read_sets(session));
    if (sets.empty()) {
      Error error(Code::kNotFound, "there is no backup{}", set_.empty() ? "" : " of set " + set_);
      return std::move(error).hint("summit-dr list");
    }
    std::string text = sets_table(sets);
    if (!set_.empty()) text += "\n\n" + series_table(sets.front());
    session.console().print(text);
    for (const auto& growth : sets) session.console().emit("set_growth", to_json(growth));
    return ExitCode::kOk;
  }

  Result<std::vector<SetGrowth>> read_sets(Session& session) const {
    ASSIGN_OR_RETURN(const auto repository, open_repository(session));
    ASSIGN_OR_RETURN(const auto summaries, repository->list());
    std::vector<repository::BackupUse> uses;
    uses.reserve(summaries.size());
    std::map<std::string, std::vector<repository::BackupUse*>> packed_by_set;
    for (const auto& summary : summaries) {
      const auto& metadata = summary.metadata;
      if (metadata.status == repository::Status::kFailed || (!set_.empty() && metadata.set != set_)) continue;
      const uint64_t native = metadata.total_size();
      uses.push_back({.id = summary.id,
                      .set = metadata.set,
                      .started = metadata.started,
                      .native_bytes = native,
                      .added_bytes = native});
      if (metadata.layout == "packed") packed_by_set[metadata.set].push_back(&uses.back());
    }
    if (!packed_by_set.empty()) {
      ASSIGN_OR_RETURN(const auto* packed, repository->need_packed());
      ASSIGN_OR_RETURN(const auto log, packed->open_log(session.cancellation()));
      for (auto& [set, packed_uses] : packed_by_set) fill_added(std::move(packed_uses), log->state());
    }
    return growth_of_sets(std::move(uses));
  }

  std::string reference_ = "latest";
  std::string set_;
  bool sets_ = false;
};

}  // namespace

std::unique_ptr<Command> make_info_command() { return std::make_unique<InfoCommand>(); }

}  // namespace summit::cli
