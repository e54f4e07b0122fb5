// The key slots of one repository: `repository/keys/`.
//
// Keeps three promises, also when several of these work at the same time, and when one dies at any point:
// there is always a slot that opens the newest keyring; no two keyrings have the same generation with
// different keys; a slot is removed only by somebody who holds another one. How: docs/formats/repository.md,
// "Keys".
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "core/cancellation.h"
#include "core/result.h"
#include "repository/packed/key_service.h"
#include "repository/packed/key_slot.h"
#include "repository/packed/keyring.h"
#include "storage/object_store.h"

namespace summit::repository::packed {

inline constexpr std::string_view kKeysPrefix = "repository/keys/";

// A passphrase, or the content of a key file. Either opens slots of both kinds: the same key may come by a
// variable today and by a file tomorrow.
struct SlotSecret {
  SlotKind kind = SlotKind::kPassphrase;
  Secret secret;
  std::string source;  // "ENCRYPTION_KEY", "/home/x/.config/summit-dr/key": for messages
};

struct NewSlot {
  std::variant<SlotSecret, ServiceKey> secret;
  std::string label;
  Argon2Cost cost{};
};

struct ListedSlot {
  std::string name;
  Result<KeySlot> slot;  // an error for a damaged one
};

struct OpenedKeyring {
  Keyring keyring;
  SlotHeader slot;    // the one that opened
  size_t secret = 0;  // which of the secrets opened it; of no meaning for a KMS slot
};

// One thread at a time.
class SlotStore {
 public:
  // `store` and `service` outlive this. Without a service, KMS slots are passed over.
  SlotStore(storage::ObjectStore& store, const RepositoryId& repository, KeyService* service = nullptr,
            Cancellation cancellation = {})
      : store_(&store), repository_(repository), service_(service), cancellation_(std::move(cancellation)) {}

  // In the order of their names.
  Result<std::vector<ListedSlot>> list() const;

  // Tries the slots of the newest generation first: passphrases and key files with each of `secrets`, then
  // KMS. When none opens: kKeyMissing when there was nothing to try, else kWrongKey, with the slots that
  // there are in the hint; KMS's own error when only that was tried; kCorrupt when all are damaged, belong to
  // another repository, or none is there.
  Result<OpenedKeyring> open(const std::vector<SlotSecret>& secrets) const;

  // A new repository's first slot. kAlreadyExists when somebody else made it just now. The slot's name.
  Result<std::string> create_first(const Keyring& keyring, const NewSlot& slot);

  // One more slot, which was read back and opened when this returns. kBusy when the master key was rotated
  // meanwhile.
  Result<std::string> add(const OpenedKeyring& opened, const NewSlot& slot);

  // kNotFound when there is no such slot, kRefused for the one that opened: it is known to open, so the last
  // never goes.
  Result<void> remove(const OpenedKeyring& opened, std::string_view name);

  // A slot with a new secret in the place of the one that opened.
  Result<std::string> replace(const OpenedKeyring& opened, const NewSlot& slot);

  // A new master key for all that is written from now on: new slots for each of `slots` (at least one), and
  // all others removed. kBusy when somebody else did so just now; nothing is changed then.
  struct Rotation {
    OpenedKeyring opened;
    std::vector<std::string> created;
    std::vector<std::string> removed;
  };
  Result<Rotation> rotate_master(const OpenedKeyring& opened, const std::vector<NewSlot>& slots);

 private:
  struct Trial;

  Result<SlotHeader> write(const Keyring& keyring, const NewSlot& slot, std::string name);
  Result<Secret> seal_key(SlotHeader& header, const NewSlot& slot) const;
  Result<void> read_back(const SlotHeader& header, const Secret& slot_key) const;
  Result<void> refuse_older_than_newest(const Keyring& keyring) const;
  Result<void> erase(std::string_view name, std::string_view kept);
  std::optional<OpenedKeyring> open_by_service(const KeySlot& slot, Trial& trial) const;
  std::optional<OpenedKeyring> open_by_secret(const KeySlot& slot, const std::vector<SlotSecret>& secrets,
                                              Trial& trial) const;
  Error nothing_opened(const std::vector<ListedSlot>& slots, const std::vector<SlotSecret>& secrets,
                       Trial trial) const;

  storage::ObjectStore* store_;
  RepositoryId repository_;
  KeyService* service_;
  Cancellation cancellation_;
};

}  // namespace summit::repository::packed
