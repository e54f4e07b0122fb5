// A restore of components that do what a test tells them, from a backup in a temporary directory.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "recovery/runner.h"

namespace summit::recovery {

inline Instant at(const char* text) { return from_rfc3339(text).value(); }

// Only metadata: these components read no artifact, and every artifact is found intact unless it is `broken`.
class MetadataReader final : public repository::BackupReader {
 public:
  repository::BackupMetadata data;
  std::map<std::string, Code> broken;  // artifacts whose reading fails so

  const repository::BackupMetadata& metadata() const override { return data; }
  Result<void> read(const std::string& artifact, const std::function<Result<void>(ByteView)>&,
                    const Cancellation&) const override {
    const auto found = broken.find(artifact);
    if (found == broken.end()) return {};
    return Error(found->second, "{} is damaged", artifact);
  }
  Result<void> read_range(const std::string& artifact, uint64_t, uint64_t,
                          const std::function<Result<void>(ByteView)>& consume,
                          const Cancellation& cancellation) const override {
    return read(artifact, consume, cancellation);
  }
  Result<fs::path> native_file(const std::string& artifact, const fs::path&) const override {
    return Error(Code::kNotFound, "there is no {}", artifact);
  }
};

struct Script {
  std::string name;
  std::function<Result<void>()> restore{};
  std::vector<Difference> differences{};
  std::vector<Difference> refused{};
  std::vector<std::string> skipped{};
  std::function<Result<std::vector<std::string>>()> probe{};
  bool aside = false;  // restore() writes nothing that others see
  std::function<Result<void>()> reveal{};
};

class ScriptedRestore final : public RestoreComponent {
 public:
  explicit ScriptedRestore(Script script) : script_(std::move(script)) {}
  std::string name() const override { return script_.name; }
  Result<PlanStep> plan(RestoreContext&) override { return PlanStep(); }
  Result<void> restore(RestoreContext&, const std::optional<config::EnvironmentMarker>&) override {
    return script_.restore ? script_.restore() : Result<void>();
  }
  Result<std::vector<Difference>> compare(RestoreContext&) override { return script_.differences; }
  std::vector<Difference> refused() const override { return script_.refused; }
  bool writes_in_place(const RestoreContext&) const override { return !script_.aside; }
  Result<void> reveal(RestoreContext&, TargetDoors&) override {
    return script_.reveal ? script_.reveal() : Result<void>();
  }
  std::vector<std::string> skipped() const override { return script_.skipped; }
  Result<std::vector<std::string>> probe(RestoreContext&) override {
    return script_.probe ? script_.probe() : std::vector<std::string>{"answers"};
  }

 private:
  Script script_;
};

class World {
 public:
  World() {
    environment.name = "dev";
    environment.kind = config::EnvironmentClass::kDev;
    backup.data.id = "summit-backup-full-20261121T031048Z";
    backup.data.environment = backup.data.environment_class = "dev";
  }

  fs::path base() const { return directory_.path() / "backups"; }

  // Without a safety backup, unless a test asks for one.
  RestorePlan plan(std::vector<Script> scripts) {
    RestorePlan plan;
    plan.request.safety_backup = false;
    plan.backup = &backup;
    plan.environment = &environment;
    for (auto& script : scripts) {
      PlannedRestore planned;
      planned.name = planned.store = script.name;
      planned.component = std::make_unique<ScriptedRestore>(std::move(script));
      plan.components.push_back(std::move(planned));
    }
    return plan;
  }

  // `leak_check` goes with `masking`: a masked restore.
  Result<RestoreOutcome> run(RestorePlan& plan, const masking::Session* masking = nullptr,
                             std::optional<LeakCheck> leak_check = {}) {
    ASSIGN_OR_RETURN(const auto journal, RestoreJournal::open(base()));
    RestoreContext context{.configuration = configuration,
                           .environment = environment,
                           .backup = backup,
                           .reporter = reporter,
                           .cancellation = cancellation,
                           .sealing_key = {},
                           .workspace = directory_.path(),
                           .masking = masking};
    RestoreServices services{.configuration = configuration,
                             .repository = repository,
                             .reporter = reporter,
                             .cancellation = cancellation,
                             .sealing_key = {},
                             .marker = {},
                             .change_reference = "CHG-1",
                             .artifacts_checked = false,
                             .leak_check = std::move(leak_check)};
    return run_restore(plan, context, journal, services);
  }

  // A hook that appends one line, the expansion of `line` by the shell, to what hooks() gives.
  config::Hook hook(const std::string& line, int exit_code = 0) const {
    return {.argv = {"/bin/sh", "-c", "echo \"" + line + "\" >> \"$1\"; exit " + std::to_string(exit_code),
                     "hook", hook_file().string()}};
  }
  std::string hooks() const {
    return fs::exists(hook_file()) ? read_file(hook_file()).value() : std::string();
  }

 private:
  TemporaryDirectory directory_ =
      TemporaryDirectory::create(fs::temp_directory_path(), "summit-recovery-").value();
  fs::path hook_file() const { return directory_.path() / "hooks"; }

 public:
  config::Configuration configuration;
  config::Environment environment;
  MetadataReader backup;
  repository::PlainRepository repository{directory_.path() / "backups"};
  SilentReporter reporter;
  Cancellation cancellation;
};

}  // namespace summit::recovery
