#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/content_output.h"
#include "cli/restore_flow.h"
#include "cli/show.h"
#include "core/time.h"
#include "recovery/archive_members.h"

namespace summit::cli {
namespace {

using files::ArchiveEntry;

// As `ls -l` writes it: "-rw-r-----".
std::string permissions(const ArchiveEntry& entry) {
  std::string text = entry.type == ArchiveEntry::Type::kDirectory ? "d"
                     : entry.type == ArchiveEntry::Type::kLink    ? "l"
                                                                  : "-";
  constexpr std::string_view kLetters = "rwxrwxrwx";
  for (size_t i = 0; i < kLetters.size(); ++i) {
    const bool set = (entry.mode >> (kLetters.size() - 1 - i) & 1) != 0;
    text += set ? kLetters[i] : '-';
  }
  return text;
}

std::string owner(const std::string& name, int64_t number) {
  return name.empty() ? std::to_string(number) : printable(name);
}

class LsCommand final : public Command {
 public:
  std::string name() const override { return "ls"; }
  std::string summary() const override { return "list the artifacts of a backup, or the files inside one"; }
  std::string examples() const override {
    return "  summit-dr ls latest\n"
           "  summit-dr ls latest config.tar.zst\n";
  }

  void define(OptionSet& options) override {
    options.positional("backup", reference_, "the backup's id or path, `latest`, or `<env>-latest`");
    options.positional("artifact", artifact_, "an archive of files in it (*.tar.zst)");
  }

  Result<ExitCode> run(Session& session) override {
    ASSIGN_OR_RETURN(const auto resolved, resolve_reference(reference_, session));
    ASSIGN_OR_RETURN(const auto backup, resolved.repository->open(resolved.id));
    if (artifact_.empty()) {
      list_artifacts(backup->metadata(), session);
      return ExitCode::kOk;
    }
    const auto show = [&](const ArchiveEntry& entry) -> Result<void> {
      show_member(resolved.id, entry, session);
      return {};
    };
    RETURN_IF_ERROR(recovery::list_members(*backup, artifact_, show, session.cancellation()));
    return ExitCode::kOk;
  }

 private:
  static void list_artifacts(const repository::BackupMetadata& metadata, Session& session) {
    std::vector<std::vector<std::string>> rows{{"ARTIFACT", "COMPONENT", "SIZE"}};
    for (const auto& component : metadata.components) {
      for (const auto& artifact : component.artifacts) {
        rows.push_back({artifact.name, component.name, human_bytes(artifact.size)});
        session.console().emit("artifact", {{"backup", metadata.id},
                                            {"name", artifact.name},
                                            {"component", component.name},
                                            {"bytes", artifact.size},
                                            {"sha256", artifact.sha256}});
      }
    }
    session.console().print(rows.size() == 1 ? "the backup holds no artifact" : table(rows));
  }

  void show_member(const std::string& id, const ArchiveEntry& entry, Session& session) const {
    const auto time = to_rfc3339(recovery::modified_of(entry));
    const std::string target = entry.target.empty() ? "" : " -> " + printable(entry.target);
    session.console().print(fmt::format("{} {:>8} {:>8} {:>12} {} {}{}", permissions(entry),
                                        owner(entry.user, entry.uid), owner(entry.group, entry.gid),
                                        entry.size, time.substr(0, 19) + "Z", printable(entry.path), target));
    session.console().emit("member", {{"backup", id},
                                      {"artifact", artifact_},
                                      {"path", entry.path},
                                      {"type", recovery::name_of(entry.type)},
                                      {"bytes", entry.size},
                                      {"mode", fmt::format("{:o}", entry.mode)},
                                      {"modified", time},
                                      {"target", entry.target}});
  }

  std::string reference_ = "latest";
  std::string artifact_;
};

}  // namespace

std::unique_ptr<Command> make_ls_command() { return std::make_unique<LsCommand>(); }

}  // namespace summit::cli
