// pin, unpin: backups that no retention removes.
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/restore_flow.h"

namespace summit::cli {
namespace {

class PinCommand final : public Command {
 public:
  std::string name() const override { return "pin"; }
  std::string summary() const override { return "keep a backup, whatever the retention says"; }
  std::string examples() const override {
    return "  summit-dr pin summit-backup-full-20261121T031048Z --reason='incident 4711'\n";
  }

  void define(OptionSet& options) override {
    options.positional("backup", reference_, "the backup's id or path, `latest`, or `<env>-latest`")
        ->required();
    options.option("--reason", reason_, "why, for whoever wants to unpin it")->required();
    options.flag("--dry-run", dry_run_, "say what would be pinned and stop");
  }

  Result<ExitCode> run(Session& session) override {
    if (reason_.find_first_not_of(" \t\r\n") == std::string::npos)
      return Error(Code::kUsage, "a pin needs a reason").hint("--reason='incident 4711'");
    ASSIGN_OR_RETURN(const auto target, resolve_reference(reference_, session));
    std::string id = target.id;
    if (dry_run_) {
      ASSIGN_OR_RETURN(const auto backup, target.repository->open(target.id));
      id = backup->metadata().id;
    } else {
      ASSIGN_OR_RETURN(id, target.repository->pin(target.id, reason_));
    }
    session.console().print(fmt::format("{}pinned {}: {}", dry_run_ ? "would have " : "", id, reason_));
    session.console().emit("pin", {{"id", id}, {"pinned", true}, {"reason", reason_}, {"dry_run", dry_run_}});
    return ExitCode::kOk;
  }

 private:
  std::string reference_;
  std::string reason_;
  bool dry_run_ = false;
};

class UnpinCommand final : public Command {
 public:
  std::string name() const override { return "unpin"; }
  std::string summary() const override { return "leave a pinned backup to the retention again"; }
  std::string examples() const override { return "  summit-dr unpin summit-backup-full-20261121T031048Z\n"; }

  void define(OptionSet& options) override {
    options.positional("backup", reference_, "the backup's id or path, `latest`, or `<env>-latest`")
        ->required();
  }

  Result<ExitCode> run(Session& session) override {
    ASSIGN_OR_RETURN(const auto target, resolve_reference(reference_, session));
    ASSIGN_OR_RETURN(const auto id, target.repository->unpin(target.id));
    session.console().print(fmt::format("unpinned {}", id));
    session.console().emit("pin", {{"id", id}, {"pinned", false}, {"reason", ""}, {"dry_run", false}});
    return ExitCode::kOk;
  }

 private:
  std::string reference_;
};

}  // namespace

std::unique_ptr<Command> make_pin_command() { return std::make_unique<PinCommand>(); }
std::unique_ptr<Command> make_unpin_command() { return std::make_unique<UnpinCommand>(); }

}  // namespace summit::cli
