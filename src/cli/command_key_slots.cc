// key list, add, remove, rotate: the slots by which a packed repository opens.
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/repository_keys.h"
#include "cli/show.h"

namespace summit::cli {
namespace {

using namespace repository::packed;
using nlohmann::ordered_json;

ordered_json to_json(const ListedSlot& listed) {
  ordered_json body{{"slot", listed.name}};
  if (!listed.slot.ok()) {
    body["state"] = "damaged";
    body["problem"] = listed.slot.error().message();
    return body;
  }
  const SlotHeader& header = listed.slot->header;
  body["state"] = "whole";
  body["kind"] = name_of(header.kind);
  body["label"] = header.label;
  body["generation"] = header.generation;
  body["created"] = to_rfc3339(header.created);
  if (header.kind == SlotKind::kKms) {
    body["key_id"] = header.service_key.id;
    body["region"] = header.service_key.region;
  } else {
    body["argon2"] = {{"passes", header.cost.passes},
                      {"memory_bytes", header.cost.memory_kib * KiB},
                      {"lanes", header.cost.lanes}};
  }
  return body;
}

std::vector<std::string> row_of(const ListedSlot& listed) {
  if (!listed.slot.ok()) return {listed.name, "damaged", "", "", listed.slot.error().message()};
  const SlotHeader& header = listed.slot->header;
  const std::string detail = header.kind == SlotKind::kKms
                                 ? fmt::format("{} in {}", header.service_key.id, header.service_key.region)
                                 : header.label;
  return {listed.name, std::string(name_of(header.kind)), std::to_string(header.generation),
          to_rfc3339(header.created), detail};
}

void tell(Session& session, const std::string& state, const std::string& slot, const std::string& text) {
  session.console().print(text);
  session.console().emit("key", {{"state", state}, {"slot", slot}});
}

// The slot whose name begins so; the given text when none or several do, for the error that follows.
Result<std::string> full_name(const RepositoryKeys& keys, const std::string& given) {
  ASSIGN_OR_RETURN(const auto slots, keys.slots->list());
  std::vector<std::string> matches;
  for (const ListedSlot& listed : slots) {
    if (listed.name == given) return given;
    if (listed.name.starts_with(given)) matches.push_back(listed.name);
  }
  return matches.size() == 1 ? matches.front() : given;
}

class KeyListCommand final : public Command {
 public:
  std::string name() const override { return "key list"; }
  std::string summary() const override { return "show the keys that open the repository; needs none"; }
  std::string examples() const override { return "  summit-dr key list\n"; }
  void define(OptionSet&) override {}

  Result<ExitCode> run(Session& session) override {
    ASSIGN_OR_RETURN(const auto keys, find_repository_keys(session));
    ASSIGN_OR_RETURN(const auto slots, keys.slots->list());
    std::vector<std::vector<std::string>> rows{{"SLOT", "KIND", "GENERATION", "CREATED", "LABEL"}};
    for (const ListedSlot& listed : slots) {
      rows.push_back(row_of(listed));
      session.console().emit("key_slot", to_json(listed));
    }
    session.console().print(table(rows));
    return ExitCode::kOk;
  }
};

class KeyAddCommand final : public Command {
 public:
  std::string name() const override { return "key add"; }
  std::string summary() const override {
    return "let one more passphrase, key file or KMS key open the repository";
  }
  std::string examples() const override {
    return "  summit-dr key add --label='on-call safe'\n"
           "  summit-dr key add --new-key-file=/root/summit.key --label='restore host'\n"
           "  summit-dr key add --new-kms-key=alias/summit-backups --kms-region=us-west-2\n";
  }
  void define(OptionSet& options) override { new_.define(options); }

  Result<ExitCode> run(Session& session) override {
    ASSIGN_OR_RETURN(const auto keys, find_repository_keys(session));
    ASSIGN_OR_RETURN(const auto unlocked, unlock(keys, session));
    ASSIGN_OR_RETURN(const auto slots, new_.named_or_asked(session));
    for (const NewSlot& slot : slots) {
      ASSIGN_OR_RETURN(const std::string added, keys.slots->add(unlocked.opened, slot));
      tell(session, "added", added, fmt::format("added key slot {}", added));
    }
    return ExitCode::kOk;
  }

 private:
  NewKeyOptions new_;
};

class KeyRemoveCommand final : public Command {
 public:
  std::string name() const override { return "key remove"; }
  std::string summary() const override { return "let a key open the repository no longer"; }
  std::string examples() const override {
    return "  summit-dr key remove 5f0c21d9 --passphrase-file=/root/other.pass\n";
  }
  void define(OptionSet& options) override {
    options.positional("slot", slot_, "the slot's name, or its beginning, as `key list` shows it")
        ->required();
  }

  Result<ExitCode> run(Session& session) override {
    ASSIGN_OR_RETURN(const auto keys, find_repository_keys(session));
    ASSIGN_OR_RETURN(const auto unlocked, unlock(keys, session));
    ASSIGN_OR_RETURN(const std::string removed, full_name(keys, slot_));
    RETURN_IF_ERROR(keys.slots->remove(unlocked.opened, removed));
    tell(session, "removed", removed, fmt::format("removed key slot {}", removed));
    session.reporter().info(
        "who had that key may have kept the master key: after a leak run `summit-dr key rotate "
        "--new-master`");
    return ExitCode::kOk;
  }

 private:
  std::string slot_;
};

class KeyRotateCommand final : public Command {
 public:
  std::string name() const override { return "key rotate"; }
  std::string summary() const override { return "change the passphrase, or after a leak the master key"; }
  std::string examples() const override {
    return "  summit-dr key rotate --new-passphrase-file=/root/new.pass\n"
           "  summit-dr key rotate --new-master --yes\n";
  }
  void define(OptionSet& options) override {
    options.flag("--new-master", new_master_,
                 "a new master key for all that is written from now on; only the new keys open it, or "
                 "without any the present one");
    options.flag("--yes", yes_, "no question before slots are removed");
    new_.define(options);
  }

  Result<ExitCode> run(Session& session) override {
    ASSIGN_OR_RETURN(const auto keys, find_repository_keys(session));
    ASSIGN_OR_RETURN(const auto unlocked, unlock(keys, session));
    return new_master_ ? rotate_master(session, keys, unlocked) : rotate_slot(session, keys, unlocked);
  }

 private:
  Result<ExitCode> rotate_slot(Session& session, const RepositoryKeys& keys, const Unlocked& unlocked) const {
    ASSIGN_OR_RETURN(const auto slots, new_.named_or_asked(session));
    if (slots.size() != 1)
      return Error(Code::kUsage, "a rotation puts one key in the place of another, and {} new ones are named",
                   slots.size())
          .hint("name one here, and add the others: summit-dr key add");
    const std::string old = unlocked.opened.slot.name;
    ASSIGN_OR_RETURN(const std::string added, keys.slots->replace(unlocked.opened, slots.front()));
    tell(session, "added", added, fmt::format("key slot {} took the place of {}", added, old));
    return ExitCode::kOk;
  }

  Result<ExitCode> rotate_master(Session& session, const RepositoryKeys& keys,
                                 const Unlocked& unlocked) const {
    ASSIGN_OR_RETURN(auto slots, new_.named(session));
    if (slots.empty()) {
      ASSIGN_OR_RETURN(auto present, present_key(unlocked));
      slots.push_back(std::move(present));
    }
    RETURN_IF_ERROR(confirm(session, keys));
    ASSIGN_OR_RETURN(const auto rotation, keys.slots->rotate_master(unlocked.opened, slots));
    for (const std::string& added : rotation.created)
      tell(session, "added", added, fmt::format("added key slot {}", added));
    for (const std::string& removed : rotation.removed)
      tell(session, "removed", removed, fmt::format("removed key slot {}", removed));
    session.reporter().info(
        fmt::format("generation {} of the master key seals what is written from now on; older backups keep "
                    "theirs until they are pruned",
                    rotation.opened.keyring.newest_generation()));
    return ExitCode::kOk;
  }

  Result<NewSlot> present_key(const Unlocked& unlocked) const {
    if (unlocked.opened.slot.kind == SlotKind::kKms) return new_.slot_for(unlocked.opened.slot.service_key);
    return new_.slot_for(unlocked.secrets[unlocked.opened.secret]);
  }

  Result<void> confirm(Session& session, const RepositoryKeys& keys) const {
    if (yes_) return {};
    ASSIGN_OR_RETURN(const auto slots, keys.slots->list());
    const auto answer = session.console().ask(
        fmt::format("all {} present key slots are removed; type yes to go on:", slots.size()));
    if (answer == "yes") return {};
    return Error(Code::kRefused,
                 "the master key was not rotated: nobody confirmed that the present slots are removed")
        .hint("--yes");
  }

  bool new_master_ = false;
  bool yes_ = false;
  NewKeyOptions new_;
};

}  // namespace

std::unique_ptr<Command> make_key_list_command() { return std::make_unique<KeyListCommand>(); }
std::unique_ptr<Command> make_key_add_command() { return std::make_unique<KeyAddCommand>(); }
std::unique_ptr<Command> make_key_remove_command() { return std::make_unique<KeyRemoveCommand>(); }
std::unique_ptr<Command> make_key_rotate_command() { return std::make_unique<KeyRotateCommand>(); }

}  // namespace summit::cli
