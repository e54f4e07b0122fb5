#include "repository/packed/slot_store.h"

#include <algorithm>
#include <tuple>

#include "repository/packed/format_file.h"
#include "repository/packed/random.h"

namespace summit::repository::packed {
namespace {

constexpr uint64_t kLargestSlot = MiB;
constexpr std::string_view kListCommand = "`summit-dr key list` shows the slots";

std::string key_of(std::string_view name) { return fmt::format("{}{}", kKeysPrefix, name); }

std::string random_name() { return to_hex(ByteView(random_bytes<8>())); }

// A generation's first slot has its number for a name, which nobody can take twice: so two rotations at once
// cannot both make it.
constexpr std::string_view kFirstSlotPrefix = "generation-";
std::string first_slot_name(uint32_t generation) { return fmt::format("{}{}", kFirstSlotPrefix, generation); }
bool is_first_slot(std::string_view name) { return name.starts_with(kFirstSlotPrefix); }

EncryptionContext context_of(const RepositoryId& repository) {
  return {{"summit-dr-repository", repository.to_hex()}};
}

std::string joined(const std::vector<std::string>& parts) {
  return parts.empty() ? "none" : fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace

Result<std::vector<ListedSlot>> SlotStore::list() const {
  std::vector<std::string> names;
  RETURN_IF_ERROR(store_->list(
      kKeysPrefix, "",
      [&](const storage::ObjectInfo& object) -> Result<bool> {
        // An empty one was removed; its name stays taken.
        if (object.size > 0) names.push_back(object.key.substr(kKeysPrefix.size()));
        return true;
      },
      cancellation_));
  std::vector<ListedSlot> slots;
  for (const std::string& name : names) {
    const auto text = storage::get_whole(*store_, key_of(name), kLargestSlot, cancellation_);
    if (text.ok() && !text->empty()) slots.push_back({name, parse_slot(name, *text)});
    if (text.ok() || text.error().code() == Code::kNotFound) continue;
    if (text.error().code() != Code::kCorrupt) return text.error();
    slots.push_back({name, text.error()});
  }
  return slots;
}

// What was tried, for the message when nothing opens.
struct SlotStore::Trial {
  bool secrets = false;
  std::vector<Error> failures;
};

std::optional<OpenedKeyring> SlotStore::open_by_service(const KeySlot& slot, Trial& trial) const {
  if (service_ == nullptr) return std::nullopt;
  const SlotHeader& header = slot.header;
  auto data_key = service_->decrypt(header.service_key, header.encrypted_data_key, context_of(repository_),
                                    cancellation_);
  const auto slot_key = data_key.ok() ? slot_key_of_data_key(header, *data_key) : std::move(data_key);
  auto keyring = slot_key.ok() ? open_slot(slot, *slot_key) : Result<Keyring>(slot_key.error());
  if (keyring.ok()) return OpenedKeyring{*std::move(keyring), header};
  trial.failures.push_back(std::move(keyring).error().at(describe(header)));
  return std::nullopt;
}

std::optional<OpenedKeyring> SlotStore::open_by_secret(const KeySlot& slot,
                                                       const std::vector<SlotSecret>& secrets,
                                                       Trial& trial) const {
  const SlotHeader& header = slot.header;
  for (size_t i = 0; i < secrets.size() && !cancellation_.requested(); ++i) {
    trial.secrets = true;
    const auto slot_key = slot_key_of_passphrase(header, secrets[i].secret);
    auto keyring = slot_key.ok() ? open_slot(slot, *slot_key) : Result<Keyring>(slot_key.error());
    if (keyring.ok()) return OpenedKeyring{*std::move(keyring), header, i};
    if (keyring.error().code() != Code::kWrongKey)
      trial.failures.push_back(std::move(keyring).error().at(describe(header)));
  }
  return std::nullopt;
}

Result<OpenedKeyring> SlotStore::open(const std::vector<SlotSecret>& secrets) const {
  ASSIGN_OR_RETURN(const auto slots, list());
  std::vector<const KeySlot*> candidates;
  for (const ListedSlot& listed : slots) {
    if (listed.slot.ok() && listed.slot->header.repository == repository_)
      candidates.push_back(&*listed.slot);
  }
  // The newest first: a rotation that was interrupted leaves older ones, whose keyring cannot read what was
  // written since. KMS last: it is asked over the network.
  std::ranges::sort(candidates, [](const KeySlot* a, const KeySlot* b) {
    const auto rank = [](const SlotHeader& header) {
      return std::tuple(UINT32_MAX - header.generation, header.kind == SlotKind::kKms,
                        std::string_view(header.name));
    };
    return rank(a->header) < rank(b->header);
  });
  Trial trial;
  for (const KeySlot* slot : candidates) {
    RETURN_IF_ERROR(cancellation_.check());
    auto opened = slot->header.kind == SlotKind::kKms ? open_by_service(*slot, trial)
                                                      : open_by_secret(*slot, secrets, trial);
    if (opened) return *std::move(opened);
  }
  RETURN_IF_ERROR(cancellation_.check());
  if (slots.empty()) {
    ASSIGN_OR_RETURN(const bool unfinished, has_format_alone(*store_, cancellation_));
    if (unfinished)
      return Error(Code::kRepositoryMissing,
                   "the making of the repository at {} was interrupted, and nothing is in it",
                   store_->describe())
          .hint("make it again: the next packed backup, or summit-dr repository init");
  }
  return nothing_opened(slots, secrets, std::move(trial));
}

Error SlotStore::nothing_opened(const std::vector<ListedSlot>& slots, const std::vector<SlotSecret>& secrets,
                                Trial trial) const {
  std::vector<std::string> usable, foreign, damaged;
  for (const ListedSlot& listed : slots) {
    if (!listed.slot.ok())
      damaged.push_back(listed.name);
    else if (listed.slot->header.repository != repository_)
      foreign.push_back(listed.name);
    else
      usable.push_back(describe(listed.slot->header));
  }
  const std::string where = store_->describe();
  if (usable.empty() && !foreign.empty())
    return Error(Code::kCorrupt,
                 "the key slots at {} ({}) belong to another repository than its format object", where,
                 joined(foreign))
        .hint(
            "two repositories were mixed: bring repository/format and repository/keys/ back from one backup "
            "or replica");
  if (usable.empty())
    return Error(Code::kCorrupt, "the repository at {} has no key slot that is whole (damaged: {})", where,
                 joined(damaged))
        .hint(
            "bring the objects below repository/keys/ back from a replica or from an older version of the "
            "bucket");
  if (!trial.failures.empty() && !trial.secrets) return std::move(trial.failures.front());

  std::string slots_are = fmt::format("its key slots are: {}", joined(usable));
  if (!damaged.empty()) slots_are += fmt::format("; damaged: {}", joined(damaged));
  for (const Error& failure : trial.failures) slots_are += fmt::format("; {}", failure.message());
  if (!trial.secrets)
    return Error(Code::kKeyMissing, "the repository at {} is sealed, and no key is set", where)
        .hint(fmt::format("set ENCRYPTION_KEY or BACKUP_ENCRYPTION_KEY_FILE, or give --passphrase-file; {}",
                          slots_are));
  std::vector<std::string> sources;
  sources.reserve(secrets.size());
  for (const SlotSecret& secret : secrets) sources.push_back(secret.source);
  return Error(Code::kWrongKey, "the key from {} does not open the repository at {}", joined(sources), where)
      .hint(fmt::format("give the passphrase or key file of one of its slots; {}", slots_are));
}

// Completes the header with what belongs to the kind, and gives the key that seals the slot.
Result<Secret> SlotStore::seal_key(SlotHeader& header, const NewSlot& slot) const {
  if (const auto* secret = std::get_if<SlotSecret>(&slot.secret)) {
    header.kind = secret->kind;
    header.cost = slot.cost;
    return slot_key_of_passphrase(header, secret->secret);
  }
  if (service_ == nullptr)
    return Error(Code::kUnsupported, "no key service is set, so no KMS slot can be made");
  const auto& wanted = std::get<ServiceKey>(slot.secret);
  ASSIGN_OR_RETURN(DataKey data_key,
                   service_->generate_data_key(wanted, context_of(repository_), cancellation_));
  header.kind = SlotKind::kKms;
  // An alias may point elsewhere tomorrow; the key's own name does not change.
  header.service_key = {data_key.key_id.empty() ? wanted.id : data_key.key_id, wanted.region};
  header.encrypted_data_key = data_key.encrypted;
  return slot_key_of_data_key(header, data_key.plain);
}

Result<SlotHeader> SlotStore::write(const Keyring& keyring, const NewSlot& slot, std::string name) {
  SlotHeader header;
  header.repository = repository_;
  header.name = std::move(name);
  header.label = slot.label;
  header.created = now();
  header.generation = keyring.newest_generation();
  header.salt = random_bytes<32>();
  ASSIGN_OR_RETURN(const Secret slot_key, seal_key(header, slot));
  ASSIGN_OR_RETURN(const std::string text, write_slot(header, slot_key, keyring));
  RETURN_IF_ERROR(store_->put(key_of(header.name), as_bytes(text), {.condition = storage::Condition::kAbsent},
                              cancellation_),
                  "while writing a key slot");
  RETURN_IF_ERROR(read_back(header, slot_key), "while reading the new key slot back");
  return header;
}

// Whoever relies on the new slot removes an old one next: so it is shown to open, from what the storage
// holds.
Result<void> SlotStore::read_back(const SlotHeader& header, const Secret& slot_key) const {
  ASSIGN_OR_RETURN(const std::string text,
                   storage::get_whole(*store_, key_of(header.name), kLargestSlot, cancellation_));
  ASSIGN_OR_RETURN(const KeySlot slot, parse_slot(header.name, text));
  ASSIGN_OR_RETURN(const Keyring opened, open_slot(slot, slot_key));
  return {};
}

Result<void> SlotStore::refuse_older_than_newest(const Keyring& keyring) const {
  ASSIGN_OR_RETURN(const auto slots, list());
  for (const ListedSlot& listed : slots) {
    if (!listed.slot.ok() || listed.slot->header.repository != repository_) continue;
    if (listed.slot->header.generation > keyring.newest_generation())
      return Error(Code::kBusy,
                   "the master key was rotated to generation {}, and the given key opens generation {} only",
                   listed.slot->header.generation, keyring.newest_generation())
          .hint(fmt::format("give the key of a slot of the newest generation; {}", kListCommand));
  }
  return {};
}

Result<std::string> SlotStore::create_first(const Keyring& keyring, const NewSlot& slot) {
  ASSIGN_OR_RETURN(const SlotHeader header,
                   write(keyring, slot, first_slot_name(keyring.newest_generation())));
  return header.name;
}

Result<std::string> SlotStore::add(const OpenedKeyring& opened, const NewSlot& slot) {
  RETURN_IF_ERROR(refuse_older_than_newest(opened.keyring));
  ASSIGN_OR_RETURN(const SlotHeader header, write(opened.keyring, slot, random_name()));
  // A rotation that ran meanwhile either saw this slot and removed it, or is seen here: an old keyring never
  // stays behind.
  if (auto current = refuse_older_than_newest(opened.keyring); !current.ok()) {
    RETURN_IF_ERROR(store_->remove(key_of(header.name), cancellation_));
    return std::move(current).error();
  }
  return header.name;
}

// Removes a slot while the one named `kept` is there.
Result<void> SlotStore::erase(std::string_view name, std::string_view kept) {
  const auto text = storage::get_whole(*store_, key_of(name), kLargestSlot, cancellation_);
  if (!text.ok() && text.error().code() == Code::kNotFound) return {};
  if (!text.ok() && text.error().code() != Code::kCorrupt) return text.error();
  const auto put = [&](std::string_view content) {
    return store_->put(key_of(name), as_bytes(content), {}, cancellation_);
  };
  RETURN_IF_ERROR(is_first_slot(name) ? put("") : store_->remove(key_of(name), cancellation_));
  ASSIGN_OR_RETURN(const auto still, store_->head(key_of(kept), cancellation_));
  if ((still && still->size > 0) || !text.ok()) return {};
  // Two people removed each other's slot: whoever looks last puts back what he took.
  RETURN_IF_ERROR(put(*text));
  return Error(Code::kBusy, "key slot {} was removed by somebody else meanwhile, so {} stays", kept, name)
      .hint(std::string(kListCommand));
}

Result<void> SlotStore::remove(const OpenedKeyring& opened, std::string_view name) {
  ASSIGN_OR_RETURN(const auto slots, list());
  const auto has = [&](std::string_view wanted) {
    return std::ranges::find(slots, wanted, &ListedSlot::name) != slots.end();
  };
  if (!has(name))
    return Error(Code::kNotFound, "there is no key slot {}", name).hint(std::string(kListCommand));
  if (name == opened.slot.name)
    return Error(Code::kRefused, "key slot {} is the one that the given key opens", name)
        .hint("give the key of another slot: then one that is known to open stays");
  RETURN_IF_ERROR(refuse_older_than_newest(opened.keyring));
  return erase(name, opened.slot.name);
}

Result<std::string> SlotStore::replace(const OpenedKeyring& opened, const NewSlot& slot) {
  ASSIGN_OR_RETURN(std::string name, add(opened, slot));
  RETURN_IF_ERROR(erase(opened.slot.name, name), "the new key slot {} is made, and the old one stays", name);
  return name;
}

Result<SlotStore::Rotation> SlotStore::rotate_master(const OpenedKeyring& opened,
                                                     const std::vector<NewSlot>& new_slots) {
  if (new_slots.empty()) return Error(Code::kUsage, "a rotation needs at least one key for the new slots");
  RETURN_IF_ERROR(refuse_older_than_newest(opened.keyring));
  ASSIGN_OR_RETURN(Keyring keyring, opened.keyring.with_new_generation());
  const uint32_t generation = keyring.newest_generation();

  // The first one decides: from here on the new generation is this one, or this run has changed nothing.
  auto first = write(keyring, new_slots.front(), first_slot_name(generation));
  if (!first.ok() && first.error().code() == Code::kAlreadyExists)
    return Error(Code::kBusy, "somebody else rotated the master key to generation {} just now", generation)
        .hint(std::string(kListCommand));
  if (!first.ok()) return first.error();
  Rotation rotation{{std::move(keyring), *first}, {first->name}, {}};
  for (size_t i = 1; i < new_slots.size(); ++i) {
    ASSIGN_OR_RETURN(const SlotHeader header, write(rotation.opened.keyring, new_slots[i], random_name()));
    rotation.created.push_back(header.name);
  }

  // Damaged ones go too: nothing opens them. Those of another repository, or of a newer version, are not ours
  // to judge.
  ASSIGN_OR_RETURN(const auto slots, list());
  for (const ListedSlot& listed : slots) {
    const bool old = listed.slot.ok() ? listed.slot->header.repository == repository_ &&
                                            listed.slot->header.generation < generation
                                      : listed.slot.error().code() == Code::kCorrupt;
    if (!old) continue;
    RETURN_IF_ERROR(erase(listed.name, rotation.opened.slot.name), "while removing an old key slot");
    rotation.removed.push_back(listed.name);
  }
  return rotation;
}

}  // namespace summit::repository::packed
