// A key slot: the keyring, sealed for one passphrase, key file or KMS key. Format:
// docs/formats/repository.md, "Keys".
//
// Pure functions on texts; slot_store.h keeps the slots of a repository.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "core/result.h"
#include "core/secret.h"
#include "core/time.h"
#include "repository/packed/key_service.h"
#include "repository/packed/keyring.h"
#include "repository/packed/repository_id.h"
#include "repository/packed/stretching.h"

namespace summit::repository::packed {

enum class SlotKind { kPassphrase, kKeyFile, kKms };
// "passphrase", "key_file", "kms".
std::string_view name_of(SlotKind kind);

// What anybody who can read the storage sees of a slot. Authenticated by the seal, so true once the slot has
// been opened.
struct SlotHeader {
  RepositoryId repository;
  std::string name;  // of the object below repository/keys/
  SlotKind kind = SlotKind::kPassphrase;
  std::string label;  // for people: "laptop of Jo"
  Instant created{};
  uint32_t generation = 0;  // the newest in the keyring
  std::array<std::byte, 32> salt{};
  Argon2Cost cost{};               // passphrase, key file
  ServiceKey service_key{};        // kms
  std::string encrypted_data_key;  // kms: bytes
};

// "passphrase 5f0c21d9 (laptop of Jo)": for messages.
std::string describe(const SlotHeader& header);

// At most 200 bytes of UTF-8 without control characters: it will be shown on terminals. kUsage otherwise.
Result<void> check_label(std::string_view label);

// The keys that seal a slot. A slot's salt is new and random, so its key is used once, and nonce 0 with it.
Result<Secret> slot_key_of_passphrase(const SlotHeader& header, const Secret& passphrase);
Result<Secret> slot_key_of_data_key(const SlotHeader& header, const Secret& data_key);

// The object's text.
Result<std::string> write_slot(const SlotHeader& header, const Secret& slot_key, const Keyring& keyring);

struct KeySlot {
  SlotHeader header;
  std::string authenticated;  // the first line, as it was sealed
  std::string sealed;         // the keyring's ciphertext and tag
};

// kCorrupt, naming the slot, for a damaged one; kUnsupported for one of a newer version.
Result<KeySlot> parse_slot(std::string_view name, std::string_view text);

// kWrongKey when the key is not this slot's.
Result<Keyring> open_slot(const KeySlot& slot, const Secret& slot_key);

}  // namespace summit::repository::packed
