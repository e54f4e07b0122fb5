#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "recovery/smoke.h"

namespace summit::cli {
namespace {

class SmokeCommand final : public Command {
 public:
  std::string name() const override { return "smoke"; }
  std::string summary() const override {
    return "check a running platform: stores, indexes, relations between stores, audit chain";
  }
  std::string examples() const override { return "  summit-dr smoke --env=dev\n"; }

  void define(OptionSet& options) override {
    options.option("--env", environment_, "the environment to check");
  }

  Result<ExitCode> run(Session& session) override {
    ASSIGN_OR_RETURN(const auto environment, session.environment(environment_));
    ASSIGN_OR_RETURN(const auto* configuration, session.configuration());
    ASSIGN_OR_RETURN(const auto checks,
                     config::load_smoke_checks(configuration->directory, configuration->variables));
    const auto findings = recovery::run_smoke(environment, checks, session.cancellation());
    RETURN_IF_ERROR(session.cancellation().check());
    for (const auto& finding : findings) {
      session.console().print(
          fmt::format("{}  {}: {}", finding.holds ? "ok  " : "BAD ", finding.check, finding.detail));
      session.console().emit("check", {{"subject", finding.check},
                                       {"health", finding.holds ? "good" : "bad"},
                                       {"finding", finding.detail}});
    }
    const auto bad =
        std::count_if(findings.begin(), findings.end(), [](const auto& finding) { return !finding.holds; });
    session.console().print(fmt::format(
        "\n{} checks hold, {} do not", static_cast<size_t>(findings.size()) - static_cast<size_t>(bad), bad));
    return bad == 0 ? ExitCode::kOk : ExitCode::kFailed;
  }

 private:
  std::string environment_;
};

}  // namespace

std::unique_ptr<Command> make_smoke_command() { return std::make_unique<SmokeCommand>(); }

}  // namespace summit::cli
