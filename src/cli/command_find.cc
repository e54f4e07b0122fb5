#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/content_output.h"
#include "cli/restore_flow.h"
#include "core/time.h"
#include "recovery/member_search.h"

namespace summit::cli {
namespace {

class FindCommand final : public Command {
 public:
  std::string name() const override { return "find"; }
  std::string summary() const override { return "say which backups hold a file inside their archives"; }
  std::string examples() const override {
    return "  summit-dr find nginx.conf --all\n"
           "  summit-dr find 'policies/**/*.rego' --in=summit-backup-full-20261121T031048Z\n";
  }

  void define(OptionSet& options) override {
    options
        .positional(
            "name", pattern_,
            "a name at any depth (*, ?, [a-z]); with a slash the path in the archive (** for any depth)")
        ->required();
    auto* in = options.option("--in", reference_, "look in this backup (default: latest)");
    options.flag("--all", all_, "look in every backup, newest first")->excludes(in);
  }

  Result<ExitCode> run(Session& session) override {
    ASSIGN_OR_RETURN(const auto targets, chosen(session));
    recovery::MemberSearch search(pattern_);
    uint64_t found = 0;
    bool whole = true;
    for (const auto& target : targets) {
      const auto show = [&](const recovery::FoundMember& member) -> Result<void> {
        ++found;
        show_member(target.id, member, session);
        return {};
      };
      const auto looked = look_in(target, search, show, session);
      if (looked.ok()) continue;
      // One damaged backup is no reason to hide what the others hold.
      if (!all_ || looked.error().code() == Code::kCancelled) return looked.error();
      session.reporter().warn(
          fmt::format("{} was not searched to its end: {}", target.id, looked.error().to_string()));
      whole = false;
    }
    session.console().emit("search",
                           {{"pattern", pattern_}, {"backups", targets.size()}, {"members", found}});
    if (!whole) return ExitCode::kPartial;
    if (found > 0) return ExitCode::kOk;
    return nothing_found(targets);
  }

 private:
  using Show = std::function<Result<void>(const recovery::FoundMember&)>;
  static Result<void> look_in(const ResolvedReference& target, recovery::MemberSearch& search,
                              const Show& show, Session& session) {
    ASSIGN_OR_RETURN(const auto backup, target.repository->open(target.id));
    return search.look_in(*backup, show, session.reporter(), session.cancellation());
  }

  Error nothing_found(const std::vector<ResolvedReference>& targets) const {
    Error error(Code::kNotFound, "no file `{}` is in {}", pattern_,
                targets.size() == 1 ? targets.front().id : fmt::format("{} backups", targets.size()));
    return std::move(error).hint(all_ ? "quote the pattern, so that the shell leaves it alone"
                                      : "look in every backup: --all");
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
    if (!targets.empty()) return targets;
    return Error(Code::kNotFound, "there is no backup in {}", repository->describe())
        .hint("make the first one: summit-dr backup --set=full");
  }

  static void show_member(const std::string& id, const recovery::FoundMember& member, Session& session) {
    const auto modified = to_rfc3339(member.modified);
    session.console().print(fmt::format("{}  {}  {}  {:>12} {}", id, member.artifact,
                                        modified.substr(0, 19) + "Z", member.size, printable(member.path)));
    session.console().emit("member", {{"backup", id},
                                      {"artifact", member.artifact},
                                      {"path", member.path},
                                      {"type", member.type},
                                      {"bytes", member.size},
                                      {"modified", modified}});
  }

  std::string pattern_;
  std::string reference_ = "latest";
  bool all_ = false;
};

}  // namespace

std::unique_ptr<Command> make_find_command() { return std::make_unique<FindCommand>(); }

}  // namespace summit::cli
