#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/show.h"
#include "recovery/doctor.h"

namespace summit::cli {
namespace {

class DoctorCommand final : public Command {
 public:
  std::string name() const override { return "doctor"; }
  std::string summary() const override {
    return "check everything a backup and a restore need, and say how to mend it";
  }
  std::string examples() const override { return "  summit-dr doctor --env=dev\n"; }

  void define(OptionSet& options) override {
    options.option("--env", environment_, "the environment to look at");
  }

  Result<ExitCode> run(Session& session) override {
    ASSIGN_OR_RETURN(const auto* declared, session.declared_environment(environment_));
    ASSIGN_OR_RETURN(const auto* configuration, session.configuration());
    // Before the environment is resolved: such a value is often the reason why it cannot be.
    for (const auto& note : config::values_not_executed(*configuration, declared->name))
      tell({.subject = "variables", .health = recovery::Health::kWarning, .finding = note, .mend = {}},
           session);
    ASSIGN_OR_RETURN(const auto environment, session.environment(declared->name));
    ASSIGN_OR_RETURN(const auto base, session.backup_base());
    const auto diagnoses = recovery::examine({.configuration = *configuration,
                                              .environment = environment,
                                              .base = base,
                                              .sealing_key = session.sealing_key(),
                                              .reporter = session.reporter(),
                                              .cancellation = session.cancellation()});
    for (const auto& diagnosis : diagnoses) tell(diagnosis, session);
    const auto bad = std::count_if(diagnoses.begin(), diagnoses.end(),
                                   [](const auto& d) { return d.health == recovery::Health::kBad; });
    session.console().print(
        bad == 0 ? fmt::format("\n`{}` can be backed up and restored from here", environment.name)
                 : fmt::format("\n{} thing(s) to mend before `{}` is safe", bad, environment.name));
    return bad == 0 ? ExitCode::kOk : ExitCode::kFailed;
  }

 private:
  static void tell(const recovery::Diagnosis& diagnosis, Session& session) {
    using recovery::Health;
    const char* mark = diagnosis.health == Health::kGood      ? "ok  "
                       : diagnosis.health == Health::kWarning ? "warn"
                                                              : "BAD ";
    auto line = fmt::format("{}  {:<18} {}", mark, diagnosis.subject, diagnosis.finding);
    if (!diagnosis.mend.empty()) line += fmt::format("\n      {:<18} hint: {}", "", diagnosis.mend);
    session.console().print(line);
    session.console().emit("check", {{"subject", diagnosis.subject},
                                     {"health", name_of(diagnosis.health)},
                                     {"finding", diagnosis.finding},
                                     {"mend", diagnosis.mend}});
  }

  std::string environment_;
};

}  // namespace

std::unique_ptr<Command> make_doctor_command() { return std::make_unique<DoctorCommand>(); }

}  // namespace summit::cli
