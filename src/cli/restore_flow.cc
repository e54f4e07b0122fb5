#include "cli/restore_flow.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "backup/identity.h"
#include "cli/show.h"
#include "recovery/guard.h"
#include "recovery/journal.h"
#include "recovery/runner.h"
#include "repository/backup_id.h"
#include "repository/place/open_repository.h"

namespace summit::cli {
namespace {

// Shows the plan; for production also the safety checklist, and waits for the confirmations.
Result<void> guard(const recovery::RestorePlan& plan, const repository::BackupRepository& repository,
                   recovery::Confirmation& confirmation, Session& session) {
  if (plan.environment->kind != config::EnvironmentClass::kProduction) return {};
  ASSIGN_OR_RETURN(const auto verified,
                   repository.verify(plan.backup->metadata().id, session.reporter(), session.cancellation()));
  const auto checklist = recovery::safety_checklist(plan, verified);
  session.reporter().info("safety checklist:");
  for (const auto& item : checklist) {
    using Item = recovery::ChecklistItem::State;
    const char* mark = item.state == Item::kHolds ? "[x]" : item.state == Item::kFails ? "[!]" : "[ ]";
    session.reporter().info(
        fmt::format("  {} {}{}{}", mark, item.text, item.detail.empty() ? "" : ": ", item.detail));
  }
  return recovery::confirm_restore(plan, checklist, confirmation, [&](const std::string& question) {
    return session.console().ask(question);
  });
}

Result<std::optional<config::EnvironmentMarker>> permit(const recovery::RestoreRequest& request,
                                                        const config::Environment& target, Session& session) {
  const auto identities = backup::read_identities(target, request.datastores, session.cancellation());
  ASSIGN_OR_RETURN(const auto warnings,
                   backup::check_identities(target, identities, backup::Purpose::kOverwrite));
  for (const auto& warning : warnings) session.reporter().warn(warning);
  return backup::marker_to_write(target, identities);
}

// Nothing when the data go in as they were backed up.
Result<std::optional<masking::Session>> masking_for(const recovery::RestoreRequest& request,
                                                    const config::Environment& target,
                                                    const repository::BackupMetadata& backup,
                                                    const config::Configuration& configuration) {
  ASSIGN_OR_RETURN(const bool masked, recovery::must_mask(backup, target, request.sanitize));
  if (!masked) return std::optional<masking::Session>();
  ASSIGN_OR_RETURN(auto session, masking::open_session(configuration, target,
                                                       backup.recovery_point.value_or(backup.started)));
  return std::optional(std::move(session));
}

// Listens to what `masking` replaces from now on.
Result<recovery::LeakCheck> leak_check_for(masking::Session& masking, const fs::path& base,
                                           const fs::path& workspace, Session& session) {
  recovery::LeakCheck check;
  check.base = base;
  ASSIGN_OR_RETURN(check.signing_key, session.signing_key());
  ASSIGN_OR_RETURN(check.log, masking::ReplacedLog::create(workspace));
  for (const auto& canary : masking.rules.canaries)
    RETURN_IF_ERROR(check.log->add_canary(canary.name, canary.text));
  masking.replaced = check.log.get();
  return check;
}

// The guards that need no server come before the first variable is missed or password read.
Result<config::Environment> target_of(const recovery::RestoreRequest& request,
                                      const RestoreFlowOptions& options, Session& session) {
  ASSIGN_OR_RETURN(const auto* declared, session.declared_environment(options.environment));
  // A restore of production is confirmed by the typed phrase, later; here only the host counts.
  RETURN_IF_ERROR(backup::check_production(*declared, true));
  if (options.no_safety_backup && declared->kind == config::EnvironmentClass::kProduction) {
    return Error(Code::kRefused, "a production restore always makes a safety backup first")
        .hint("leave --no-safety-backup out");
  }
  return session.environment(declared->name,
                             backup::endpoint_kinds(request.datastores, backup::Purpose::kOverwrite));
}

Error cancelled(const recovery::RestoreRecord& record) {
  const auto way_back = record.safety_backup.empty()
                            ? std::string()
                            : fmt::format(", or put back what was there: summit-dr rollback {}", record.id);
  return Error(Code::kCancelled, "{} was cancelled: `{}` may hold parts of both", record.id,
               record.environment)
      .hint(fmt::format("restore again: summit-dr restore {}{}", record.backup, way_back));
}

Result<ExitCode> show_plan(const recovery::RestorePlan& plan, Session& session) {
  session.console().print(cli::show(plan));
  session.console().emit("restore_plan", to_json(plan));
  return ExitCode::kOk;
}

// A target with a leak in it stays closed until somebody opens it on purpose. What a masked restore closed
// that did not come to its end, the next one opens.
Result<void> refuse_locked(const recovery::LockRecord& locked, const config::Environment& target,
                           bool masked) {
  if (locked.unfinished && masked) return {};
  if (locked.unfinished) {
    return Error(Code::kRefused, "`{}` is closed since {}: {} was not finished", target.name,
                 to_rfc3339(locked.since), locked.restore)
        .hint(fmt::format("run the masked restore again, or open it: `summit-dr mask unlock --env={}`",
                          target.name));
  }
  return Error(Code::kRefused, "`{}` is locked since {}: {} left {}", target.name, to_rfc3339(locked.since),
               locked.restore, locked.reason)
      .hint(
          fmt::format("mend the rules, cut the target off from others, then `summit-dr mask unlock --env={}`",
                      target.name));
}

// What a restore holds while it runs.
struct TargetAccess {
  fs::path base;                                    // of the backups; the journal is below it
  std::optional<recovery::RestoreJournal> journal;  // locks the base; none for a dry run
  std::optional<recovery::LockRecord> closed;       // by a masked restore that was killed
  std::vector<recovery::RedisPass> passes;          // into what is closed
};

// `target` says afterwards who we are there. Only who has the journal may touch what a restore closed.
Result<TargetAccess> access_target(const std::string& place, bool masked, bool dry_run,
                                   config::Environment& target, Session& session) {
  TargetAccess access;
  ASSIGN_OR_RETURN(access.base, restore_base(place, session));
  ASSIGN_OR_RETURN(access.closed, recovery::read_lock(access.base, target.name));
  if (access.closed || !dry_run) {
    ASSIGN_OR_RETURN(access.journal, recovery::RestoreJournal::open(access.base));
    ASSIGN_OR_RETURN(access.closed, recovery::read_lock(access.base, target.name));
  }
  if (!access.closed) return access;
  RETURN_IF_ERROR(refuse_locked(*access.closed, target, masked));
  ASSIGN_OR_RETURN(access.passes,
                   recovery::enter_closed(access.base, target, *access.closed, session.cancellation()));
  return access;
}

Result<void> warn_of_interrupted(const recovery::RestoreJournal& journal, Session& session) {
  ASSIGN_OR_RETURN(const auto interrupted, journal.interrupted());
  for (const auto& record : interrupted) {
    session.reporter().warn(
        fmt::format("{} of {} was interrupted: `{}` may hold parts of both until a restore of the same ends",
                    record.id, record.backup, record.environment));
  }
  return {};
}

}  // namespace

ExitCode exit_code_of(const recovery::RestoreOutcome& outcome) {
  if (outcome.leaks && !outcome.leaks->findings.empty()) return ExitCode::kLeakFound;
  if (outcome.leaks && outcome.leaks->failure) return ExitCode::kFailed;
  const auto refused =
      static_cast<size_t>(std::ranges::count(outcome.components, true, &recovery::ComponentOutcome::refused));
  if (outcome.failed() > 0)
    return outcome.failed() + refused == outcome.components.size() ? ExitCode::kFailed : ExitCode::kPartial;
  if (outcome.different() > 0) return ExitCode::kVerificationFailed;
  return outcome.shortfalls.empty() ? ExitCode::kOk : ExitCode::kPartial;
}

void define_restore_options(OptionSet& options, RestoreFlowOptions& target) {
  options.option("--env", target.environment, "the environment to overwrite",
                 {"RESTORE_ENV", "SUMMIT_DR_ENVIRONMENT"});
  options.option("--jobs", target.jobs, "connections and threads each store may use")
      ->check(CLI::Range(1, 64));
  options.option("--change", target.change, "reference of the approved change; needed for production");
  options.option("--confirm", target.confirm, "the typed phrase of a production restore, for automation");
  options.flag("--yes", target.yes, "answer yes to what only a person can know");
  options.flag("--dry-run", target.dry_run, "show the plan and stop");
  options.flag("--no-safety-backup", target.no_safety_backup,
               "do not save what is overwritten; refused for production");
  options.flag("--terminate-connections", target.terminate_connections,
               "end other sessions instead of refusing");
  options.flag(
      "--skip-failed-definitions", target.skip_failed_definitions,
      "leave out and name PostgreSQL indexes, constraints, triggers and rows of materialized views that "
      "the server refuses, instead of restoring nothing; ends as partial");
}

Result<ResolvedReference> resolve_reference(const std::string& reference, Session& session) {
  const auto parsed_or = repository::parse_reference(reference);
  const auto parsed = parsed_or.ok() ? *parsed_or : repository::BackupReference{};
  if (!parsed.base.empty() && fs::is_directory(fs::path(parsed.base) / parsed.id)) {
    ASSIGN_OR_RETURN(auto repository, open_repository(session, parsed.base));
    return ResolvedReference{std::move(repository), parsed.id};
  }
  ASSIGN_OR_RETURN(auto repository, open_repository(session));
  ASSIGN_OR_RETURN(const auto* configuration, session.configuration());
  std::vector<repository::EnvironmentNames> names;
  names.reserve(configuration->environments.size());
  for (const auto& environment : configuration->environments)
    names.push_back({environment.name, environment.aliases});
  ASSIGN_OR_RETURN(const auto latest, repository::resolve_latest(*repository, reference, names));
  if (!latest && !parsed_or.ok()) return parsed_or.error();
  if (!latest) return ResolvedReference{std::move(repository), parsed.id};
  if (!latest->passed_over.empty()) {
    session.reporter().info(fmt::format("`{}` is {}: {} is newer, and holds no database", reference,
                                        latest->id, latest->passed_over));
  }
  return ResolvedReference{std::move(repository), latest->id};
}

Result<ExitCode> run_restore_flow(recovery::RestoreRequest request, const RestoreFlowOptions& options,
                                  Session& session) {
  request.safety_backup = !options.no_safety_backup;
  request.terminate_connections = options.terminate_connections;
  request.jobs = options.jobs;
  request.databases.skip_failed_definitions = options.skip_failed_definitions;

  ASSIGN_OR_RETURN(auto target, target_of(request, options, session));
  // The safety checklist of production reads them.
  const bool production = target.kind == config::EnvironmentClass::kProduction;
  request.check_early = !options.dry_run && !production;
  ASSIGN_OR_RETURN(auto resolved, resolve_reference(request.reference, session));
  ASSIGN_OR_RETURN(const auto backup, resolved.repository->open(resolved.id));
  ASSIGN_OR_RETURN(const auto* configuration, session.configuration());
  ASSIGN_OR_RETURN(const auto key, session.sealing_key());
  ASSIGN_OR_RETURN(auto masking, masking_for(request, target, backup->metadata(), *configuration));
  const auto place = resolved.repository->describe();
  ASSIGN_OR_RETURN(auto access, access_target(place, masking.has_value(), options.dry_run, target, session));
  ASSIGN_OR_RETURN(const auto marker, permit(request, target, session));
  recovery::RestoreContext context{.configuration = *configuration,
                                   .environment = target,
                                   .backup = *backup,
                                   .reporter = session.reporter(),
                                   .cancellation = session.cancellation(),
                                   .sealing_key = key,
                                   .workspace = {},
                                   .jobs = options.jobs,
                                   .terminate_connections = options.terminate_connections,
                                   .databases = request.databases,
                                   .masking = masking ? &*masking : nullptr,
                                   .count_rows = options.dry_run};
  ASSIGN_OR_RETURN(auto plan, recovery::plan_restore(request, context));
  if (options.dry_run) return show_plan(plan, session);

  const auto& journal = *access.journal;
  ASSIGN_OR_RETURN(const auto workspace, journal.workspace());
  context.workspace = workspace.path();
  if (!session.console().quiet()) session.reporter().info(cli::show(plan));
  RETURN_IF_ERROR(warn_of_interrupted(journal, session));

  recovery::Confirmation confirmation{
      .phrase = options.confirm, .change_reference = options.change, .yes = options.yes};
  RETURN_IF_ERROR(guard(plan, *resolved.repository, confirmation, session));

  ASSIGN_OR_RETURN(const auto safety, repository_for(session, target.layout, place));
  recovery::RestoreServices services{.configuration = *configuration,
                                     .repository = *safety,
                                     .reporter = session.reporter(),
                                     .cancellation = session.cancellation(),
                                     .sealing_key = key,
                                     .marker = marker,
                                     .change_reference = confirmation.change_reference,
                                     .artifacts_checked = production};
  if (masking) {
    ASSIGN_OR_RETURN(services.leak_check, leak_check_for(*masking, access.base, workspace.path(), session));
    services.leak_check->unfinished = access.closed;
  }
  ASSIGN_OR_RETURN(const auto outcome, recovery::run_restore(plan, context, journal, services));
  session.console().print(cli::show(outcome));
  session.console().emit("restore", to_json(outcome));
  if (outcome.cancelled()) return cancelled(outcome.record);
  return exit_code_of(outcome);
}

}  // namespace summit::cli
