#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/restore_flow.h"
#include "cli/show.h"
#include "core/bytes.h"

namespace summit::cli {
namespace {

class VerifyCommand final : public Command {
 public:
  std::string name() const override { return "verify"; }
  std::string summary() const override { return "read a backup whole and compare it with its checksums"; }
  std::string examples() const override {
    return "  summit-dr verify latest\n"
           "  summit-dr verify --all\n"
           "  summit-dr verify latest --level=1                         # stored bytes only; needs no key\n"
           "  summit-dr verify --all --fraction=0.1 --bandwidth=20MB    # a sample, gently\n";
  }

  void define(OptionSet& options) override {
    options.positional("backup", reference_, "the backup's id or path, `latest`, or `<env>-latest`");
    options.flag("--all", all_, "every backup of the repository");
    options
        .option("--level", level_,
                "1: stored bytes are as they were written; 2: also every chunk opens and is what it was")
        ->check(CLI::Range(1, 2));
    options.option("--fraction", fraction_, "of a packed backup's packs, chosen anew each time: 0.1")
        ->check(CLI::Range(0.0001, 1.0));
    options.option("--bandwidth", bandwidth_, "bytes a second at most: 20MB");
    options.flag("--dry-run", dry_run_, "say what would be read and stop");
  }

  Result<ExitCode> run(Session& session) override {
    ASSIGN_OR_RETURN(const auto how, verify_options());
    ASSIGN_OR_RETURN(const auto targets, chosen(session));
    bool intact = true;
    for (const auto& target : targets) {
      ASSIGN_OR_RETURN(const bool good, dry_run_ ? announce(target, session) : verify(target, how, session));
      intact = intact && good;
    }
    return intact ? ExitCode::kOk : ExitCode::kVerificationFailed;
  }

 private:
  Result<repository::VerifyOptions> verify_options() const {
    repository::VerifyOptions how{.level = level_, .fraction = fraction_, .bytes_per_second = 0};
    if (!bandwidth_.empty() && (!parse_bytes(bandwidth_, how.bytes_per_second) || how.bytes_per_second == 0))
      return Error(Code::kUsage, "--bandwidth: \"{}\" is no size", bandwidth_)
          .hint("bytes a second, such as --bandwidth=20MB");
    return how;
  }

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

  static Result<bool> verify(const ResolvedReference& target, const repository::VerifyOptions& how,
                             Session& session) {
    ASSIGN_OR_RETURN(const auto report,
                     target.repository->verify(target.id, how, session.reporter(), session.cancellation()));
    session.console().print(cli::show(report, how));
    session.console().emit("verification", to_json(report, how));
    return report.findings.empty();
  }

  static Result<bool> announce(const ResolvedReference& target, Session& session) {
    ASSIGN_OR_RETURN(const auto backup, target.repository->open(target.id));
    const auto bytes = backup->metadata().total_size();
    session.console().print(fmt::format("would read {} of {}", human_bytes(bytes), target.id));
    session.console().emit("verification_plan", {{"id", target.id}, {"bytes", bytes}});
    return true;
  }

  int level_ = 2;
  double fraction_ = 1.0;
  std::string bandwidth_;
  std::string reference_ = "latest";
  bool all_ = false;
  bool dry_run_ = false;
};

}  // namespace

std::unique_ptr<Command> make_verify_command() { return std::make_unique<VerifyCommand>(); }

}  // namespace summit::cli
