#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/restore_flow.h"
#include "repository/backup_id.h"
#include "repository/copy_backup.h"
#include "repository/place/open_repository.h"

namespace summit::cli {
namespace {

// A backup elsewhere, and what it is read through.
struct Source {
  Repository repository;  // null for a directory
  std::unique_ptr<repository::BackupReader> backup;
  std::string place;
};

class ImportCommand final : public Command {
 public:
  std::string name() const override { return "import"; }
  std::string summary() const override { return "take a backup that lies elsewhere into this repository"; }
  std::string examples() const override {
    return "  summit-dr import /mnt/handover/summit-backup-full-20261121T031048Z\n"
           "  summit-dr import s3://old-bucket/backups/summit-backup-full-20261121T031048Z --layout=packed\n";
  }

  void define(OptionSet& options) override {
    options.positional("backup", source_, "the backup's directory, or s3://bucket/prefix/ID")->required();
    options
        .option("--layout", layout_,
                "packed or plain; default: packed where there is a packed repository, else plain")
        ->check(CLI::IsMember({"plain", "packed"}));
    options.flag("--dry-run", dry_run_, "say what would be copied and stop");
  }

  Result<ExitCode> run(Session& session) override {
    ASSIGN_OR_RETURN(const auto source, open_source(session));
    const auto& id = source.backup->metadata().id;
    ASSIGN_OR_RETURN(const auto place, session.backup_location());
    ASSIGN_OR_RETURN(const auto layout, layout_at(session));
    RETURN_IF_ERROR(refuse_present(session, id));
    if (dry_run_) return announce(*source.backup, place, layout, session);
    ASSIGN_OR_RETURN(const auto target, repository_for(session, layout));
    ASSIGN_OR_RETURN(const auto copied, repository::copy_backup(*source.backup, *target, session.reporter(),
                                                                session.cancellation()));
    session.console().print(fmt::format("imported {} ({}) into {} ({} layout)", id,
                                        human_bytes(copied.total_size()), target->describe(),
                                        name_of(layout)));
    session.console().emit("import", {{"id", id},
                                      {"bytes", copied.total_size()},
                                      {"to", target->describe()},
                                      {"layout", name_of(layout)}});
    return ExitCode::kOk;
  }

 private:
  Result<Source> open_source(Session& session) const {
    std::error_code ignored;
    if (!repository::is_s3(source_) && fs::exists(source_, ignored)) return open_directory();
    const auto slash = source_.find_last_not_of('/') == std::string::npos
                           ? std::string::npos
                           : source_.rfind('/', source_.find_last_not_of('/'));
    const auto id = repository::parse_reference(
        slash == std::string::npos ? std::string_view(source_) : std::string_view(source_).substr(slash + 1));
    if (slash == std::string::npos || slash == 0 || !id.ok()) {
      return Error(Code::kNotFound, "there is no backup at {}", source_)
          .hint("name its directory, or s3://bucket/prefix/ID");
    }
    Source source{.repository = {}, .backup = {}, .place = source_.substr(0, slash)};
    ASSIGN_OR_RETURN(source.repository, open_repository(session, source.place));
    ASSIGN_OR_RETURN(source.backup, source.repository->open(id->id));
    return source;
  }

  // A directory under any name whose metadata say which backup it is.
  Result<Source> open_directory() const {
    const fs::path path = fs::absolute(source_).lexically_normal();
    const fs::path directory = path.has_filename() ? path : path.parent_path();
    Source source{.repository = {}, .backup = {}, .place = directory.parent_path()};
    const repository::PlainRepository files(directory.parent_path());
    ASSIGN_OR_RETURN(source.backup, files.open(directory.string()));
    if (source.backup->metadata().layout == "plain") return source;
    return Error(Code::kUnsupported,
                 "{} is only the view of a packed backup: its bytes are in the repository", source_)
        .hint(fmt::format("copy that: summit-dr --backup-base={} replicate --to=LOCATION, or export it first",
                          source.place));
  }

  Result<config::Layout> layout_at(Session& session) const {
    if (layout_ == "packed") return config::Layout::kPacked;
    if (layout_ == "plain") return config::Layout::kPlain;
    const auto present = open_repository(session);
    if (!present.ok() && present.error().code() != Code::kRepositoryMissing) return present.error();
    if (!present.ok()) return config::Layout::kPlain;
    const auto packed = (*present)->need_packed();
    if (packed.ok()) return config::Layout::kPacked;
    // One that is there and does not open must not make the import a plain one unasked.
    if (packed.error().code() != Code::kRepositoryMissing) return packed.error();
    return config::Layout::kPlain;
  }

  // In either layout: a packed copy would overwrite the metadata of a plain backup of the same id.
  static Result<void> refuse_present(Session& session, const std::string& id) {
    const auto present = open_repository(session);
    if (!present.ok()) {
      if (present.error().code() == Code::kRepositoryMissing) return {};
      return present.error();
    }
    const auto backup = (*present)->open(id);
    if (!backup.ok() && backup.error().code() == Code::kNotFound) return {};
    return Error(Code::kAlreadyExists, "backup {} is in {} already", id, (*present)->describe())
        .hint("to change its layout, move its directory out of the repository and import it from there");
  }

  static Result<ExitCode> announce(const repository::BackupReader& backup, const std::string& place,
                                   config::Layout layout, Session& session) {
    const auto& metadata = backup.metadata();
    session.console().print(fmt::format("would copy {} ({}) into {} ({} layout)", metadata.id,
                                        human_bytes(metadata.total_size()), place, name_of(layout)));
    session.console().emit(
        "import_plan",
        {{"id", metadata.id}, {"bytes", metadata.total_size()}, {"to", place}, {"layout", name_of(layout)}});
    return ExitCode::kOk;
  }

  std::string source_;
  std::string layout_;
  bool dry_run_ = false;
};

}  // namespace

std::unique_ptr<Command> make_import_command() { return std::make_unique<ImportCommand>(); }

}  // namespace summit::cli
