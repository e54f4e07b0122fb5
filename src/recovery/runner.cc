#include "recovery/runner.h"

#include <algorithm>

#include "backup/hooks.h"
#include "core/http.h"
#include "core/task_group.h"
#include "recovery/backup_owner.h"
#include "recovery/search_index.h"
#include "repository/backup_id.h"

namespace summit::recovery {
namespace {

const config::Hooks& hooks_of(const config::Environment& environment, const std::string& store) {
  static const config::Hooks kNoHooks;
  const auto found = environment.restore_hooks.find(store);
  return found == environment.restore_hooks.end() ? kNoHooks : found->second;
}

backup::HookVariables variables(const RestoreRecord& record, const std::string& store) {
  return {{"ID", record.backup},
          {"RESTORE", record.id},
          {"ENVIRONMENT", record.environment},
          {"STORE", store},
          {"STEP", "restore"}};
}

// The set with the most components: a safety backup takes from it whatever is about to be overwritten.
std::string widest_set(const config::Configuration& configuration) {
  const auto widest = std::max_element(
      configuration.sets.begin(), configuration.sets.end(),
      [](const auto& a, const auto& b) { return a.components.size() < b.components.size(); });
  return widest == configuration.sets.end() ? "full" : widest->name;
}

// What the plan will overwrite, as a backup of its own. Only stores that hold something are worth it. Of a
// merge it is the same owner's part: putting back more would undo what others have done since.
Result<std::string> back_up_target(const RestorePlan& plan, RestoreServices& services) {
  const auto& metadata = plan.backup->metadata();
  const auto* set = owner_of(metadata) ? set_of(services.configuration, metadata) : nullptr;
  backup::BackupRequest request;
  request.set = set ? set->name : widest_set(services.configuration);
  request.scope = metadata.scope;
  request.jobs = plan.request.jobs;
  request.layout = plan.environment->layout;
  request.label = fmt::format("safety backup before the restore of {}", metadata.id);
  for (const auto& planned : plan.components) {
    if (planned.step.overwrites_something) request.datastores.push_back(planned.store);
  }
  if (request.datastores.empty()) return std::string();

  services.reporter.info("safety backup of what will be overwritten");
  ASSIGN_OR_RETURN(auto safety, backup::plan_backup(request, *plan.environment, services.configuration));
  safety.set_name = repository::kSafetySet;
  safety.all_or_nothing = true;
  ASSIGN_OR_RETURN(const auto outcome,
                   backup::run_backup(safety, services.configuration, services.repository, services.reporter,
                                      services.cancellation, services.sealing_key));
  return outcome.metadata.id;
}

class Run {
 public:
  Run(RestorePlan& plan, RestoreContext& context, RestoreServices& services, const RestoreRecord& record)
      : plan_(plan), context_(context), services_(services), record_(record) {
    for (const auto& planned : plan_.components) {
      ComponentOutcome outcome;
      outcome.name = planned.name;
      outcomes_.push_back(std::move(outcome));
    }
    begun_.resize(outcomes_.size());
  }

  void execute() {
    if (services_.leak_check) {
      restore_masked(*services_.leak_check);
    } else {
      each([this](size_t index) {
        auto restored = restore(index);
        return finish(index, std::move(restored));
      });
    }
    if (leaks_ && !leaks_->certified()) return;
    each([this](size_t index) { return compare(index); });
    each([this](size_t index) { return probe(index); });
  }

  std::optional<LeakOutcome> take_leaks() { return std::move(leaks_); }
  std::vector<ComponentOutcome> take() { return std::move(outcomes_); }

 private:
  void each(const std::function<Result<void>(size_t)>& step) {
    TaskGroup group(context_.cancellation);
    std::vector<char> done(outcomes_.size());
    for (size_t index = 0; index < outcomes_.size(); ++index) {
      if (outcomes_[index].failure) continue;
      group.spawn([this, index, &step, &done]() -> Result<void> {
        auto result = context_.cancellation.check();
        if (result.ok()) result = step(index);
        if (!result.ok()) outcomes_[index].failure = as_cancelled(std::move(result).error());
        done[index] = 1;
        return {};
      });
    }
    const auto joined = group.join();
    if (joined.ok()) return;
    // For want of a thread, or by an exception: what was not done must not count as done.
    for (size_t index = 0; index < outcomes_.size(); ++index)
      if (!outcomes_[index].failure && done[index] == 0) outcomes_[index].failure = joined.error();
  }

  bool in_place(size_t index) const { return plan_.components[index].component->writes_in_place(context_); }

  // Those that write in place, or those that are made aside.
  void each_that(bool writes_in_place, const std::function<Result<void>(size_t)>& step) {
    each([&](size_t index) { return in_place(index) == writes_in_place ? step(index) : Result<void>(); });
  }

  // What a cancellation tears apart fails in many ways (a killed tool, a closed connection): they are all it.
  Error as_cancelled(Error error) const {
    if (!context_.cancellation.requested() || error.code() == Code::kCancelled) return error;
    return Error(Code::kCancelled, "cancelled on request ({})", error.message()).hint(error.hint());
  }

  std::vector<RestoreComponent*> restored() const {
    std::vector<RestoreComponent*> components;
    for (size_t index = 0; index < outcomes_.size(); ++index) {
      if (!outcomes_[index].failure) components.push_back(plan_.components[index].component.get());
    }
    return components;
  }

  // Nobody but us sees anything of it until the certificate is there.
  void restore_masked(LeakCheck& check) {
    LockRecord closed{.environment = record_.environment,
                      .restore = record_.id,
                      .reason = "a masked restore that is not certified",
                      .since = now(),
                      .stores = {}};
    TargetDoors doors(check.base, std::move(closed), check.unfinished);
    const auto one = [&](size_t index) { return restore(index, &doors); };
    each_that(false, one);
    if (restored().size() < outcomes_.size()) leave_the_rest_untouched();
    each_that(true, one);
    leaks_ = check_masked_target(plan_, restored(), context_, record_, check);
    if (leaks_->certified()) {
      reveal_all(doors);
    } else {
      keep_closed();
    }
    for (size_t index = 0; index < outcomes_.size(); ++index) {
      if (begun_[index] == 0) continue;
      auto finished = finish(index, {});
      if (!finished.ok() && !outcomes_[index].failure) outcomes_[index].failure = std::move(finished).error();
    }
  }

  void leave_the_rest_untouched() {
    for (size_t index = 0; index < outcomes_.size(); ++index) {
      if (begun_[index] != 0 || outcomes_[index].failure) continue;
      outcomes_[index].failure =
          context_.cancellation.requested()
              ? Error(Code::kCancelled,
                      "it is as it was: cancelled on request before it would have been written")
              : Error(Code::kFailed, "it is as it was: others failed before it would have been written")
                    .hint("mend what they complain about, then restore again");
    }
  }

  // What was filled in its place is opened last, when all others are in theirs.
  void reveal_all(TargetDoors& doors) {
    const auto one = [&](size_t index) { return reveal(index, doors); };
    each_that(false, one);
    if (restored().size() < outcomes_.size()) return withhold(true);
    each_that(true, one);
    if (restored().size() < outcomes_.size()) return withhold(false);
    const auto published = publish_certificate(*leaks_);
    if (published.ok()) return;
    leaks_->failure = published.error();
    leaks_->certificate.clear();
  }

  // Of a target that does not hold what was certified there is no certificate.
  void withhold(bool closed_ones_too) {
    leaks_->certificate.clear();
    for (size_t index = 0; index < outcomes_.size() && closed_ones_too; ++index) {
      if (outcomes_[index].failure || !in_place(index)) continue;
      outcomes_[index].failure = Error(Code::kFailed, "it is not opened: others did not come to their place")
                                     .hint("mend what they complain about, then restore again");
    }
  }

  void keep_closed() {
    for (auto& outcome : outcomes_) {
      if (outcome.failure) continue;
      if (leaks_->failure && leaks_->failure->code() == Code::kCancelled) outcome.failure = leaks_->failure;
      if (!leaks_->clean()) continue;
      outcome.failure = Error(Code::kFailed, "it is not opened: without the others nothing is certified")
                            .hint("mend what they complain about, then restore again");
    }
  }

  Result<void> restore(size_t index, TargetDoors* doors = nullptr) {
    auto& planned = plan_.components[index];
    begun_[index] = 1;
    const Stopwatch watch;
    auto restored =
        backup::run_hooks(hooks_of(*plan_.environment, planned.store).before,
                          variables(record_, planned.store), context_.reporter, context_.cancellation);
    if (restored.ok() && doors != nullptr) restored = planned.component->close(context_, *doors);
    if (restored.ok()) restored = planned.component->restore(context_, services_.marker);
    outcomes_[index].duration = watch.elapsed();
    outcomes_[index].rows = planned.component->rows();
    note_refused(index);
    return restored;
  }

  Result<void> reveal(size_t index, TargetDoors& doors) {
    auto revealed = plan_.components[index].component->reveal(context_, doors);
    note_refused(index);
    return revealed;
  }

  void note_refused(size_t index) {
    outcomes_[index].differences = plan_.components[index].component->refused();
    outcomes_[index].refused = !outcomes_[index].differences.empty();
  }

  // After-hooks start what the before-hooks stopped: they run after a failure and after a cancellation too.
  Result<void> finish(size_t index, Result<void> restored) {
    const auto& planned = plan_.components[index];
    auto after = backup::run_hooks(hooks_of(*plan_.environment, planned.store).after,
                                   variables(record_, planned.store), context_.reporter, Cancellation());
    return restored.ok() ? std::move(after) : std::move(restored);
  }

  Result<void> compare(size_t index) {
    outcomes_[index].compared = plan_.components[index].component->is_comparable();
    ASSIGN_OR_RETURN(outcomes_[index].differences, plan_.components[index].component->compare(context_),
                     "while comparing with the backup");
    return {};
  }

  Result<void> probe(size_t index) {
    ASSIGN_OR_RETURN(outcomes_[index].probes, plan_.components[index].component->probe(context_));
    return {};
  }

  RestorePlan& plan_;
  RestoreContext& context_;
  RestoreServices& services_;
  const RestoreRecord& record_;
  std::vector<ComponentOutcome> outcomes_;
  std::vector<char> begun_;  // by component: its before-hooks were started
  std::optional<LeakOutcome> leaks_;
};

// A service that nothing listens for is skipped and said, unless the configuration requires it.
void probe_services(const config::Environment& environment, Reporter& reporter,
                    const Cancellation& cancellation, std::vector<std::string>& shortfalls) {
  HttpClient client;
  for (const auto& probe : environment.probes) {
    auto response = client.send({.url = probe.url}, cancellation);
    if (!response.ok() && response.error().code() == Code::kUnreachable && !probe.required) {
      reporter.detail(fmt::format("probe {}: nothing listens at {}", probe.name, probe.url));
    } else if (!response.ok()) {
      shortfalls.push_back(fmt::format("probe {}: {}", probe.name, response.error().message()));
    } else if (response->status / 100 != 2) {
      shortfalls.push_back(fmt::format("probe {}: {} answers {}", probe.name, probe.url, response->status));
    }
  }
}

// From a target that is not certified, or not what it should be, nothing is derived.
void index_all_again(const RestorePlan& plan, RestoreOutcome& outcome, RestoreContext& context) {
  if (!outcome.leaks || !outcome.leaks->certified() || outcome.failed() + outcome.different() > 0) return;
  for (const auto* index : plan.indexes) {
    auto indexed = index_again(*index, *plan.environment, context.reporter, context.cancellation);
    if (!indexed.ok())
      outcome.shortfalls.push_back(
          fmt::format("{} was not indexed again: {}", index->name, indexed.error().to_string()));
  }
}

// What of its components a restore writes; empty: all.
std::string part_of(const RestorePlan& plan) {
  const auto& mode = plan.request.databases;
  const auto owner = owner_of(plan.backup->metadata());
  if (!mode.into.empty()) return "database " + mode.into;
  if (mode.undone) {
    std::string part = "tables";
    for (const auto& planned : plan.components)
      part += fmt::format(" {}: {}", planned.name, fmt::join(mode.undone->at(planned.name).replaced, ","));
    return part;
  }
  if (mode.selects())
    return fmt::format("tables {} without {}", fmt::join(mode.only, ","), fmt::join(mode.exclude, ","));
  return owner ? fmt::format("{} {}", owner->kind, owner->id) : std::string();
}

RestoreRecord begin_record(const RestorePlan& plan, const RestoreJournal& journal,
                           const RestoreServices& services) {
  RestoreRecord record;
  record.started = now();
  record.id = journal.new_id(record.started);
  record.backup = plan.backup->metadata().id;
  record.environment = plan.environment->name;
  record.change_reference = services.change_reference;
  for (const auto& planned : plan.components) {
    record.components.push_back(planned.name);
    if (!planned.step.tables.empty()) record.tables[planned.name] = planned.step.tables;
  }
  record.part = part_of(plan);
  return record;
}

void close_record(RestoreOutcome& outcome) {
  auto& record = outcome.record;
  record.finished = now();
  record.state = RestoreState::kFinished;
  if (outcome.leaks && !outcome.leaks->clean()) {
    record.state = RestoreState::kFailed;
    record.problem = outcome.leaks->failure ? outcome.leaks->failure->message()
                                            : "private values were found in the masked target";
    return;
  }
  for (const auto& component : outcome.components) {
    if (!component.failure && component.differences.empty()) continue;
    record.state = RestoreState::kFailed;
    record.problem =
        fmt::format("{}: {}", component.name,
                    component.failure ? component.failure->message() : "differs from the backup");
    return;
  }
}

}  // namespace

size_t RestoreOutcome::failed() const {
  return static_cast<size_t>(std::count_if(components.begin(), components.end(),
                                           [](const auto& c) { return c.failure && !c.refused; }));
}

size_t RestoreOutcome::different() const {
  return static_cast<size_t>(std::count_if(components.begin(), components.end(),
                                           [](const auto& c) { return !c.differences.empty(); }));
}

bool RestoreOutcome::cancelled() const {
  return std::any_of(components.begin(), components.end(),
                     [](const auto& c) { return c.failure && c.failure->code() == Code::kCancelled; });
}

Result<RestoreOutcome> run_restore(RestorePlan& plan, RestoreContext& context, const RestoreJournal& journal,
                                   RestoreServices& services) {
  const Stopwatch watch;
  RestoreOutcome outcome;
  outcome.record = begin_record(plan, journal, services);
  if (!services.artifacts_checked) {
    if (!plan.artifacts) plan.artifacts = begin_check(plan, context.reporter, context.cancellation);
    RETURN_IF_ERROR(plan.artifacts->join(), "nothing was changed");
  }
  if (plan.request.safety_backup) {
    ASSIGN_OR_RETURN(outcome.record.safety_backup, back_up_target(plan, services),
                     "the safety backup failed, and nothing was changed");
  }
  RETURN_IF_ERROR(context.cancellation.check(), "nothing was changed");
  // From here on the target changes: the record must be durable first, so that a crash is seen and can be
  // rolled back.
  RETURN_IF_ERROR(journal.write(outcome.record));

  const auto& hooks = hooks_of(*plan.environment, "all");
  auto before = backup::run_hooks(hooks.before, variables(outcome.record, "all"), context.reporter,
                                  context.cancellation);
  if (before.ok()) {
    Run run(plan, context, services, outcome.record);
    run.execute();
    outcome.leaks = run.take_leaks();
    outcome.components = run.take();
    for (const auto& planned : plan.components) {
      for (const auto& sentence : planned.component->skipped())
        outcome.shortfalls.push_back(fmt::format("{}: {}", planned.name, sentence));
    }
  }
  auto after =
      backup::run_hooks(hooks.after, variables(outcome.record, "all"), context.reporter, Cancellation());
  if (!after.ok()) outcome.shortfalls.push_back(after.error().to_string());
  index_all_again(plan, outcome, context);
  if (before.ok())
    probe_services(*plan.environment, context.reporter, context.cancellation, outcome.shortfalls);

  close_record(outcome);
  if (!before.ok()) {
    outcome.record.state = RestoreState::kFailed;
    outcome.record.problem = before.error().message();
  }
  outcome.duration = watch.elapsed();
  RETURN_IF_ERROR(journal.write(outcome.record));
  if (outcome.record.state == RestoreState::kFinished) {
    const auto settled = journal.settle_interrupted();
    if (!settled.ok()) outcome.shortfalls.push_back(settled.error().to_string());
  }
  RETURN_IF_ERROR(std::move(before), "nothing was restored");
  return outcome;
}

}  // namespace summit::recovery
