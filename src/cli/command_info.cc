#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/restore_flow.h"
#include "cli/show.h"

namespace summit::cli {
namespace {

class InfoCommand final : public Command {
 public:
  std::string name() const override { return "info"; }
  std::string summary() const override { return "show what a backup holds and how it was made"; }
  std::string examples() const override {
    return "  summit-dr info latest\n  summit-dr info latest --json | jq .metadata.components\n";
  }

  void define(OptionSet& options) override {
    options.positional("backup", reference_, "the backup's id or path, `latest`, or `<env>-latest`");
  }

  Result<ExitCode> run(Session& session) override {
    ASSIGN_OR_RETURN(const auto resolved, resolve_reference(reference_, session));
    ASSIGN_OR_RETURN(const auto backup, resolved.repository->open(resolved.id));
    const auto location = fs::path(resolved.repository->describe()) / backup->metadata().id;
    session.console().print(cli::show(backup->metadata(), location));
    session.console().emit(
        "info", {{"location", location.string()},
                 {"metadata", nlohmann::ordered_json::parse(repository::to_json(backup->metadata()))}});
    return ExitCode::kOk;
  }

 private:
  std::string reference_ = "latest";
};

}  // namespace

std::unique_ptr<Command> make_info_command() { return std::make_unique<InfoCommand>(); }

}  // namespace summit::cli
