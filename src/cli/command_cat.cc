#include <unistd.h>

#include "cli/command.h"
#include "cli/content_output.h"
#include "cli/restore_flow.h"
#include "recovery/archive_members.h"

namespace summit::cli {
namespace {

class CatCommand final : public Command {
 public:
  std::string name() const override { return "cat"; }
  std::string summary() const override {
    return "write an artifact of a backup, or one file inside it, to standard output";
  }
  std::string examples() const override {
    return "  summit-dr cat latest postgres-full.dump | pg_restore --list\n"
           "  summit-dr cat latest config.tar.zst nginx/nginx.conf\n";
  }

  void define(OptionSet& options) override {
    options.positional("backup", reference_, "the backup's id or path, `latest`, or `<env>-latest`")
        ->required();
    options.positional("artifact", artifact_, "its name, as `ls BACKUP` shows it")->required();
    options.positional("path", path_, "a file inside it, as `ls BACKUP ARTIFACT` shows it");
  }

  Result<ExitCode> run(Session& session) override {
    RETURN_IF_ERROR(need_free_output(session));
    ASSIGN_OR_RETURN(const auto resolved, resolve_reference(reference_, session));
    ASSIGN_OR_RETURN(const auto backup, resolved.repository->open(resolved.id));
    ContentOutput output(STDOUT_FILENO, ContentOutput::Binary::kRefuse);
    const auto write = [&](ByteView bytes) { return output.write(bytes); };
    if (path_.empty()) {
      RETURN_IF_ERROR(backup->read(artifact_, write, session.cancellation()));
    } else {
      RETURN_IF_ERROR(recovery::read_member(*backup, artifact_, path_, write, session.cancellation()));
    }
    return ExitCode::kOk;
  }

 private:
  std::string reference_;
  std::string artifact_;
  std::string path_;
};

}  // namespace

std::unique_ptr<Command> make_cat_command() { return std::make_unique<CatCommand>(); }

}  // namespace summit::cli
