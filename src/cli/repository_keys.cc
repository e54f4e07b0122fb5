#include "cli/repository_keys.h"

#include <algorithm>

#include "cli/secret_prompt.h"
#include "config/words.h"
#include "repository/packed/aws_key_service.h"
#include "repository/packed/format_file.h"
#include "storage/open_store.h"

namespace summit::cli {
namespace {

using namespace repository::packed;

// What a passphrase must have that a person chooses: Argon2id makes guessing dear, not impossible.
constexpr size_t kShortestPassphrase = 12;

Result<KeyChoice> choice_of(const std::string& passphrase_file, const std::string& passphrase_command,
                            const std::string& key_file) {
  KeyChoice choice;
  if (!passphrase_file.empty()) choice.passphrase_file = passphrase_file;
  if (!key_file.empty()) choice.key_file = key_file;
  if (!passphrase_command.empty()) {
    ASSIGN_OR_RETURN(choice.passphrase_command, config::split_words(passphrase_command),
                     "in the passphrase command");
  }
  return choice;
}

storage::VariableLookup variables_of(const config::Configuration& configuration) {
  return [&configuration](const std::string& name) { return configuration.variables.get(name); };
}

// "arn:aws:kms:<region>:<account>:key/<id>" names its region.
std::string region_in(std::string_view key) {
  if (!key.starts_with("arn:")) return {};
  for (int colons = 0; colons < 3; ++colons) key.remove_prefix(std::min(key.find(':') + 1, key.size()));
  return std::string(key.substr(0, key.find(':')));
}

Result<void> refuse_short(const SlotSecret& secret) {
  if (secret.secret.reveal().size() >= kShortestPassphrase) return {};
  return Error(Code::kUsage, "the new key from {} is shorter than {} characters", secret.source,
               kShortestPassphrase)
      .hint("take several random words, or a key file: openssl rand -hex 32");
}

}  // namespace

void NewKeyOptions::define(OptionSet& options) {
  options.option("--new-passphrase-file", passphrase_file_, "a slot for the passphrase in this file");
  options.option("--new-passphrase-command", passphrase_command_,
                 "a slot for the passphrase that this program prints");
  options.option("--new-key-file", key_file_, "a slot for this key file");
  options.option("--new-kms-key", kms_key_, "a slot for this key of AWS KMS: id, ARN or alias");
  options.option("--kms-region", kms_region_,
                 "region of the KMS key (default: that of its ARN, else AWS_REGION)");
  options.option("--label", label_, "what the slot is called in lists: \"laptop of Jo\"");
  options.option("--argon2-memory", memory_,
                 "memory that each guess at a passphrase takes (default and least: 64 MiB)");
  options.option("--argon2-passes", passes_, "passes over it (default and least: 3)");
}

Result<Argon2Cost> NewKeyOptions::cost() const {
  constexpr Argon2Cost kLeast;
  Argon2Cost cost{.passes = passes_};
  uint64_t memory = cost.memory_kib * KiB;
  if (!memory_.empty() && !parse_bytes(memory_, memory))
    return Error(Code::kUsage, "--argon2-memory: \"{}\" is no size", memory_);
  cost.memory_kib = static_cast<uint32_t>(std::min<uint64_t>(memory / KiB, UINT32_MAX));
  if (cost.memory_kib < kLeast.memory_kib || cost.passes < kLeast.passes)
    return Error(Code::kUsage, "Argon2id with less than {} or {} passes is too cheap to guess at",
                 human_bytes(kLeast.memory_kib * KiB), kLeast.passes);
  RETURN_IF_ERROR(check_cost(cost));
  return cost;
}

Result<NewSlot> NewKeyOptions::slot_for(SlotSecret secret) const {
  RETURN_IF_ERROR(check_label(label_));
  ASSIGN_OR_RETURN(const Argon2Cost slot_cost, cost());
  return NewSlot{std::move(secret), label_, slot_cost};
}

Result<NewSlot> NewKeyOptions::slot_for(ServiceKey key) const {
  RETURN_IF_ERROR(check_label(label_));
  return NewSlot{std::move(key), label_, {}};
}

Result<std::vector<NewSlot>> NewKeyOptions::named(Session& session) const {
  ASSIGN_OR_RETURN(const auto* configuration, session.configuration());
  ASSIGN_OR_RETURN(const auto base, session.backup_base());
  ASSIGN_OR_RETURN(const KeyChoice choice, choice_of(passphrase_file_, passphrase_command_, key_file_));
  ASSIGN_OR_RETURN(auto secrets, read_chosen_secrets(choice, base, session.cancellation()));
  std::vector<NewSlot> slots;
  for (SlotSecret& secret : secrets) {
    RETURN_IF_ERROR(refuse_short(secret));
    ASSIGN_OR_RETURN(auto slot, slot_for(std::move(secret)));
    slots.push_back(std::move(slot));
  }
  if (kms_key_.empty()) return slots;
  ServiceKey key{kms_key_, kms_region_.empty() ? region_in(kms_key_) : kms_region_};
  if (key.region.empty()) {
    ASSIGN_OR_RETURN(const auto settings, key_service_settings_from(variables_of(*configuration)));
    key.region = settings.region;
  }
  ASSIGN_OR_RETURN(auto slot, slot_for(std::move(key)));
  slots.push_back(std::move(slot));
  return slots;
}

Result<std::vector<NewSlot>> NewKeyOptions::named_or_asked(Session& session) const {
  ASSIGN_OR_RETURN(auto slots, named(session));
  if (!slots.empty()) return slots;
  ASSIGN_OR_RETURN(Secret passphrase, read_new_secret("new passphrase:", session.cancellation()));
  SlotSecret secret{SlotKind::kPassphrase, std::move(passphrase), "the terminal"};
  RETURN_IF_ERROR(refuse_short(secret));
  ASSIGN_OR_RETURN(auto slot, slot_for(std::move(secret)));
  slots.push_back(std::move(slot));
  return slots;
}

Result<RepositoryKeys> find_repository_keys(Session& session) {
  ASSIGN_OR_RETURN(const auto* configuration, session.configuration());
  ASSIGN_OR_RETURN(const std::string location, session.backup_location());
  const auto variables = variables_of(*configuration);
  RepositoryKeys keys;
  ASSIGN_OR_RETURN(keys.store,
                   storage::open_store(location, {.variables = variables}, session.cancellation()));
  ASSIGN_OR_RETURN(const StoredFormat format, read_format(*keys.store, session.cancellation()));
  keys.id = format.format.id;
  ASSIGN_OR_RETURN(auto settings, key_service_settings_from(variables));
  const auto identity = storage::AwsIdentity::from_variables(variables, settings.transport);
  keys.service = std::make_unique<AwsKeyService>(std::move(settings), identity);
  keys.slots = std::make_unique<SlotStore>(*keys.store, keys.id, keys.service.get(), session.cancellation());
  return keys;
}

Result<Unlocked> unlock(const RepositoryKeys& keys, Session& session) {
  ASSIGN_OR_RETURN(const auto* configuration, session.configuration());
  ASSIGN_OR_RETURN(const auto base, session.backup_base());
  ASSIGN_OR_RETURN(const KeyChoice choice, session.key_choice());
  ASSIGN_OR_RETURN(auto secrets,
                   find_secrets(choice, variables_of(*configuration), base, session.cancellation()));
  auto opened = keys.slots->open(secrets);
  if (opened.ok()) return Unlocked{*std::move(opened), std::move(secrets)};
  if (opened.error().code() != Code::kKeyMissing) return std::move(opened).error();
  ASSIGN_OR_RETURN(
      auto passphrase,
      read_known_secret(fmt::format("passphrase of {}:", keys.store->describe()), session.cancellation()));
  if (!passphrase) return std::move(opened).error();
  secrets.push_back({SlotKind::kPassphrase, *std::move(passphrase), "the terminal"});
  ASSIGN_OR_RETURN(auto by_person, keys.slots->open(secrets));
  return Unlocked{std::move(by_person), std::move(secrets)};
}

}  // namespace summit::cli
