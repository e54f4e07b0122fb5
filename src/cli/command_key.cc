#include <nlohmann/json.hpp>

#include "cli/command.h"

namespace summit::cli {
namespace {

class KeyInitCommand final : public Command {
 public:
  std::string name() const override { return "key init"; }
  std::string summary() const override { return "make the key that seals secrets, outside the backups"; }
  std::string examples() const override { return "  summit-dr key init --if-missing\n"; }

  void define(OptionSet& options) override {
    options.flag("--if-missing", if_missing_, "a key that is already set is fine");
    options.flag("--dry-run", dry_run_, "say where the key would be written and stop");
  }

  Result<ExitCode> run(Session& session) override {
    ASSIGN_OR_RETURN(const auto* configuration, session.configuration());
    ASSIGN_OR_RETURN(const auto base, session.backup_base());
    const auto variable = [configuration](const std::string& name) {
      return configuration->variables.get(name);
    };
    ASSIGN_OR_RETURN(const auto existing, session.sealing_key());
    if (existing && (if_missing_ || dry_run_)) return tell(session, "a key is set", existing->source);
    if (dry_run_) {
      ASSIGN_OR_RETURN(const auto path, repository::default_key_file(variable));
      return tell(session, "would write a new key to", path.string());
    }
    ASSIGN_OR_RETURN(const auto path, repository::create_key_file(variable, base));
    session.reporter().info(
        "keep a copy of it where neither this machine nor the backups can be lost with it: without it no "
        "secret opens");
    return tell(session, "wrote a new key to", path.string());
  }

 private:
  static Result<ExitCode> tell(Session& session, const std::string& what, const std::string& where) {
    session.console().print(fmt::format("{}: {}", what, where));
    session.console().emit("key", {{"state", what}, {"source", where}});
    return ExitCode::kOk;
  }

  bool if_missing_ = false;
  bool dry_run_ = false;
};

}  // namespace

std::unique_ptr<Command> make_key_init_command() { return std::make_unique<KeyInitCommand>(); }

}  // namespace summit::cli
