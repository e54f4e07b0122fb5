#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/repositories.h"
#include "cli/show.h"
#include "core/time.h"
#include "recovery/journal.h"
#include "repository/backup_id.h"

namespace summit::cli {
namespace {

class ListCommand final : public Command {
 public:
  std::string name() const override { return "list"; }
  std::string summary() const override { return "list backups, newest first"; }
  std::string examples() const override {
    return "  summit-dr list --set=full --today\n"
           "  BACKUP_ID=$(summit-dr list --latest)\n";
  }

  void define(OptionSet& options) override {
    options.option("--set", set_, "only backups of this set");
    options.option("--env", environment_, "only backups of this environment");
    options.flag("--today", today_, "only those begun today (UTC, as in their ids)");
    options.flag("--latest", latest_, "print the newest complete one's id and nothing else");
    options.flag("--restores", restores_, "list restores instead");
  }

  Result<ExitCode> run(Session& session) override {
    if (restores_) return list_restores(session);
    ASSIGN_OR_RETURN(const auto repository, open_repository(session));
    ASSIGN_OR_RETURN(auto backups, repository->list());
    std::erase_if(backups,
                  [this](const repository::BackupSummary& backup) { return !wanted(backup.metadata); });
    if (latest_) return print_latest(backups, session);
    ASSIGN_OR_RETURN(const auto standings, repository->standings(session.cancellation()));
    return print_all(backups, standings, session);
  }

 private:
  bool wanted(const repository::BackupMetadata& metadata) const {
    const bool from_today = to_compact(metadata.started).substr(0, 8) == to_compact(now()).substr(0, 8);
    return (set_.empty() || metadata.set == set_) &&
           (environment_.empty() || metadata.environment == environment_) && (!today_ || from_today);
  }

  // What a restore saved before it overwrote it is the latest only of its own set.
  Result<ExitCode> print_latest(const std::vector<repository::BackupSummary>& backups,
                                Session& session) const {
    const auto newest = std::find_if(backups.begin(), backups.end(), [this](const auto& backup) {
      return backup.metadata.status == repository::Status::kComplete &&
             (set_ == repository::kSafetySet || !repository::is_safety_backup(backup.id));
    });
    if (newest == backups.end())
      return Error(Code::kNotFound, "there is no complete backup that fits").hint("summit-dr list");
    session.console().print(newest->id);
    session.console().emit("latest", {{"id", newest->id}, {"location", newest->location.string()}});
    return ExitCode::kOk;
  }

  static std::string verified_text(const repository::Standing& standing) {
    if (standing.verified) return to_rfc3339(*standing.verified).substr(0, 10);
    if (!standing.last) return "-";
    if (standing.last->fraction == 0) return "damaged";
    return standing.last->level >= 2 ? "in part" : "stored bytes";
  }

  static nlohmann::ordered_json verified_json(const repository::Standing& standing) {
    if (!standing.verified) return nullptr;
    return to_rfc3339(*standing.verified);
  }

  static Result<ExitCode> print_all(const std::vector<repository::BackupSummary>& backups,
                                    const repository::Standings& standings, Session& session) {
    std::vector<std::vector<std::string>> rows{
        {"ID", "SET", "ENVIRONMENT", "STATUS", "SIZE", "RECOVERY POINT", "VERIFIED", "PINNED"}};
    for (const auto& backup : backups) {
      const auto& metadata = backup.metadata;
      const auto known = standings.find(backup.id);
      const auto standing = known == standings.end() ? repository::Standing{} : known->second;
      const auto point = to_rfc3339(metadata.recovery_point.value_or(metadata.started));
      rows.push_back({backup.id, metadata.set, metadata.environment, std::string(name_of(metadata.status)),
                      human_bytes(metadata.total_size()), point.substr(0, 19) + "Z", verified_text(standing),
                      standing.pin.value_or("")});
      session.console().emit("backup_summary", {{"id", backup.id},
                                                {"location", backup.location.string()},
                                                {"set", metadata.set},
                                                {"environment", metadata.environment},
                                                {"status", name_of(metadata.status)},
                                                {"bytes", metadata.total_size()},
                                                {"recovery_point", point},
                                                {"label", metadata.label},
                                                {"layout", metadata.layout},
                                                {"verified", verified_json(standing)},
                                                {"pinned", standing.pin.has_value()},
                                                {"pin_reason", standing.pin.value_or("")}});
    }
    session.console().print(backups.empty() ? "no backup fits" : table(rows));
    return ExitCode::kOk;
  }

  static Result<ExitCode> list_restores(Session& session) {
    ASSIGN_OR_RETURN(const auto base, session.backup_base());
    ASSIGN_OR_RETURN(const auto records, recovery::list_restores(base));
    std::vector<std::vector<std::string>> rows{{"RESTORE", "OF", "INTO", "STATE", "SAFETY BACKUP"}};
    for (const auto& record : records) {
      rows.push_back({record.id, record.backup, record.environment, std::string(name_of(record.state)),
                      record.safety_backup.empty() ? "-" : record.safety_backup});
      session.console().emit("restore_summary", {{"id", record.id},
                                                 {"backup", record.backup},
                                                 {"environment", record.environment},
                                                 {"state", name_of(record.state)},
                                                 {"safety_backup", record.safety_backup}});
    }
    session.console().print(records.empty() ? "no restore was made from here" : table(rows));
    return ExitCode::kOk;
  }

  std::string set_;
  std::string environment_;
  bool today_ = false;
  bool latest_ = false;
  bool restores_ = false;
};

}  // namespace

std::unique_ptr<Command> make_list_command() { return std::make_unique<ListCommand>(); }

}  // namespace summit::cli
