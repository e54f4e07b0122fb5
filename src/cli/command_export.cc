#include <unistd.h>

#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/content_output.h"
#include "cli/masked_export.h"
#include "cli/restore_flow.h"
#include "repository/copy_backup.h"
#include "repository/export_artifact.h"

namespace summit::cli {
namespace {

class ExportCommand final : public Command {
 public:
  std::string name() const override { return "export"; }
  std::string summary() const override {
    return "write a backup, or one artifact of it, as native files that stock tools read";
  }
  std::string examples() const override {
    return "  summit-dr export latest --to=/mnt/handover\n"
           "  summit-dr export latest neo4j.dump --to=/tmp\n"
           "  summit-dr export latest redis.rdb --to=- | ssh other 'cat > dump.rdb'\n"
           "  summit-dr export prod-latest --masked --env=dev --to=/mnt/handover\n";
  }

  void define(OptionSet& options) override {
    options.positional("backup", reference_, "the backup's id or path, `latest`, or `<env>-latest`")
        ->required();
    options.positional("artifact", artifact_, "only this artifact, as `ls BACKUP` shows it");
    options.option("--to", to_,
                   "the directory to write into, or `-` for standard output (one artifact); a whole backup "
                   "becomes DIR/<id>");
    options.flag("--masked", masked_,
                 "replace private values by the rules of config/sanitization.yaml, and leave out what "
                 "cannot be masked; a whole backup becomes DIR/<id>-masked-<env>");
    options.option("--env", environment_,
                   "with --masked, the environment whose rules, key and reduction count",
                   {"RESTORE_ENV", "SUMMIT_DR_ENVIRONMENT"});
    options.option("--datastores", datastores_,
                   "with --masked: all, or some of postgres, neo4j, redis, config, … (comma-separated)");
    options.flag("--dry-run", dry_run_, "say what would be written and stop");
  }

  Result<ExitCode> run(Session& session) override {
    const bool to_output = to_ == kStandardOutput;
    if (to_output && artifact_.empty()) {
      return Error(Code::kUsage, "a whole backup is many files, and standard output takes one")
          .hint("name an artifact (summit-dr ls BACKUP), or a directory: --to=DIR");
    }
    if (to_output && !dry_run_) RETURN_IF_ERROR(need_free_output(session));
    if (masked_) {
      return export_masked({.reference = reference_,
                            .artifact = artifact_,
                            .environment = environment_,
                            .datastores = datastores_,
                            .to = to_,
                            .dry_run = dry_run_},
                           session);
    }
    ASSIGN_OR_RETURN(const auto resolved, resolve_reference(reference_, session));
    ASSIGN_OR_RETURN(const auto backup, resolved.repository->open(resolved.id));
    ASSIGN_OR_RETURN(const auto bytes, size_of(backup->metadata()));
    if (dry_run_) return announce(backup->metadata().id, bytes, session);
    if (to_output) return stream(*backup, bytes, session);
    RETURN_IF_ERROR(need_room(to_, bytes));
    return artifact_.empty() ? export_all(*backup, session) : export_one(*backup, bytes, session);
  }

 private:
  Result<uint64_t> size_of(const repository::BackupMetadata& metadata) const {
    if (artifact_.empty()) return metadata.total_size();
    ASSIGN_OR_RETURN(const auto artifact, repository::find_artifact(metadata, artifact_));
    return artifact.size;
  }

  std::string target(const std::string& id) const {
    if (to_ == kStandardOutput) return "standard output";
    return (fs::path(to_) / (artifact_.empty() ? id : artifact_)).string();
  }

  Result<ExitCode> announce(const std::string& id, uint64_t bytes, Session& session) const {
    session.console().print(fmt::format("would write {} to {}", human_bytes(bytes), target(id)));
    session.console().emit("export_plan", {{"id", id}, {"bytes", bytes}, {"to", target(id)}});
    return ExitCode::kOk;
  }

  Result<ExitCode> export_all(const repository::BackupReader& backup, Session& session) const {
    const auto& id = backup.metadata().id;
    const fs::path directory = target(id);
    if (fs::exists(fs::symlink_status(directory))) {
      return Error(Code::kAlreadyExists, "{} exists already", directory.string())
          .hint("export into another directory: --to=DIR");
    }
    repository::PlainRepository files(to_);
    ASSIGN_OR_RETURN(const auto written,
                     repository::copy_backup(backup, files, session.reporter(), session.cancellation()));
    session.reporter().info(
        fmt::format("check it anywhere: cd {} && sha256sum -c CHECKSUMS", directory.string()));
    report(id, directory, written.total_size(), session);
    return ExitCode::kOk;
  }

  Result<ExitCode> export_one(const repository::BackupReader& backup, uint64_t bytes,
                              Session& session) const {
    ASSIGN_OR_RETURN(const auto path, repository::export_artifact(backup, artifact_, to_, session.reporter(),
                                                                  session.cancellation()));
    report(backup.metadata().id, path, bytes, session);
    return ExitCode::kOk;
  }

  Result<ExitCode> stream(const repository::BackupReader& backup, uint64_t bytes, Session& session) const {
    const auto phase = session.reporter().phase(backup.metadata().id, "exporting " + artifact_);
    phase->set_total(bytes);
    ContentOutput output(STDOUT_FILENO, ContentOutput::Binary::kAllow);
    const auto write = [&](ByteView block) {
      phase->advance(block.size());
      return output.write(block);
    };
    RETURN_IF_ERROR(backup.read(artifact_, write, session.cancellation()));
    return ExitCode::kOk;
  }

  static void report(const std::string& id, const fs::path& path, uint64_t bytes, Session& session) {
    session.console().print(fmt::format("{} ({})", path.string(), human_bytes(bytes)));
    session.console().emit("export", {{"id", id}, {"bytes", bytes}, {"to", path.string()}});
  }

  std::string reference_;
  std::string artifact_;
  std::string to_ = ".";
  std::string environment_;
  std::string datastores_ = "all";
  bool masked_ = false;
  bool dry_run_ = false;
};

}  // namespace

std::unique_ptr<Command> make_export_command() { return std::make_unique<ExportCommand>(); }

}  // namespace summit::cli
