#include <nlohmann/json.hpp>

#include "backup/destinations.h"
#include "backup/identity.h"
#include "backup/runner.h"
#include "cli/command.h"
#include "cli/show.h"
#include "cli/store_too.h"

namespace summit::cli {
namespace {

struct BackupOptions {
  std::string set = "full";
  std::string environment;
  std::string datastores = "all";
  std::string layout;
  std::string id_form = "set";
  std::string label;
  std::string s3_bucket;
  size_t jobs = 2;
  bool upload_s3 = false;
  bool dry_run = false;
  bool confirm_production = false;
};

class BackupCommand final : public Command {
 public:
  std::string name() const override { return "backup"; }
  std::string summary() const override { return "back up a set of stores at one instant"; }
  std::string examples() const override {
    return "  summit-dr backup --set=full\n"
           "  summit-dr backup --set=full --datastores=postgres,redis\n"
           "  summit-dr backup --set=config_only --dry-run\n";
  }

  void define(OptionSet& options) override {
    options.option("--set", options_.set, "the set of config/backup-sets.yaml to take");
    options.option("--env", options_.environment,
                   "the environment to read (default: SUMMIT_DR_ENVIRONMENT, else dev)");
    options.option("--datastores", options_.datastores,
                   "all, or some of postgres, neo4j, redis, config, … (comma-separated)");
    options.option("--layout", options_.layout, "plain (native files) or packed; default: the environment's")
        ->check(CLI::IsMember({"plain", "packed"}));
    options
        .option("--id-form", options_.id_form,
                "`set`: summit-backup-<set>-…Z; `database`: summit-backup-YYYYMMDD_HHMMSS")
        ->check(CLI::IsMember({"set", "database"}));
    options.option("--label", options_.label, "a note kept in the metadata");
    options.option("--s3-bucket", options_.s3_bucket, "store the backup in this bucket too",
                   {"S3_BUCKET", "BACKUP_BUCKET"});
    options.option("--jobs", options_.jobs, "connections and threads each store may use")
        ->check(CLI::Range(1, 64));
    options.flag("--upload-s3", options_.upload_s3, "store the backup in the environment's bucket too");
    options.flag("--dry-run", options_.dry_run, "show the plan and stop");
    options.flag("--confirm-production", options_.confirm_production, "needed to read production");
  }

  Result<ExitCode> run(Session& session) override {
    ASSIGN_OR_RETURN(const auto* declared, session.declared_environment(options_.environment));
    ASSIGN_OR_RETURN(const auto wanted, request());
    // Before any variable is missed: who may not read production is not told to set its passwords first.
    RETURN_IF_ERROR(backup::check_production(*declared, options_.confirm_production));
    ASSIGN_OR_RETURN(const auto environment,
                     session.environment(declared->name,
                                         backup::endpoint_kinds(wanted.datastores, backup::Purpose::kRead)));
    ASSIGN_OR_RETURN(const auto* configuration, session.configuration());
    ASSIGN_OR_RETURN(auto plan, backup::plan_backup(wanted, environment, *configuration));
    ASSIGN_OR_RETURN(const auto destinations, backup::destinations_of(wanted, *plan.set, environment));
    RETURN_IF_ERROR(permit(plan, session));
    ASSIGN_OR_RETURN(const auto base, session.backup_base());
    ASSIGN_OR_RETURN(const auto key, session.sealing_key());
    if (options_.dry_run) return show_plan(plan, base, session);

    for (const auto& warning : plan.warnings) session.reporter().warn(warning);
    ASSIGN_OR_RETURN(const auto repository, repository_for(session, plan.layout));
    ASSIGN_OR_RETURN(auto outcome, backup::run_backup(plan, *configuration, *repository, session.reporter(),
                                                      session.cancellation(), key));
    for (auto& shortfall : store_too(*repository, outcome.metadata.id, destinations, *plan.set, session))
      outcome.shortfalls.push_back(std::move(shortfall));
    session.console().print(cli::show(outcome));
    session.console().emit("backup", to_json(outcome));
    return outcome.complete() ? ExitCode::kOk : ExitCode::kPartial;
  }

 private:
  Result<backup::BackupRequest> request() const {
    backup::BackupRequest request;
    ASSIGN_OR_RETURN(request.datastores, backup::parse_datastores(options_.datastores));
    request.set = options_.set;
    request.label = options_.label;
    request.jobs = options_.jobs;
    request.database_id_form = options_.id_form == "database";
    if (!options_.layout.empty())
      request.layout = options_.layout == "packed" ? config::Layout::kPacked : config::Layout::kPlain;
    request.s3_bucket = options_.s3_bucket;
    request.upload_s3 = options_.upload_s3;
    return request;
  }

  static Result<void> permit(backup::BackupPlan& plan, Session& session) {
    const auto identities =
        backup::read_identities(*plan.environment, plan.request.datastores, session.cancellation());
    ASSIGN_OR_RETURN(auto warnings,
                     backup::check_identities(*plan.environment, identities, backup::Purpose::kRead));
    plan.warnings.insert(plan.warnings.end(), warnings.begin(), warnings.end());
    return {};
  }

  Result<ExitCode> show_plan(const backup::BackupPlan& plan, const fs::path& base, Session& session) {
    ASSIGN_OR_RETURN(const auto* configuration, session.configuration());
    const auto predicted =
        backup::predict_size(plan, *configuration, session.reporter(), session.cancellation());
    ASSIGN_OR_RETURN(const auto free_bytes, free_space(base));
    session.console().print(cli::show(plan, predicted, free_bytes, base));
    session.console().emit("backup_plan", to_json(plan, predicted, free_bytes, base));
    return ExitCode::kOk;
  }

  BackupOptions options_;
};

}  // namespace

std::unique_ptr<Command> make_backup_command() { return std::make_unique<BackupCommand>(); }

}  // namespace summit::cli
