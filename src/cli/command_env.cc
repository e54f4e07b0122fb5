#include <nlohmann/json.hpp>

#include "backup/identity.h"
#include "cli/command.h"
#include "cli/show.h"

namespace summit::cli {
namespace {

class AdoptCommand final : public Command {
 public:
  std::string name() const override { return "env adopt"; }
  std::string summary() const override { return "mark every store as belonging to an environment"; }
  std::string examples() const override { return "  summit-dr env adopt dev\n"; }

  void define(OptionSet& options) override {
    options.positional("environment", environment_, "the environment's name")->required();
    options.flag("--yes", yes_, "no question; not for production");
    options.option("--confirm", confirm_, "the typed phrase, for automation: \"adopt <environment>\"");
    options.flag("--replace", replace_, "also re-mark stores that belong to another environment");
    options.flag("--dry-run", dry_run_, "show how the stores are marked now and stop");
  }

  Result<ExitCode> run(Session& session) override {
    ASSIGN_OR_RETURN(const auto* declared, session.declared_environment(environment_));
    RETURN_IF_ERROR(backup::check_production(*declared, true));
    ASSIGN_OR_RETURN(const auto environment, session.environment(declared->name));
    if (dry_run_) {
      session.console().print(
          fmt::format("would mark the stores of `{}`; nothing was written (dry run)", environment.name));
      return ExitCode::kOk;
    }
    RETURN_IF_ERROR(confirm(environment, session));
    ASSIGN_OR_RETURN(const auto marker, backup::adopt(environment, replace_, session.cancellation()));
    session.console().print(
        fmt::format("every store of `{0}` is marked as `{0}` ({1})", environment.name, marker.kind));
    session.console().emit(
        "adoption",
        {{"environment", marker.environment}, {"class", marker.kind}, {"identity", marker.identity}});
    return ExitCode::kOk;
  }

 private:
  Result<void> confirm(const config::Environment& environment, Session& session) const {
    const bool production = environment.kind == config::EnvironmentClass::kProduction;
    if (yes_ && !production && !replace_) return {};
    const auto phrase = fmt::format("adopt {}", environment.name);
    const auto typed = confirm_.empty()
                           ? session.console().ask(fmt::format("type `{}` to mark its stores:", phrase))
                           : std::optional(confirm_);
    if (typed == phrase) return {};
    return Error(Code::kRefused, "adopting `{}` needs the typed phrase: nothing was marked", environment.name)
        .hint(fmt::format("--confirm=\"{}\"", phrase));
  }

  std::string environment_;
  std::string confirm_;
  bool yes_ = false;
  bool replace_ = false;
  bool dry_run_ = false;
};

class ShowMarkersCommand final : public Command {
 public:
  std::string name() const override { return "env show"; }
  std::string summary() const override { return "show which environment each store says it belongs to"; }

  void define(OptionSet& options) override {
    options.option("--env", environment_, "the environment whose stores are asked");
  }

  Result<ExitCode> run(Session& session) override {
    ASSIGN_OR_RETURN(const auto environment, session.environment(environment_));
    std::vector<std::vector<std::string>> rows{{"STORE", "MARKED AS", "CLASS", "SINCE"}};
    for (const auto& identity : backup::read_identities(environment, {}, session.cancellation())) {
      const auto marker = identity.marker.value_or(config::EnvironmentMarker{});
      const auto state = !identity.reachable ? "not reachable"
                         : identity.marker   ? marker.environment
                         : identity.empty    ? "unmarked, empty"
                                             : "unmarked";
      rows.push_back({identity.store, state, marker.kind, marker.adopted_at});
      session.console().emit("marker", {{"store", identity.store},
                                        {"reachable", identity.reachable},
                                        {"empty", identity.empty},
                                        {"environment", marker.environment},
                                        {"class", marker.kind},
                                        {"adopted_at", marker.adopted_at}});
    }
    session.console().print(table(rows));
    return ExitCode::kOk;
  }

 private:
  std::string environment_;
};

}  // namespace

std::unique_ptr<Command> make_env_adopt_command() { return std::make_unique<AdoptCommand>(); }
std::unique_ptr<Command> make_env_show_command() { return std::make_unique<ShowMarkersCommand>(); }

}  // namespace summit::cli
