// The inside of RepositoryState: one rule and one effect for each kind of event. For .cc files of the state
// only.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "repository/packed/pack_table.h"
#include "repository/packed/repository_state.h"

namespace summit::repository::packed {

struct RepositoryState::Data {
  uint64_t number = 0;
  Sha256Digest hash{};
  uint64_t floor = 0;
  PackTable packs;
  std::map<PackName, Tombstone> tombstones;
  std::map<PackName, std::vector<PackName>> relocations;  // to packs that are known: followed and pruned
  std::map<std::string, LiveBackup, std::less<>> backups;
  std::map<std::string, std::vector<PackSlot>, std::less<>> needs;  // by backup: ascending, each once

  // What record number + 1 may say after what it has said already, and what that does. `hash` is the
  // record's.
  Result<void> check(const Event& event) const;
  void perform(const Event& event, const Sha256Digest& record_hash);

  PackStatus status(const PackName& pack) const;
  bool may_reference(const PackName& pack) const;

 private:
  Result<void> check_event(const CommitEvent& event) const;
  Result<void> check_event(const RemoveEvent& event) const;
  Result<void> check_event(const TombstoneEvent& event) const;
  Result<void> check_event(const RelocateEvent& event) const;
  Result<void> check_event(const CollectedEvent& event) const;
  Result<void> check_event(const FloorEvent& event) const;
  Result<void> check_event(const PinEvent& event) const;
  Result<void> check_event(const UnpinEvent& event) const;
  Result<void> check_event(const VerifiedEvent& event) const;
  Result<void> check_references(const std::vector<StoredPack>& packs) const;
  Result<void> check_live(const std::string& backup) const;

  void perform_event(const CommitEvent& event, const Sha256Digest& record_hash);
  void perform_event(const RemoveEvent& event, const Sha256Digest& record_hash);
  void perform_event(const TombstoneEvent& event, const Sha256Digest& record_hash);
  void perform_event(const RelocateEvent& event, const Sha256Digest& record_hash);
  void perform_event(const CollectedEvent& event, const Sha256Digest& record_hash);
  void perform_event(const FloorEvent& event, const Sha256Digest& record_hash);
  void perform_event(const PinEvent& event, const Sha256Digest& record_hash);
  void perform_event(const UnpinEvent& event, const Sha256Digest& record_hash);
  void perform_event(const VerifiedEvent& event, const Sha256Digest& record_hash);
  void bury(const PackName& pack);
  void redirect(const PackName& from, const std::vector<PackName>& to);
};

}  // namespace summit::repository::packed
