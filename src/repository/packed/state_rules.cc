// The rules of docs/formats/repository.md, "allowed when", and the effects of what was allowed. The model
// test beside tests/repository/packed shows for each rule what is lost without it.
#include <algorithm>
#include <set>

#include "repository/packed/state_data.h"

namespace summit::repository::packed {
namespace {

template <typename... Args>
Error refused(fmt::format_string<Args...> format, Args&&... args) {
  return {Code::kRefused, "{}", fmt::format(format, std::forward<Args>(args)...)};
}

template <typename Value>
bool all_differ(const std::vector<Value>& values) {
  return std::set<Value>(values.begin(), values.end()).size() == values.size();
}

std::vector<PackName> names_of(const std::vector<StoredPack>& packs) {
  std::vector<PackName> names;
  names.reserve(packs.size());
  for (const auto& pack : packs) names.push_back(pack.name);
  return names;
}

}  // namespace

Result<void> RepositoryState::Data::check(const Event& event) const {
  RETURN_IF_ERROR(std::visit([&](const auto& fields) { return check_event(fields); }, event),
                  "{} in record {}", name_of(event), number + 1);
  return {};
}

void RepositoryState::Data::perform(const Event& event, const Sha256Digest& record_hash) {
  std::visit([&](const auto& fields) { perform_event(fields, record_hash); }, event);
}

PackStatus RepositoryState::Data::status(const PackName& pack) const {
  if (packs.find(pack)) return PackStatus::kKnown;
  return tombstones.contains(pack) ? PackStatus::kTombstoned : PackStatus::kUnknown;
}

bool RepositoryState::Data::may_reference(const PackName& pack) const {
  const PackStatus found = status(pack);
  // Once collected a pack is unknown again, and its epoch is below the floor: that is what `collected` waits
  // for.
  return found == PackStatus::kKnown || (found == PackStatus::kUnknown && pack.epoch >= floor);
}

// --- Rules ---

Result<void> RepositoryState::Data::check_references(const std::vector<StoredPack>& wanted) const {
  if (!all_differ(names_of(wanted))) return refused("it names a pack twice");
  for (const StoredPack& pack : wanted) {
    const auto slot = packs.find(pack.name);
    if (slot && packs.at(*slot).pack != pack)
      return refused("pack {} has another size or hash than the log says", pack.name.to_string());
    if (pack.name.epoch > number)
      return refused("pack {} claims to have been begun after a record that is not there",
                     pack.name.to_string());
    if (slot || may_reference(pack.name)) continue;
    if (tombstones.contains(pack.name))
      return refused("pack {} has a tombstone: it is being deleted", pack.name.to_string());
    return refused("pack {} was begun before the floor {}: it may be deleted already", pack.name.to_string(),
                   floor);
  }
  return {};
}

Result<void> RepositoryState::Data::check_live(const std::string& backup) const {
  if (backups.contains(backup)) return {};
  return refused("there is no backup {}", backup);
}

Result<void> RepositoryState::Data::check_event(const CommitEvent& event) const {
  if (event.backup.empty()) return refused("it names no backup");
  if (backups.contains(event.backup)) return refused("there is a backup {} already", event.backup);
  RETURN_IF_ERROR(check_references(event.packs), "backup {}", event.backup);
  // A block in a pack that the backup does not name could be deleted under it.
  const std::vector<PackName> named = names_of(event.packs);
  const std::set<PackName> names(named.begin(), named.end());
  for (const auto& artifact : event.artifacts) {
    for (const auto& block : artifact.blocks) {
      if (!names.contains(block.pack))
        return refused("{} of backup {} lies in pack {}, which the backup does not name", artifact.name,
                       event.backup, block.pack.to_string());
    }
  }
  return {};
}

Result<void> RepositoryState::Data::check_event(const RemoveEvent& event) const {
  if (!all_differ(event.backups)) return refused("it names a backup twice");
  for (const auto& backup : event.backups) {
    RETURN_IF_ERROR(check_live(backup));
    if (backups.find(backup)->second.pin)
      return Error(Code::kRefused, "backup {} is pinned", backup)
          .hint("run `summit-dr unpin " + backup + "` first");
  }
  return {};
}

Result<void> RepositoryState::Data::check_event(const TombstoneEvent& event) const {
  if (!all_differ(event.packs)) return refused("it names a pack twice");
  for (const auto& pack : event.packs) {
    const auto slot = packs.find(pack);
    if (!slot) return refused("pack {} is not known", pack.to_string());
    if (packs.at(*slot).backups != 0) return refused("a live backup needs pack {}", pack.to_string());
  }
  return {};
}

Result<void> RepositoryState::Data::check_event(const RelocateEvent& event) const {
  const auto from = packs.find(event.from);
  if (!from) return refused("pack {} is not known", event.from.to_string());
  if (event.to.empty()) return refused("pack {} is moved to nowhere", event.from.to_string());
  if (event.marked_at > number) return refused("its mark {} is not in the past", event.marked_at);
  if (packs.at(*from).last_referenced > event.marked_at)
    return refused("pack {} was referenced anew since its live chunks were marked", event.from.to_string());
  RETURN_IF_ERROR(check_references(event.to));
  if (std::ranges::any_of(event.to, [&](const StoredPack& to) { return to.name == event.from; }))
    return refused("pack {} is moved to itself", event.from.to_string());
  return {};
}

Result<void> RepositoryState::Data::check_event(const CollectedEvent& event) const {
  if (!all_differ(event.packs)) return refused("it names a pack twice");
  for (const auto& pack : event.packs) {
    if (!tombstones.contains(pack)) return refused("pack {} has no tombstone", pack.to_string());
    // Its tombstone is all that keeps a slow writer from referencing it, until the floor does.
    if (pack.epoch >= floor) return refused("pack {} is not below the floor {}", pack.to_string(), floor);
  }
  return {};
}

Result<void> RepositoryState::Data::check_event(const FloorEvent& event) const {
  if (event.epoch < floor) return refused("the floor is at {} already, above {}", floor, event.epoch);
  if (event.epoch > number) return refused("the floor {} is beyond the log", event.epoch);
  return {};
}

Result<void> RepositoryState::Data::check_event(const PinEvent& event) const {
  return check_live(event.backup);
}
Result<void> RepositoryState::Data::check_event(const UnpinEvent& event) const {
  return check_live(event.backup);
}
Result<void> RepositoryState::Data::check_event(const VerifiedEvent& event) const {
  return check_live(event.backup);
}

// --- Effects ---

void RepositoryState::Data::perform_event(const CommitEvent& event, const Sha256Digest& record_hash) {
  std::vector<PackSlot>& slots = needs[event.backup];
  for (const auto& pack : event.packs) {
    slots.push_back(packs.reference(pack, number + 1));
    packs.need(slots.back());
  }
  std::ranges::sort(slots);
  backups[event.backup] = {.record = number + 1, .record_hash = record_hash};
}

void RepositoryState::Data::perform_event(const RemoveEvent& event, const Sha256Digest& /*record_hash*/) {
  for (const auto& backup : event.backups) {
    for (const PackSlot slot : needs[backup]) packs.release(slot);
    needs.erase(backup);
    backups.erase(backup);
  }
}

void RepositoryState::Data::bury(const PackName& pack) {
  const auto slot = packs.find(pack);
  if (!slot) return;  // never: check() came first
  tombstones[pack] = {.pack = pack, .size = packs.at(*slot).pack.size, .record = number + 1};
  packs.erase(*slot);
}

// Relocations lead to known packs only: to those that took the place of `from`, or, when none did, nowhere.
void RepositoryState::Data::redirect(const PackName& from, const std::vector<PackName>& to) {
  for (auto relocation = relocations.begin(); relocation != relocations.end();) {
    auto& targets = relocation->second;
    if (std::erase(targets, from) != 0) {
      targets.insert(targets.end(), to.begin(), to.end());
      std::ranges::sort(targets);
      targets.erase(std::ranges::unique(targets).begin(), targets.end());
    }
    relocation = targets.empty() ? relocations.erase(relocation) : std::next(relocation);
  }
}

void RepositoryState::Data::perform_event(const TombstoneEvent& event, const Sha256Digest& /*record_hash*/) {
  for (const auto& pack : event.packs) {
    bury(pack);
    redirect(pack, {});
  }
}

void RepositoryState::Data::perform_event(const RelocateEvent& event, const Sha256Digest& /*record_hash*/) {
  const auto found = packs.find(event.from);
  if (!found) return;  // never: check() came first
  const PackSlot from = *found;
  std::vector<PackSlot> targets;
  targets.reserve(event.to.size());
  for (const auto& pack : event.to) targets.push_back(packs.reference(pack, number + 1));
  for (auto& [backup, slots] : needs) {
    const auto place = std::ranges::lower_bound(slots, from);
    if (place == slots.end() || *place != from) continue;
    slots.erase(place);
    packs.release(from);
    for (const PackSlot target : targets) {
      const auto position = std::ranges::lower_bound(slots, target);
      if (position != slots.end() && *position == target) continue;
      slots.insert(position, target);
      packs.need(target);
    }
  }
  bury(event.from);
  redirect(event.from, names_of(event.to));
  relocations[event.from] = names_of(event.to);
}

void RepositoryState::Data::perform_event(const CollectedEvent& event, const Sha256Digest& /*record_hash*/) {
  for (const auto& pack : event.packs) tombstones.erase(pack);
}

void RepositoryState::Data::perform_event(const FloorEvent& event, const Sha256Digest& /*record_hash*/) {
  floor = event.epoch;
}

void RepositoryState::Data::perform_event(const PinEvent& event, const Sha256Digest& /*record_hash*/) {
  backups.find(event.backup)->second.pin = event.reason;
}

void RepositoryState::Data::perform_event(const UnpinEvent& event, const Sha256Digest& /*record_hash*/) {
  backups.find(event.backup)->second.pin.reset();
}

void RepositoryState::Data::perform_event(const VerifiedEvent& event, const Sha256Digest& /*record_hash*/) {
  auto& verifications = backups.find(event.backup)->second.verifications;
  std::erase_if(verifications, [&](const Verification& old) { return old.level == event.level; });
  verifications.push_back({.level = event.level, .fraction = event.fraction, .at = event.at});
  std::ranges::sort(verifications, {}, &Verification::level);
}

}  // namespace summit::repository::packed
