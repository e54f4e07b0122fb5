#include "backup/runner.h"

#include <algorithm>
#include <atomic>

#include "backup/hooks.h"
#include "core/host.h"
#include "core/task_group.h"
#include "core/version.h"
#include "repository/backup_id.h"

namespace summit::backup {
namespace {

using repository::ComponentRecord;
using repository::Status;

// What became of one component so far. Written by one thread at a time.
struct Progress {
  PlannedComponent* planned = nullptr;
  ComponentRecord record;
  std::optional<Error> failure;
  Seconds worked{};  // in its own prepare, cut and transfer: neither hooks nor the wait for others

  bool alive() const { return planned->component != nullptr && !failure; }
};

template <typename Step>
auto timed(Progress& progress, const Step& step) {
  const Stopwatch watch;
  auto result = step();
  progress.worked += watch.elapsed();
  return result;
}

class Run {
 public:
  Run(BackupPlan& plan, CaptureContext context) : plan_(plan), context_(std::move(context)) {
    for (auto& planned : plan_.components) {
      Progress progress;
      progress.planned = &planned;
      progress_.push_back(std::move(progress));
    }
  }

  Result<void> execute() {
    RETURN_IF_ERROR(run_hooks(plan_.set->hooks.before, variables(), context_.reporter, context_.cancellation),
                    "before set {}", plan_.set->name);
    RETURN_IF_ERROR(run_hooks(hooks_of("all").before, variables(), context_.reporter, context_.cancellation),
                    "before the backup");

    each([](const Progress&) { return true; }, [this](Progress& progress) { return prepare(progress); });
    // What a server triggers in its own time is cut first; the immediate cuts follow within milliseconds of
    // its end, so that the skew is not the sum of the waits.
    each([](const Progress& p) { return p.planned->component->cut_kind() == CutKind::kTriggered; },
         [this](Progress& progress) { return cut(progress); });
    each([](const Progress& p) { return p.planned->component->cut_kind() == CutKind::kImmediate; },
         [this](Progress& progress) { return cut(progress); });
    each([](const Progress&) { return true; }, [this](Progress& progress) { return transfer(progress); });
    fail_what_lies_in_a_lost_archive();
    for (auto& progress : progress_) finish(progress);
    return context_.cancellation.check();
  }

  // After-hooks start what the before-hooks stopped: they run whatever happened, after a cancellation too
  // (each ends at its own time limit). Their failures come back as shortfalls.
  std::vector<std::string> run_after_hooks(Status status) {
    std::vector<std::string> shortfalls;
    auto shell_variables = variables();
    shell_variables["STATUS"] = std::string(name_of(status));
    for (const auto* hooks : {&hooks_of("all").after, &plan_.set->hooks.after}) {
      auto result = run_hooks(*hooks, shell_variables, context_.reporter, Cancellation());
      if (!result.ok()) shortfalls.push_back(result.error().to_string());
    }
    return shortfalls;
  }

  std::vector<Progress>& progress() { return progress_; }

  // Why nothing is to be kept: one component fell short of a plan that allows no gap, or nothing at all was
  // captured (then it is the first failure in the order of the plan).
  std::optional<Error> total_failure() const {
    if (plan_.all_or_nothing) {
      for (const auto& progress : progress_) {
        const auto& record = progress.record;
        if (record.status == Status::kFailed || record.status == Status::kPartial)
          return Error(progress.failure ? progress.failure->code() : Code::kFailed, "{}: {}", record.name,
                       record.reason)
              .hint(record.hint);
      }
    }
    std::optional<Error> first;
    for (const auto& progress : progress_) {
      if (!progress.record.artifacts.empty() || progress.record.status == Status::kComplete) return {};
      if (!first && progress.failure) first = progress.failure;
    }
    if (first) return first;
    return Error(Code::kNotFound, "nothing to back up: no component of set `{}` is there", plan_.set->name)
        .hint("summit-dr doctor");
  }

 private:
  // Runs `step` for every living component that `applies` to, all in parallel; failures stay with their
  // component.
  void each(const std::function<bool(const Progress&)>& applies,
            const std::function<Result<void>(Progress&)>& step) {
    TaskGroup group(context_.cancellation);
    for (auto& progress : progress_) {
      if (!progress.alive() || !applies(progress)) continue;
      group.spawn([&progress, &step]() -> Result<void> {
        auto result = step(progress);
        if (!result.ok()) progress.failure = std::move(result).error();
        return {};
      });
    }
    // Each task keeps its error with its component, so the group itself has none to give.
    auto joined = group.join();
    if (!joined.ok()) context_.reporter.detail(joined.error().message());
  }

  Result<void> prepare(Progress& progress) {
    auto shell_variables = variables();
    shell_variables["STORE"] = progress.planned->store;
    RETURN_IF_ERROR(run_hooks(hooks_of(progress.planned->store).before, shell_variables, context_.reporter,
                              context_.cancellation),
                    "before {}", progress.planned->name);
    return timed(progress, [&] { return progress.planned->component->prepare(context_); });
  }

  Result<void> cut(Progress& progress) {
    ASSIGN_OR_RETURN(progress.record.instant,
                     timed(progress, [&] { return progress.planned->component->cut(context_); }));
    return {};
  }

  Result<void> transfer(Progress& progress) {
    const auto instant = progress.record.instant;
    ASSIGN_OR_RETURN(progress.record,
                     timed(progress, [&] { return progress.planned->component->transfer(context_); }));
    if (!progress.record.instant) progress.record.instant = instant;
    return {};
  }

  // Hypertables are rows of the PostgreSQL archive: without that archive nothing of them is backed up.
  void fail_what_lies_in_a_lost_archive() {
    for (const auto& archive : progress_) {
      if (archive.planned->spec.kind != "postgresql" || !archive.failure) continue;
      for (auto& progress : progress_) {
        if (progress.planned->spec.kind != "timescaledb" || !progress.alive() ||
            progress.planned->store != archive.planned->store) {
          continue;
        }
        progress.failure =
            Error(archive.failure->code(), "its rows are in the archive of {}, which was not made",
                  archive.planned->name)
                .hint(archive.failure->hint());
      }
    }
  }

  // Releases what the component holds, runs its after-hooks, and fills the parts of the record that are the
  // runner's.
  void finish(Progress& progress) {
    auto& record = progress.record;
    const auto& planned = *progress.planned;
    record.name = planned.name;
    record.kind = planned.spec.kind;
    if (!planned.component) {
      record.status = Status::kAbsent;
      record.reason = planned.absent_reason;
      record.hint = planned.absent_hint;
      return;
    }
    record.duration_seconds = progress.worked.count();
    progress.planned->component.reset();
    auto shell_variables = variables();
    shell_variables["STORE"] = planned.store;
    shell_variables["STATUS"] = progress.failure ? "failed" : "complete";
    const auto hooks =
        run_hooks(hooks_of(planned.store).after, shell_variables, context_.reporter, Cancellation());
    if (progress.failure) {
      // Artifacts of a failed component are discarded by their sinks; what it had finished is not claimed,
      // nor its instant.
      record.status = Status::kFailed;
      record.instant.reset();
      record.reason = progress.failure->message();
      record.hint = progress.failure->hint();
    } else if (!hooks.ok()) {
      // Its data are whole, so they are kept; what the hook should have started again is not running.
      record.status = Status::kPartial;
      record.reason = fmt::format("after {}: {}", planned.name, hooks.error().message());
      record.hint = hooks.error().hint();
    } else if (record.status != Status::kAbsent && record.status != Status::kPartial) {
      record.status = Status::kComplete;
    }
  }

  const config::Hooks& hooks_of(const std::string& store) const {
    static const config::Hooks kNoHooks;
    const auto found = plan_.environment->backup_hooks.find(store);
    return found == plan_.environment->backup_hooks.end() ? kNoHooks : found->second;
  }

  HookVariables variables() const {
    return {{"ID", context_.writer.id()},
            {"SET", plan_.set->name},
            {"ENVIRONMENT", plan_.environment->name},
            {"STEP", "backup"}};
  }

  BackupPlan& plan_;
  CaptureContext context_;
  std::vector<Progress> progress_;
};

Status overall_status(const BackupPlan& plan, const std::vector<Progress>& all) {
  for (const auto& progress : all) {
    const auto status = progress.record.status;
    if (status == Status::kFailed || status == Status::kPartial) return Status::kPartial;
    if (status == Status::kAbsent && progress.planned->spec.required) return Status::kPartial;
  }
  return plan.components.empty() ? Status::kFailed : Status::kComplete;
}

// The components' common instant and how far apart they really are. Files have an instant of their own and do
// not count.
void set_recovery_point(repository::BackupMetadata& metadata) {
  std::vector<Instant> instants;
  for (const auto& record : metadata.components) {
    if (record.instant && record.kind != "files" && record.kind != "secrets")
      instants.push_back(*record.instant);
  }
  if (instants.empty()) return;
  const auto [earliest, latest] = std::minmax_element(instants.begin(), instants.end());
  metadata.recovery_point = *earliest;
  metadata.skew_seconds = Seconds(*latest - *earliest).count();
}

repository::BackupMetadata describe(const BackupPlan& plan, const std::string& id, std::string_view layout,
                                    Instant started, std::vector<Progress>& all) {
  repository::BackupMetadata metadata;
  metadata.id = id;
  metadata.set = plan.set_name;
  metadata.scope = plan.scope;
  metadata.environment = plan.environment->name;
  metadata.environment_class = name_of(plan.environment->kind);
  metadata.label = plan.request.label;
  metadata.tool_version = kVersion;
  metadata.host = host_name();
  metadata.layout = layout;
  metadata.started = started;
  metadata.finished = now();
  metadata.status = overall_status(plan, all);
  for (auto& progress : all) {
    for (const auto& [name, value] : progress.record.details) {
      if (name.starts_with("tool:")) metadata.tool_versions[name.substr(5)] = value;
    }
    metadata.components.push_back(std::move(progress.record));
  }
  set_recovery_point(metadata);
  return metadata;
}

// Backups of different owners in one set are told apart by their ids; a safety backup is named by the restore
// that made it.
std::string owner_in_id(const BackupPlan& plan) {
  std::string owner;
  if (plan.set_name != plan.set->name) return owner;
  for (const auto& [name, value] : plan.scope) owner += (owner.empty() ? "" : "-") + value;
  return owner;
}

std::string id_of(const BackupPlan& plan, Instant instant) {
  return plan.request.database_id_form
             ? repository::make_database_backup_id(instant)
             : repository::make_backup_id(plan.set_name, owner_in_id(plan), instant);
}

}  // namespace

Result<BackupOutcome> run_backup(BackupPlan& plan, const config::Configuration& configuration,
                                 repository::BackupRepository& repository, Reporter& reporter,
                                 const Cancellation& cancellation,
                                 const std::optional<repository::SealingKey>& sealing_key) {
  const auto started = now();
  ASSIGN_OR_RETURN(auto writer,
                   repository.begin_new(started, [&](Instant instant) { return id_of(plan, instant); }));
  Run run(plan, {.configuration = configuration,
                 .environment = *plan.environment,
                 .writer = *writer,
                 .reporter = reporter,
                 .cancellation = cancellation,
                 .sealing_key = sealing_key,
                 .jobs = plan.request.jobs,
                 .scope = plan.scope});

  auto executed = run.execute();
  if (!executed.ok()) {
    run.run_after_hooks(Status::kFailed);
    if (!cancellation.requested()) return std::move(executed).error();
    return Error(Code::kCancelled, "backup {} was cancelled, and nothing of it is kept", writer->id())
        .hint("run the same command again");
  }
  if (auto failure = run.total_failure()) {
    run.run_after_hooks(Status::kFailed);
    return *failure;
  }

  BackupOutcome outcome;
  outcome.metadata = describe(plan, writer->id(), repository.layout(), started, run.progress());
  outcome.shortfalls = run.run_after_hooks(outcome.metadata.status);
  RETURN_IF_ERROR(writer->commit(outcome.metadata), "while committing {}", writer->id());
  for (const auto& warning : writer->warnings()) reporter.warn(warning);
  outcome.location = fs::path(repository.describe()) / writer->id();
  return outcome;
}

}  // namespace summit::backup
