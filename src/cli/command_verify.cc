#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/restore_flow.h"
#include "cli/show.h"

namespace summit::cli {
namespace {

class VerifyCommand final : public Command {
 public:
  std::string name() const override { return "verify"; }
  std::string summary() const override { return "read a backup whole and compare it with its checksums"; }
  std::string examples() const override { return "  summit-dr verify latest\n  summit-dr verify --all\n"; }

  void define(OptionSet& options) override {
    options.positional("backup", reference_, "the backup's id or path, `latest`, or `<env>-latest`");
    options.flag("--all", all_, "every backup of the repository");
    options.flag("--dry-run", dry_run_, "say what would be read and stop");
  }

  Result<ExitCode> run(Session& session) override {
    ASSIGN_OR_RETURN(const auto targets, chosen(session));
    bool intact = true;
    for (const auto& target : targets) {
      ASSIGN_OR_RETURN(const bool good, dry_run_ ? announce(target, session) : verify(target, session));
      intact = intact && good;
    }
    return intact ? ExitCode::kOk : ExitCode::kVerificationFailed;
  }

 private:
  Result<std::vector<ResolvedReference>> chosen(Session& session) const {
    std::vector<ResolvedReference> targets;
    if (!all_) {
      ASSIGN_OR_RETURN(auto target, resolve_reference(reference_, session));
      targets.push_back(std::move(target));
      return targets;
    }
    ASSIGN_OR_RETURN(const auto repository, open_repository(session));
    ASSIGN_OR_RETURN(const auto backups, repository->list());
    for (const auto& backup : backups) targets.push_back({repository, backup.id});
    return targets;
  }

  static Result<bool> verify(const ResolvedReference& target, Session& session) {
    ASSIGN_OR_RETURN(const auto report,
                     target.repository->verify(target.id, session.reporter(), session.cancellation()));
    session.console().print(cli::show(report));
    session.console().emit("verification", to_json(report));
    return report.findings.empty();
  }

  static Result<bool> announce(const ResolvedReference& target, Session& session) {
    ASSIGN_OR_RETURN(const auto backup, target.repository->open(target.id));
    const auto bytes = backup->metadata().total_size();
    session.console().print(fmt::format("would read {} of {}", human_bytes(bytes), target.id));
    session.console().emit("verification_plan", {{"id", target.id}, {"bytes", bytes}});
    return true;
  }

  std::string reference_ = "latest";
  bool all_ = false;
  bool dry_run_ = false;
};

}  // namespace

std::unique_ptr<Command> make_verify_command() { return std::make_unique<VerifyCommand>(); }

}  // namespace summit::cli
