// repository init, info, promote: the packed repository as a whole.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/buckets.h"
#include "cli/command.h"
#include "cli/repositories.h"
#include "cli/repository_keys.h"
#include "core/bytes.h"
#include "repository/packed/aws_key_service.h"
#include "repository/packed/repository_summary.h"
#include "repository/place/open_repository.h"
#include "storage/aws_credentials.h"
#include "storage/open_store.h"

namespace summit::cli {
namespace {

using namespace repository::packed;

class RepositoryInitCommand final : public Command {
 public:
  std::string name() const override { return "repository init"; }
  std::string summary() const override { return "make a packed repository, and its bucket when asked"; }
  std::string examples() const override {
    return "  summit-dr repository init\n"
           "  summit-dr repository init --location=s3://summit-backups-prod/summit-backups --create-bucket "
           "--object-lock\n"
           "  summit-dr repository init --new-passphrase-file=/root/backups.pass --label='on-call safe'\n";
  }

  void define(OptionSet& options) override {
    options.option("--location", location_, "a directory or s3://bucket/prefix (default: BACKUP_BASE)");
    options.flag("--create-bucket", create_bucket_, "make the bucket when it is not there");
    options.flag("--object-lock", object_lock_, "make it with object lock, which cannot be chosen later");
    options.flag("--single-writer", single_writer_,
                 "promise that there will never be two writers at once, for storage that ignores conditions");
    options.flag("--dry-run", dry_run_, "say what would be made and stop");
    new_.define(options);
  }

  Result<ExitCode> run(Session& session) override {
    std::string location = location_;
    if (location.empty()) {
      ASSIGN_OR_RETURN(location, session.backup_location());
    }
    ASSIGN_OR_RETURN(const auto slots, slots_for(session, location));
    if (dry_run_) return announce(location, session);
    RETURN_IF_ERROR(prepare_bucket(location, session));
    ASSIGN_OR_RETURN(const auto store, open_for_writing(location, session));
    RETURN_IF_ERROR(refuse_dangerous_lifecycle(location, session));
    ASSIGN_OR_RETURN(const auto service, key_service(session));
    ASSIGN_OR_RETURN(const auto made,
                     PackedRepository::create(store, slots.front(), service.get(), {}, single_writer_));
    SlotStore more(*store, made->id(), service.get(), session.cancellation());
    for (size_t index = 1; index < slots.size(); ++index)
      RETURN_IF_ERROR(more.add(made->keys(), slots[index]), "adding a key slot");
    const auto id = made->id().to_hex();
    session.console().print(fmt::format("made the packed repository {} in {}", id, store->describe()));
    session.console().emit("repository", {{"id", id}, {"location", store->describe()}, {"state", "created"}});
    return ExitCode::kOk;
  }

 private:
  // The keys that are named; else the one that is set; else a person is asked.
  Result<std::vector<NewSlot>> slots_for(Session& session, const std::string& location) const {
    ASSIGN_OR_RETURN(auto slots, new_.named(session));
    if (!slots.empty()) return slots;
    ASSIGN_OR_RETURN(const auto* configuration, session.configuration());
    ASSIGN_OR_RETURN(const auto choice, session.key_choice());
    const auto variable = [configuration](const std::string& name) {
      return configuration->variables.get(name);
    };
    const fs::path base = repository::is_s3(location) ? fs::path() : fs::path(location);
    ASSIGN_OR_RETURN(auto secrets, find_secrets(choice, variable, base, session.cancellation()));
    if (secrets.empty()) return new_.named_or_asked(session);
    ASSIGN_OR_RETURN(auto slot, new_.slot_for(std::move(secrets.front())));
    if (slot.label.empty()) slot.label = "first";
    slots.push_back(std::move(slot));
    return slots;
  }

  Result<ExitCode> announce(const std::string& location, Session& session) const {
    const char* bucket = create_bucket_ ? ", and its bucket when it is not there" : "";
    session.console().print(fmt::format("would make a packed repository in {}{}", location, bucket));
    session.console().emit("repository", {{"id", ""}, {"location", location}, {"state", "planned"}});
    return ExitCode::kOk;
  }

  Result<void> prepare_bucket(const std::string& location, Session& session) const {
    if (!create_bucket_ && !object_lock_) return {};
    ASSIGN_OR_RETURN(const auto bucket, open_bucket(session, location));
    ASSIGN_OR_RETURN(const bool exists, bucket->exists(session.cancellation()));
    if (!exists && create_bucket_) return bucket->create(object_lock_, session.cancellation());
    if (!exists) return {};
    if (!object_lock_) return {};
    ASSIGN_OR_RETURN(const auto lock, bucket->object_lock(session.cancellation()));
    if (lock.enabled) return {};
    return Error(Code::kRefused, "the bucket of {} is there already, without object lock", location)
        .hint("object lock is chosen when a bucket is created: name another one, or leave --object-lock out");
  }

  static Result<std::shared_ptr<storage::ObjectStore>> open_for_writing(const std::string& location,
                                                                        Session& session) {
    ASSIGN_OR_RETURN(const auto* configuration, session.configuration());
    storage::OpenOptions options;
    options.variables = [configuration](const std::string& name) {
      return configuration->variables.get(name);
    };
    options.create_directory = true;
    if (repository::is_s3(location)) {
      ASSIGN_OR_RETURN(options.s3, settings_for(backup::destination_at(*configuration, location),
                                                configuration->variables));
    }
    auto opened = storage::open_store(location, options, session.cancellation());
    if (!opened.ok() && opened.error().code() == Code::kRepositoryMissing)
      return Error(opened.error()).hint("make the bucket too: --create-bucket");
    if (!opened.ok()) return std::move(opened).error();
    return std::shared_ptr<storage::ObjectStore>(*std::move(opened));
  }

  static Result<void> refuse_dangerous_lifecycle(const std::string& location, Session& session) {
    const auto place = storage::parse_s3_location(location);
    if (!place) return {};
    ASSIGN_OR_RETURN(const auto bucket, open_bucket(session, location));
    const auto rules = bucket->lifecycle(session.cancellation());
    // Who may not ask, or asks a server without lifecycles, is not kept from backing up.
    if (!rules.ok()) return {};
    backup::BucketPrefix prefix{.prefix = place->prefix, .sets = {}};
    prefix.holds_packed = true;
    backup::BucketLayout layout{.bucket = place->bucket, .region = {}, .prefixes = {}};
    layout.prefixes.push_back(std::move(prefix));
    const auto found = backup::dangers(layout, *rules);
    if (found.empty()) return {};
    return Error(Code::kRefused, "{}", found.front())
        .hint("narrow that rule to other keys, or choose another prefix");
  }

  static Result<std::unique_ptr<KeyService>> key_service(Session& session) {
    ASSIGN_OR_RETURN(const auto* configuration, session.configuration());
    const auto variable = [configuration](const std::string& name) {
      return configuration->variables.get(name);
    };
    ASSIGN_OR_RETURN(auto settings, key_service_settings_from(variable));
    const auto identity = storage::AwsIdentity::from_variables(variable, settings.transport);
    return std::unique_ptr<KeyService>(std::make_unique<AwsKeyService>(std::move(settings), identity));
  }

  std::string location_;
  bool create_bucket_ = false;
  bool object_lock_ = false;
  bool single_writer_ = false;
  bool dry_run_ = false;
  NewKeyOptions new_;
};

class RepositoryInfoCommand final : public Command {
 public:
  std::string name() const override { return "repository info"; }
  std::string summary() const override {
    return "show what the repository holds, and what its storage can do";
  }
  std::string examples() const override { return "  summit-dr repository info\n"; }
  void define(OptionSet&) override {}

  Result<ExitCode> run(Session& session) override {
    ASSIGN_OR_RETURN(const auto repository, open_repository(session));
    ASSIGN_OR_RETURN(const auto format, read_format(repository->store(), session.cancellation()));
    ASSIGN_OR_RETURN(const auto* const packed, repository->need_packed());
    ASSIGN_OR_RETURN(const auto summary, summarize(*packed, session.cancellation()));
    SlotStore slots(repository->store(), format.format.id, nullptr, session.cancellation());
    ASSIGN_OR_RETURN(const auto listed, slots.list());
    ASSIGN_OR_RETURN(const auto plain, count_plain(*repository));

    const auto capabilities = repository->store().capabilities();
    const auto verified = summary.verified ? to_rfc3339(*summary.verified) : std::string();
    print(*repository, format.format, summary, listed.size(), plain, session);
    session.console().emit("repository_info",
                           {{"id", format.format.id.to_hex()},
                            {"location", repository->describe()},
                            {"created", to_rfc3339(format.format.created)},
                            {"replica", packed->is_replica()},
                            {"backups", summary.backups},
                            {"pinned", summary.pinned},
                            {"plain_backups", plain},
                            {"packs", summary.packs},
                            {"native_bytes", summary.native_bytes},
                            {"stored_bytes", summary.stored_bytes},
                            {"given_up", {{"packs", summary.doomed_packs}, {"bytes", summary.doomed_bytes}}},
                            {"records", summary.records},
                            {"head", to_hex(summary.head)},
                            {"floor", summary.floor},
                            {"key_slots", listed.size()},
                            {"generation", packed->keys().keyring.newest_generation()},
                            {"verified", verified},
                            {"conditional_put", format.format.conditional_put},
                            {"object_lock", capabilities.object_lock}});
    return ExitCode::kOk;
  }

 private:
  static Result<size_t> count_plain(const repository::CombinedRepository& repository) {
    ASSIGN_OR_RETURN(const auto backups, repository.list());
    return static_cast<size_t>(
        std::ranges::count_if(backups, [](const auto& backup) { return backup.metadata.layout == "plain"; }));
  }

  static std::string ratio(const RepositorySummary& summary) {
    if (summary.stored_bytes == 0) return "-";
    return fmt::format("{:.1f}",
                       static_cast<double>(summary.native_bytes) / static_cast<double>(summary.stored_bytes));
  }

  static void print(const repository::CombinedRepository& repository, const Format& format,
                    const RepositorySummary& summary, size_t slots, size_t plain, Session& session) {
    std::vector<std::pair<std::string, std::string>> lines{
        {"id", format.id.to_hex()},
        {"location", repository.describe()},
        {"made", to_rfc3339(format.created)},
        {"role",
         repository.packed()->is_replica() ? "replica: written by replication alone" : "takes backups"},
        {"backups",
         fmt::format("{} packed ({} pinned), {} plain beside them", summary.backups, summary.pinned, plain)},
        {"native size", human_bytes(summary.native_bytes)},
        {"stored", fmt::format("{} in {} packs, 1 : {}", human_bytes(summary.stored_bytes), summary.packs,
                               ratio(summary))},
        {"given up", fmt::format("{} in {} packs, deleted by a later prune",
                                 human_bytes(summary.doomed_bytes), summary.doomed_packs)},
        {"log", fmt::format("record {}, {}…, floor {}", summary.records, to_hex(summary.head).substr(0, 16),
                            summary.floor)},
        {"keys", fmt::format("{} slots, generation {}", slots,
                             repository.packed()->keys().keyring.newest_generation())},
        {"verified", summary.verified ? to_rfc3339(*summary.verified) : "never"},
        {"writers", format.conditional_put ? "any number at once" : "one: the storage ignores conditions"},
        {"object lock", repository.store().capabilities().object_lock ? "yes" : "no"}};
    std::string text;
    for (const auto& [name, value] : lines) text += fmt::format("{:<13} {}\n", name, value);
    text.pop_back();
    session.console().print(text);
  }
};

class RepositoryPromoteCommand final : public Command {
 public:
  std::string name() const override { return "repository promote"; }
  std::string summary() const override {
    return "let a replica take backups, when the repository that it follows is lost";
  }
  std::string examples() const override {
    return "  summit-dr --backup-base=s3://summit-backups-dr/dr-backups repository promote --yes\n";
  }
  void define(OptionSet& options) override {
    options.flag("--yes", yes_, "no question");
    options.flag("--dry-run", dry_run_, "say whether it is a replica and stop");
  }

  Result<ExitCode> run(Session& session) override {
    ASSIGN_OR_RETURN(const auto repository, open_repository(session));
    ASSIGN_OR_RETURN(auto* const packed, repository->need_packed());
    if (!packed->is_replica())
      return Error(Code::kRefused, "the repository in {} is no replica", repository->describe())
          .hint("summit-dr repository info");
    if (!dry_run_) {
      RETURN_IF_ERROR(confirm(*repository, session));
      RETURN_IF_ERROR(packed->promote());
    }
    const char* what = dry_run_ ? "would take backups" : "takes backups now";
    session.console().print(fmt::format("the repository in {} {}", repository->describe(), what));
    session.console().emit("repository", {{"id", packed->id().to_hex()},
                                          {"location", repository->describe()},
                                          {"state", dry_run_ ? "planned" : "promoted"}});
    return ExitCode::kOk;
  }

 private:
  Result<void> confirm(const repository::CombinedRepository& repository, Session& session) const {
    if (yes_) return {};
    const auto answer = session.console().ask(
        fmt::format("the repository that {} follows must never be written to again; type yes to go on:",
                    repository.describe()));
    if (answer == "yes") return {};
    return Error(Code::kRefused, "{} was not promoted: nobody confirmed it", repository.describe())
        .hint("--yes");
  }

  bool yes_ = false;
  bool dry_run_ = false;
};

}  // namespace

std::unique_ptr<Command> make_repository_init_command() { return std::make_unique<RepositoryInitCommand>(); }
std::unique_ptr<Command> make_repository_info_command() { return std::make_unique<RepositoryInfoCommand>(); }
std::unique_ptr<Command> make_repository_promote_command() {
  return std::make_unique<RepositoryPromoteCommand>();
}

}  // namespace summit::cli
