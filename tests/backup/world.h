// A backup of components that do what a test tells them, into a repository in a temporary directory.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "backup/plan.h"
#include "backup/runner.h"
#include "core/files.h"
#include "repository/plain_layout.h"
#include "tests/core/helper/recording_reporter.h"

namespace summit::backup {

// What a scripted component does in each step; an empty function means success.
struct Script {
  std::string name;
  std::string kind = "postgresql";
  CutKind cut_kind = CutKind::kImmediate;
  Instant instant{};
  std::function<Result<void>(CaptureContext&)> prepare{};
  std::function<Result<void>(CaptureContext&)> cut{};
  std::function<Result<void>(CaptureContext&, repository::ComponentRecord&)> transfer{};
};

class ScriptedComponent final : public Component {
 public:
  ScriptedComponent(Script script, EventLog& log) : script_(std::move(script)), log_(log) {}
  ~ScriptedComponent() override { log_.add("release " + script_.name); }

  std::string name() const override { return script_.name; }
  std::string kind() const override { return script_.kind; }
  CutKind cut_kind() const override { return script_.cut_kind; }
  std::vector<std::string> describe() const override { return {"takes " + script_.name}; }
  Result<uint64_t> predict_size(CaptureContext&) override { return 40; }

  Result<void> prepare(CaptureContext& context) override {
    if (script_.prepare) RETURN_IF_ERROR(script_.prepare(context));
    log_.add("prepare " + script_.name);
    return {};
  }
  Result<Instant> cut(CaptureContext& context) override {
    log_.add("cut " + script_.name);
    if (script_.cut) RETURN_IF_ERROR(script_.cut(context));
    return script_.instant;
  }
  Result<repository::ComponentRecord> transfer(CaptureContext& context) override {
    log_.add("transfer " + script_.name);
    repository::ComponentRecord record;
    if (script_.transfer) {
      RETURN_IF_ERROR(script_.transfer(context, record));
    } else {
      RETURN_IF_ERROR(write_artifact(context, record, artifact()));
    }
    return record;
  }

  std::string artifact() const { return script_.name + ".dump"; }

  static Result<void> write_artifact(CaptureContext& context, repository::ComponentRecord& record,
                                     const std::string& artifact) {
    ASSIGN_OR_RETURN(auto sink, context.writer.create(artifact, record.name));
    RETURN_IF_ERROR(sink->write(as_bytes(std::string_view("rows of " + artifact))));
    ASSIGN_OR_RETURN(auto finished, sink->finish());
    record.artifacts.push_back(std::move(finished));
    return {};
  }

 private:
  Script script_;
  EventLog& log_;
};

class World {
 public:
  World() {
    environment.name = "dev";
    environment.kind = config::EnvironmentClass::kDev;
    set.name = "full";
  }

  // A plan of these components; every one of them required unless said otherwise.
  BackupPlan plan(std::vector<Script> scripts) {
    BackupPlan plan;
    plan.set = &set;
    plan.environment = &environment;
    plan.set_name = set.name;
    for (auto& script : scripts) {
      PlannedComponent planned;
      planned.name = planned.store = planned.spec.name = script.name;
      planned.spec.kind = script.kind;
      planned.component = std::make_unique<ScriptedComponent>(std::move(script), log);
      plan.components.push_back(std::move(planned));
    }
    return plan;
  }

  Result<BackupOutcome> run(BackupPlan& plan) {
    return run_backup(plan, configuration, repository, reporter, cancellation, {});
  }

  // A hook that appends one line, the expansion of `line` by the shell, to the file hooks().
  config::Hook hook(const std::string& line, int exit_code = 0, bool required = true) const {
    return {.argv = {"/bin/sh", "-c", "echo \"" + line + "\" >> \"$1\"; exit " + std::to_string(exit_code),
                     "hook", hook_file().string()},
            .required = required};
  }
  std::string hooks() const {
    return fs::exists(hook_file()) ? read_file(hook_file()).value() : std::string();
  }

  std::vector<std::string> names_in_base() const {
    return fs::exists(repository.base()) ? repository::entry_names(repository.base()).value()
                                         : std::vector<std::string>();
  }

 private:
  TemporaryDirectory directory_ =
      TemporaryDirectory::create(fs::temp_directory_path(), "summit-backup-").value();
  fs::path hook_file() const { return directory_.path() / "hooks"; }

 public:
  config::Configuration configuration;
  config::Environment environment;
  config::BackupSet set;
  repository::PlainRepository repository{directory_.path() / "backups"};
  RecordingReporter reporter;
  Cancellation cancellation;
  EventLog log;
};

inline Instant at(const char* text) { return from_rfc3339(text).value(); }

}  // namespace summit::backup
