// replicate, repair: the same backups in two places.
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/restore_flow.h"
#include "core/bytes.h"
#include "repository/place/repair_backup.h"
#include "repository/place/replicate_backups.h"

namespace summit::cli {
namespace {

using nlohmann::ordered_json;
using repository::packed::Repair;

class ReplicateCommand final : public Command {
 public:
  std::string name() const override { return "replicate"; }
  std::string summary() const override { return "bring backups to another place as well"; }
  std::string examples() const override {
    return "  summit-dr replicate --all --to=s3://summit-backups-dr/dr-backups\n"
           "  summit-dr replicate latest --to=/mnt/safe/backups --dry-run\n";
  }

  void define(OptionSet& options) override {
    options.positional("backup", reference_, "the backup's id or path, `latest`, or `<env>-latest`");
    options.flag("--all", all_, "every backup of the repository");
    options.option("--to", to_, "the other place: a directory or s3://bucket/prefix")->required();
    options.flag("--dry-run", dry_run_, "say what would be copied and stop");
  }

  Result<ExitCode> run(Session& session) override {
    if (all_ == !reference_.empty())
      return Error(Code::kUsage, "name a backup or --all, and not both")
          .hint("summit-dr replicate --all --to=…");
    ASSIGN_OR_RETURN(const auto source, source_of(session));
    ASSIGN_OR_RETURN(const auto there, other_place(session));
    if (there && there->describe() == source.repository->describe())
      return Error(Code::kUsage, "{} is the place that the backups are in", to_).hint("--to=LOCATION");
    const auto id = all_ ? std::nullopt : std::optional(source.id);
    ASSIGN_OR_RETURN(const auto plan, repository::plan_replication(*source.repository, there.get(), id,
                                                                   session.cancellation()));
    for (const auto& conflict : plan.conflicts)
      session.reporter().warn(fmt::format("{} has another backup {}: it was not copied", to_, conflict));
    if (dry_run_) return announce(plan, to_, session);
    ASSIGN_OR_RETURN(const auto done,
                     repository::replicate_backups(*source.repository, *there, plan, session.reporter(),
                                                   session.cancellation()));
    tell(plan, done, there->describe(), session);
    return plan.conflicts.empty() ? ExitCode::kOk : ExitCode::kPartial;
  }

 private:
  Result<ResolvedReference> source_of(Session& session) const {
    if (!all_) return resolve_reference(reference_, session);
    ASSIGN_OR_RETURN(const auto repository, open_repository(session));
    return ResolvedReference{repository, {}};
  }

  // Null for one that a dry run leaves to be made.
  Result<Repository> other_place(Session& session) const {
    if (!dry_run_) return open_place(session, to_, IfMissing::kCreate);
    auto there = open_place(session, to_, IfMissing::kFail);
    if (!there.ok() && there.error().code() == Code::kRepositoryMissing) return Repository();
    return there;
  }

  static Result<ExitCode> announce(const repository::ReplicationPlan& plan, const std::string& to,
                                   Session& session) {
    std::string text = fmt::format("to {}:", to);
    if (plan.repository)
      text += fmt::format("\nthe packed repository: {} packs, {}", plan.packs, human_bytes(plan.pack_bytes));
    for (const auto& id : plan.copies) text += "\n" + id;
    text += fmt::format("\nwould copy {}", human_bytes(plan.pack_bytes + plan.copy_bytes));
    session.console().print(text);
    session.console().emit("replication_plan", {{"to", to},
                                                {"repository", plan.repository},
                                                {"packs", plan.packs},
                                                {"bytes", plan.pack_bytes + plan.copy_bytes},
                                                {"copies", plan.copies},
                                                {"present", plan.present},
                                                {"conflicts", plan.conflicts}});
    return ExitCode::kOk;
  }

  static void tell(const repository::ReplicationPlan& plan, const repository::ReplicatedBackups& done,
                   const std::string& to, Session& session) {
    std::string text = fmt::format("{} holds", to);
    ordered_json repository = nullptr;
    if (done.packed) {
      text += fmt::format(" the packed repository ({} new packs, {} new records, {} sent);",
                          done.packed->packs, done.packed->records, human_bytes(done.packed->bytes));
      repository = {{"packs", done.packed->packs},
                    {"bytes", done.packed->bytes},
                    {"records", done.packed->records},
                    {"removed_packs", done.packed->removed_packs}};
    }
    text += fmt::format(" {} plain backups copied, {} were there", done.copied.size(), plan.present.size());
    session.console().print(text);
    session.console().emit("replication", {{"to", to},
                                           {"repository", repository},
                                           {"copied", done.copied},
                                           {"present", plan.present},
                                           {"conflicts", plan.conflicts}});
  }

  std::string reference_;
  std::string to_;
  bool all_ = false;
  bool dry_run_ = false;
};

class RepairCommand final : public Command {
 public:
  std::string name() const override { return "repair"; }
  std::string summary() const override { return "mend damaged backups with what a replica holds of them"; }
  std::string examples() const override {
    return "  summit-dr repair --from=s3://summit-backups-dr/dr-backups\n"
           "  summit-dr repair --from=/mnt/safe/backups --dry-run\n";
  }

  void define(OptionSet& options) override {
    options.option("--from", from_, "the replica: a directory or s3://bucket/prefix")->required();
    options.flag("--dry-run", dry_run_, "say what is damaged and stop");
  }

  Result<ExitCode> run(Session& session) override {
    ASSIGN_OR_RETURN(const auto repository, open_repository(session));
    ASSIGN_OR_RETURN(const auto replica, open_place(session, from_, IfMissing::kFail));
    if (replica->describe() == repository->describe())
      return Error(Code::kUsage, "{} cannot mend itself", from_).hint("--from=LOCATION");
    ASSIGN_OR_RETURN(auto repairs, mend_packed(*repository, *replica, session));
    ASSIGN_OR_RETURN(const auto of_plain, mend_plain(*repository, *replica, session));
    repairs.insert(repairs.end(), of_plain.begin(), of_plain.end());
    return report(repairs, session);
  }

 private:
  Result<std::vector<Repair>> mend_packed(const repository::CombinedRepository& repository,
                                          const repository::CombinedRepository& replica,
                                          Session& session) const {
    const auto packed = repository.need_packed();
    if (!packed.ok() && packed.error().code() == Code::kRepositoryMissing) return std::vector<Repair>{};
    RETURN_IF_ERROR(packed);
    return repository::packed::repair(**packed, replica.store(), session.reporter(), session.cancellation(),
                                      dry_run_);
  }

  Result<std::vector<Repair>> mend_plain(repository::CombinedRepository& repository,
                                         const repository::CombinedRepository& replica,
                                         Session& session) const {
    std::vector<Repair> repairs;
    ASSIGN_OR_RETURN(const auto backups, repository.list());
    for (const auto& backup : backups) {
      if (backup.metadata.layout == "packed") continue;
      ASSIGN_OR_RETURN(const auto found,
                       repository::repair_plain(repository, backup.id, replica, dry_run_, session.reporter(),
                                                session.cancellation()));
      repairs.insert(repairs.end(), found.begin(), found.end());
    }
    return repairs;
  }

  Result<ExitCode> report(const std::vector<Repair>& repairs, Session& session) const {
    size_t mended = 0;
    std::string text;
    for (const auto& repair : repairs) {
      mended += repair.mended ? 1 : 0;
      const char* state = repair.mended ? "mended" : dry_run_ ? "damaged" : "not mended";
      text += fmt::format("{:<10}  {}: {}\n", state, repair.object, repair.problem);
      session.console().emit(
          "repair", {{"object", repair.object}, {"problem", repair.problem}, {"mended", repair.mended}});
    }
    text += repairs.empty() ? "nothing is damaged" : fmt::format("{} of {} mended", mended, repairs.size());
    session.console().print(text);
    session.console().emit("repaired",
                           {{"found", repairs.size()}, {"mended", mended}, {"dry_run", dry_run_}});
    return mended == repairs.size() ? ExitCode::kOk : ExitCode::kVerificationFailed;
  }

  std::string from_;
  bool dry_run_ = false;
};

}  // namespace

std::unique_ptr<Command> make_replicate_command() { return std::make_unique<ReplicateCommand>(); }
std::unique_ptr<Command> make_repair_command() { return std::make_unique<RepairCommand>(); }

}  // namespace summit::cli
