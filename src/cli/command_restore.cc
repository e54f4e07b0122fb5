#include <nlohmann/json.hpp>

#include "backup/identity.h"
#include "cli/command.h"
#include "cli/restore_flow.h"
#include "cli/show.h"
#include "recovery/plan.h"

namespace summit::cli {
namespace {

// "public.users,\"a,b\".t": at commas outside double quotes.
std::vector<std::string> split_names(const std::string& text) {
  std::vector<std::string> names(1);
  bool quoted = false;
  for (const char c : text) {
    quoted = quoted != (c == '"');
    if (c == ',' && !quoted) {
      names.emplace_back();
    } else {
      names.back() += c;
    }
  }
  std::erase(names, "");
  return names;
}

class RestoreCommand final : public Command {
 public:
  std::string name() const override { return "restore"; }
  std::string summary() const override { return "restore a backup into an environment, and compare"; }
  std::string examples() const override {
    return "  summit-dr restore latest --env=dev --dry-run\n"
           "  summit-dr restore summit-backup-full-20260120T020000Z --env=dev\n"
           "  RESTORE_POSTGRES=true summit-dr restore latest --mode=selective\n"
           "  summit-dr restore latest --only=public.users,analytics --env=dev\n"
           "  summit-dr restore summit-backup-tenant-acme-20260120T020000Z --env=dev --dry-run\n"
           "  summit-dr restore summit-backup-tenant-acme-20260120T020000Z --into=acme_of_january --env=dev\n"
           "  summit-dr restore latest --mode=verify-only\n";
  }

  void define(OptionSet& options) override {
    options.positional("backup", reference_, "the backup's id or path, `latest`, or `<env>-latest`");
    options.option("--backup-id", backup_id_, "the same as an option", {"BACKUP_ID"});
    options.option("--backup-path", backup_path_, "a backup's directory, wherever it lies");
    options.option("--mode", mode_, "full, selective (see RESTORE_POSTGRES, …) or verify-only")
        ->check(CLI::IsMember({"full", "selective", "verify-only"}));
    options.option("--datastores", datastores_,
                   "all, or some of postgres, neo4j, redis, config, … (comma-separated)");
    define_restore_options(options, flow_);
    options.flag("--swap", databases_.keep_replaced,
                 "keep the PostgreSQL database that is replaced, under another name");
    options.flag("--in-place", databases_.in_place,
                 "empty and fill the PostgreSQL database instead of replacing it");
    options.option("--into", databases_.into,
                   "restore the PostgreSQL database under this new name, beside the live one");
    options.option("--only", only_, "restore these PostgreSQL tables and schemas only (comma-separated)");
    options.option("--exclude", exclude_, "leave these PostgreSQL tables and schemas as they are");
    options.tristate("--sanitize", sanitize_, "mask private data on the way");
  }

  Result<ExitCode> run(Session& session) override {
    ASSIGN_OR_RETURN(auto request, restore_request(session));
    if (mode_ == "verify-only") return verify_only(request.reference, session);
    return run_restore_flow(std::move(request), flow_, session);
  }

 private:
  Result<recovery::RestoreRequest> restore_request(Session& session) const {
    recovery::RestoreRequest request;
    request.sanitize = sanitize_;
    for (const auto* given : {&backup_path_, &reference_, &backup_id_}) {
      if (request.reference.empty()) request.reference = *given;
    }
    if (request.reference.empty())
      return Error(Code::kUsage, "which backup is to be restored is not said").hint("summit-dr list");
    ASSIGN_OR_RETURN(request.datastores, backup::parse_datastores(datastores_));
    ASSIGN_OR_RETURN(request.databases, database_mode());
    if (mode_ == "selective" && request.datastores.empty()) {
      ASSIGN_OR_RETURN(const auto* configuration, session.configuration());
      ASSIGN_OR_RETURN(request.datastores, recovery::selected_by_variables(configuration->variables));
    }
    return request;
  }

  Result<recovery::DatabaseMode> database_mode() const {
    recovery::DatabaseMode mode = databases_;
    mode.only = split_names(only_);
    mode.exclude = split_names(exclude_);
    if (mode.keep_replaced && mode.in_place) {
      return Error(Code::kUsage, "--swap keeps the old database, --in-place empties it")
          .hint("give one of the two");
    }
    if (mode.selects() && (mode.keep_replaced || mode.in_place)) {
      return Error(Code::kUsage, "--only and --exclude choose tables of the database that is there")
          .hint("leave --swap and --in-place out");
    }
    if (!mode.into.empty() && (mode.keep_replaced || mode.in_place || mode.selects())) {
      return Error(Code::kUsage, "--into makes a new database, and leaves the one that is there alone")
          .hint("leave --swap, --in-place, --only and --exclude out");
    }
    if (mode.in_place && flow_.no_safety_backup) {
      return Error(Code::kRefused,
                   "a restore in place that fails leaves the safety backup as the only way back")
          .hint("leave --no-safety-backup out, or --in-place");
    }
    return mode;
  }

  Result<ExitCode> verify_only(const std::string& reference, Session& session) {
    ASSIGN_OR_RETURN(const auto resolved, resolve_reference(reference, session));
    ASSIGN_OR_RETURN(const auto report,
                     resolved.repository->verify(resolved.id, session.reporter(), session.cancellation()));
    session.console().print(cli::show(report));
    session.console().emit("verification", to_json(report));
    return report.findings.empty() ? ExitCode::kOk : ExitCode::kVerificationFailed;
  }

  std::string reference_;
  std::string backup_id_;
  std::string backup_path_;
  std::string mode_ = "full";
  std::string datastores_ = "all";
  recovery::DatabaseMode databases_;
  std::string only_;
  std::string exclude_;
  std::optional<bool> sanitize_;
  RestoreFlowOptions flow_;
};

class RollbackCommand final : public Command {
 public:
  std::string name() const override { return "rollback"; }
  std::string summary() const override { return "put back what a restore replaced, from its safety backup"; }
  std::string examples() const override { return "  summit-dr rollback latest --env=dev\n"; }

  void define(OptionSet& options) override {
    options.positional("restore", restore_, "the restore's id, or `latest`");
    define_restore_options(options, flow_);
  }

  Result<ExitCode> run(Session& session) override {
    ASSIGN_OR_RETURN(const auto base, session.backup_base());
    ASSIGN_OR_RETURN(const auto record, recovery::find_restore(base, restore_));
    if (record.safety_backup.empty()) {
      return Error(Code::kNotFound,
                   "{} has no safety backup: there was nothing to save, or --no-safety-backup was given",
                   record.id)
          .hint("choose a backup yourself: summit-dr list");
    }
    if (flow_.environment.empty()) flow_.environment = record.environment;
    recovery::RestoreRequest request;
    request.reference = record.safety_backup;
    // The safety backup holds the whole database: other tables may have been written since.
    if (!record.tables.empty()) {
      RETURN_IF_ERROR(check_replaced(record));
      request.databases.undone = record.tables;
    }
    return run_restore_flow(std::move(request), flow_, session);
  }

 private:
  // What a restore created has nothing that could be put back.
  static Result<void> check_replaced(const recovery::RestoreRecord& record) {
    std::vector<std::string> created;
    for (const auto& [component, tables] : record.tables) {
      if (!tables.replaced.empty()) return {};
      created.insert(created.end(), tables.created.begin(), tables.created.end());
    }
    return Error(Code::kNotFound, "{} replaced nothing that could be put back: it created {}", record.id,
                 fmt::join(created, ", "))
        .hint("drop these tables by hand when nobody needs them");
  }

  std::string restore_ = "latest";
  RestoreFlowOptions flow_;
};

}  // namespace

std::unique_ptr<Command> make_restore_command() { return std::make_unique<RestoreCommand>(); }
std::unique_ptr<Command> make_rollback_command() { return std::make_unique<RollbackCommand>(); }

}  // namespace summit::cli
