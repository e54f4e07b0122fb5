#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "config/sanitization.h"
#include "config/smoke.h"

namespace summit::cli {
namespace {

class ValidateCommand final : public Command {
 public:
  std::string name() const override { return "config validate"; }
  std::string summary() const override {
    return "check the configuration files; every finding with its line";
  }
  void define(OptionSet&) override {}

  Result<ExitCode> run(Session& session) override {
    ASSIGN_OR_RETURN(const auto* configuration, session.configuration());
    ASSIGN_OR_RETURN(const auto checks,
                     config::load_smoke_checks(configuration->directory, configuration->variables));
    ASSIGN_OR_RETURN(const auto masking,
                     config::load_sanitization(configuration->directory, configuration->variables));
    session.console().print(
        fmt::format("{} is right: {} sets, {} environments, {} smoke checks, {} masking rules",
                    configuration->directory.string(), configuration->sets.size(),
                    configuration->environments.size(), checks.size(), masking.rules.size()));
    const auto notes = config::values_not_executed(*configuration);
    for (const auto& note : notes) session.console().print("note: " + note);
    session.console().emit("configuration", {{"directory", configuration->directory.string()},
                                             {"sets", configuration->sets.size()},
                                             {"environments", configuration->environments.size()},
                                             {"smoke_checks", checks.size()},
                                             {"masking_rules", masking.rules.size()},
                                             {"notes", notes}});
    return ExitCode::kOk;
  }
};

class ShowCommand final : public Command {
 public:
  std::string name() const override { return "config show"; }
  std::string summary() const override { return "show the configuration in force, secrets hidden"; }
  void define(OptionSet&) override {}

  Result<ExitCode> run(Session& session) override {
    ASSIGN_OR_RETURN(const auto* configuration, session.configuration());
    ASSIGN_OR_RETURN(const auto masking,
                     config::load_sanitization(configuration->directory, configuration->variables));
    const auto text = config::show(*configuration) + config::show(masking);
    session.console().print(text);
    session.console().emit("configuration",
                           {{"directory", configuration->directory.string()}, {"yaml", text}});
    return ExitCode::kOk;
  }
};

class SchemaCommand final : public Command {
 public:
  std::string name() const override { return "config schema"; }
  std::string summary() const override { return "print the JSON Schema of a configuration file"; }
  std::string examples() const override { return "  summit-dr config schema backup-sets\n"; }

  void define(OptionSet& options) override {
    options.positional("file", file_, "backup-sets, environments, sanitization or smoke")
        ->check(CLI::IsMember({"backup-sets", "environments", "sanitization", "smoke"}));
  }

  Result<ExitCode> run(Session& session) override {
    ASSIGN_OR_RETURN(const auto schema, config::schema_of(file_));
    session.console().print(schema);
    session.console().emit("schema", {{"file", file_}, {"schema", nlohmann::ordered_json::parse(schema)}});
    return ExitCode::kOk;
  }

 private:
  std::string file_ = "backup-sets";
};

}  // namespace

std::unique_ptr<Command> make_config_validate_command() { return std::make_unique<ValidateCommand>(); }
std::unique_ptr<Command> make_config_show_command() { return std::make_unique<ShowCommand>(); }
std::unique_ptr<Command> make_config_schema_command() { return std::make_unique<SchemaCommand>(); }

}  // namespace summit::cli
