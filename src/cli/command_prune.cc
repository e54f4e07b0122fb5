#include <nlohmann/json.hpp>

#include "backup/retention_policies.h"
#include "cli/command.h"
#include "cli/repositories.h"
#include "cli/show.h"
#include "core/bytes.h"
#include "repository/place/prune.h"

namespace summit::cli {
namespace {

using nlohmann::ordered_json;
using repository::packed::CollectReport;

ordered_json to_json(const repository::PruneDecision& decision) {
  return {{"id", decision.id},        {"environment", decision.environment},
          {"set", decision.set},      {"layout", decision.layout},
          {"bytes", decision.bytes},  {"keep", decision.keep},
          {"reason", decision.reason}};
}

ordered_json to_json(const CollectReport& report) {
  return {{"given_up", {{"packs", report.tombstoned_packs}, {"bytes", report.tombstoned_bytes}}},
          {"rewritten",
           {{"packs", report.repacked_packs},
            {"bytes", report.repacked_bytes},
            {"new_bytes", report.rewritten_bytes}}},
          {"deleted", {{"packs", report.deleted_packs}, {"bytes", report.deleted_bytes}}},
          {"orphans", report.orphans},
          {"locked_packs", report.locked_packs},
          {"voided_records", report.voided_records}};
}

std::string decision_table(const std::vector<repository::PruneDecision>& decisions) {
  std::vector<std::vector<std::string>> rows{{"ID", "SET", "ENVIRONMENT", "LAYOUT", "SIZE", "", "WHY"}};
  for (const auto& decision : decisions) {
    rows.push_back({decision.id, decision.set, decision.environment, decision.layout,
                    human_bytes(decision.bytes), decision.keep ? "keep" : "remove", decision.reason});
  }
  return table(rows);
}

std::string show(const CollectReport& report) {
  std::string text;
  const auto line = [&](uint64_t packs, uint64_t bytes, std::string_view what) {
    if (packs > 0) text += fmt::format("\n{} packs, {}: {}", packs, human_bytes(bytes), what);
  };
  line(report.tombstoned_packs, report.tombstoned_bytes,
       "no backup needs them; deleted by a run after the grace time");
  line(report.repacked_packs, report.repacked_bytes,
       fmt::format("mostly dead; rewritten as {}", human_bytes(report.rewritten_bytes)));
  line(report.deleted_packs, report.deleted_bytes, "deleted");
  return text;
}

class PruneCommand final : public Command {
 public:
  std::string name() const override { return "prune"; }
  std::string summary() const override {
    return "remove the backups that retention gives up, and their space";
  }
  std::string examples() const override {
    return "  summit-dr prune --dry-run\n"
           "  summit-dr prune --env=prod --set=full\n"
           "  summit-dr prune --keep-daily=7 --keep-weekly=5 --keep-monthly=12\n";
  }

  void define(OptionSet& options) override {
    options.option("--set", set_, "only backups of this set");
    options.option("--env", environment_, "only backups of this environment");
    options
        .option("--days", choice_.days, "keep those younger than so many days, whatever is configured",
                {"RETENTION_DAYS"})
        ->check(CLI::Range(1, 36500));
    auto& rules = choice_.rules;
    options.option("--keep-last", rules.last, "keep the newest so many, instead of what is configured");
    options.option("--keep-daily", rules.daily, "keep the newest of each of the last so many days");
    options.option("--keep-weekly", rules.weekly, "the same of weeks");
    options.option("--keep-monthly", rules.monthly, "the same of months");
    options.option("--keep-yearly", rules.yearly, "the same of years");
    options.option("--grace", grace_,
                   "how long a backup or restore may take before packs are deleted under it (default: 48 h)");
    options.option("--repack-below", repack_below_, "rewrite packs of which a smaller share is in use")
        ->check(CLI::Range(0.0, 1.0));
    options.flag("--dry-run", dry_run_, "say what would be removed, and why, and stop");
  }

  Result<ExitCode> run(Session& session) override {
    ASSIGN_OR_RETURN(const auto options, prune_options(session));
    ASSIGN_OR_RETURN(const auto repository, open_repository(session));
    ASSIGN_OR_RETURN(const auto plan, repository::plan_prune(*repository, options, session.cancellation()));
    show_plan(plan, session);
    return dry_run_ ? rehearse(*repository, plan, options, session)
                    : prune(*repository, plan, options, session);
  }

 private:
  Result<repository::PruneOptions> prune_options(Session& session) const {
    ASSIGN_OR_RETURN(const auto* configuration, session.configuration());
    repository::PruneOptions options;
    options.policy_of = backup::retention_policies(*configuration, choice_);
    options.repack_below = repack_below_;
    if (!grace_.empty()) {
      const auto grace = parse_duration(grace_);
      if (!grace)
        return Error(Code::kUsage, "--grace: \"{}\" is no duration", grace_).hint("--grace='48 hours'");
      options.grace = std::chrono::ceil<std::chrono::seconds>(*grace);
    }
    std::string environment = environment_;
    if (!environment_.empty()) {
      const auto known = configuration->environment(environment_);
      if (known.ok()) environment = (*known)->name;
    }
    options.considers = [set = set_, environment](const repository::BackupMetadata& metadata) {
      return (set.empty() || metadata.set == set) &&
             (environment.empty() || metadata.environment == environment);
    };
    return options;
  }

  static void show_plan(const repository::PrunePlan& plan, Session& session) {
    for (const auto& note : plan.notes) session.reporter().warn(note);
    for (const auto& decision : plan.decisions) session.console().emit("retention", to_json(decision));
    session.console().print(plan.decisions.empty() ? "no backup fits" : decision_table(plan.decisions));
  }

  static void finish(const std::vector<std::string>& removed, const repository::PruneReport& report,
                     bool dry_run, Session& session) {
    std::string text = fmt::format("\n{} {} backups", dry_run ? "would remove" : "removed", removed.size());
    if (!report.leftovers.empty())
      text += fmt::format("\nremoved what crashed runs left of {}", fmt::join(report.leftovers, ", "));
    if (report.collected) text += show(*report.collected);
    session.console().print(text);
    ordered_json body{{"dry_run", dry_run},
                      {"removed", removed},
                      {"leftovers", report.leftovers},
                      {"packs", nullptr},
                      {"warnings", report.warnings}};
    if (report.collected) body["packs"] = to_json(*report.collected);
    session.console().emit("prune", body);
  }

  static Result<ExitCode> rehearse(repository::CombinedRepository& repository,
                                   const repository::PrunePlan& plan, const repository::PruneOptions& options,
                                   Session& session) {
    repository::PruneReport report;
    ASSIGN_OR_RETURN(report.collected,
                     repository::rehearse_collection(repository, plan, options, session.reporter(),
                                                     session.cancellation()));
    std::vector<std::string> removed;
    for (const auto& decision : plan.decisions)
      if (!decision.keep) removed.push_back(decision.id);
    finish(removed, report, true, session);
    return ExitCode::kOk;
  }

  static Result<ExitCode> prune(repository::CombinedRepository& repository, const repository::PrunePlan& plan,
                                const repository::PruneOptions& options, Session& session) {
    ASSIGN_OR_RETURN(const auto report, repository::prune(repository, plan, options, session.reporter(),
                                                          session.cancellation()));
    finish(report.removed, report, false, session);
    for (const auto& warning : report.warnings) session.reporter().warn(warning);
    return report.warnings.empty() ? ExitCode::kOk : ExitCode::kPartial;
  }

  std::string set_;
  std::string environment_;
  backup::RetentionChoice choice_;
  std::string grace_;
  double repack_below_ = 0.5;
  bool dry_run_ = false;
};

}  // namespace

std::unique_ptr<Command> make_prune_command() { return std::make_unique<PruneCommand>(); }

}  // namespace summit::cli
