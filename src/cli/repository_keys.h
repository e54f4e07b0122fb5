// The key slots of the repository at hand, and the options by which a user names new keys.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/options.h"
#include "cli/session.h"
#include "repository/packed/key_sources.h"
#include "repository/packed/slot_store.h"

namespace summit::cli {

// For which keys new slots are made.
class NewKeyOptions {
 public:
  void define(OptionSet& options);
  // One for each key that is named. Empty when none is.
  Result<std::vector<repository::packed::NewSlot>> named(Session& session) const;
  // The same; asks for a passphrase when none is named.
  Result<std::vector<repository::packed::NewSlot>> named_or_asked(Session& session) const;
  // A slot for this key, with the label and costs that were given.
  Result<repository::packed::NewSlot> slot_for(repository::packed::SlotSecret secret) const;
  Result<repository::packed::NewSlot> slot_for(repository::packed::ServiceKey key) const;

 private:
  Result<repository::packed::Argon2Cost> cost() const;

  std::string passphrase_file_;
  std::string passphrase_command_;
  std::string key_file_;
  std::string kms_key_;
  std::string kms_region_;
  std::string label_;
  std::string memory_;
  uint32_t passes_ = repository::packed::Argon2Cost{}.passes;
};

struct RepositoryKeys {
  std::unique_ptr<storage::ObjectStore> store;
  repository::packed::RepositoryId id;
  std::unique_ptr<repository::packed::KeyService> service;
  std::unique_ptr<repository::packed::SlotStore> slots;
};

// kRepositoryMissing when there is no packed repository.
Result<RepositoryKeys> find_repository_keys(Session& session);

struct Unlocked {
  repository::packed::OpenedKeyring opened;
  std::vector<repository::packed::SlotSecret> secrets;  // what was tried
};
// Asks a person when no key is set and no key service opens it.
Result<Unlocked> unlock(const RepositoryKeys& keys, Session& session);

}  // namespace summit::cli
