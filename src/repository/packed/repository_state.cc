#include "repository/packed/repository_state.h"

#include <algorithm>

#include "repository/packed/state_data.h"

namespace summit::repository::packed {

RepositoryState::RepositoryState() : data_(std::make_unique<Data>()) {}
RepositoryState::RepositoryState(const RepositoryState& other)
    : data_(std::make_unique<Data>(*other.data_)) {}
RepositoryState::RepositoryState(RepositoryState&&) noexcept = default;
RepositoryState& RepositoryState::operator=(RepositoryState&&) noexcept = default;
RepositoryState::~RepositoryState() = default;

uint64_t RepositoryState::number() const { return data_->number; }
const Sha256Digest& RepositoryState::hash() const { return data_->hash; }
uint64_t RepositoryState::floor() const { return data_->floor; }

Result<void> RepositoryState::check(const std::vector<Event>& events) const {
  if (events.size() == 1) return data_->check(events.front());
  // What a later event may say depends on what the earlier ones did.
  Data copy = *data_;
  for (const Event& event : events) {
    RETURN_IF_ERROR(copy.check(event));
    copy.perform(event, {});
  }
  return {};
}

Result<void> RepositoryState::apply(const std::vector<Event>& events, const Sha256Digest& hash) {
  if (events.size() == 1) {
    RETURN_IF_ERROR(data_->check(events.front()));
    data_->perform(events.front(), hash);
  } else if (!events.empty()) {
    auto copy = std::make_unique<Data>(*data_);
    for (const Event& event : events) {
      RETURN_IF_ERROR(copy->check(event));
      copy->perform(event, hash);
    }
    data_ = std::move(copy);
  }
  ++data_->number;
  data_->hash = hash;
  return {};
}

const std::map<std::string, LiveBackup, std::less<>>& RepositoryState::backups() const {
  return data_->backups;
}

const LiveBackup* RepositoryState::find(std::string_view backup) const {
  const auto found = data_->backups.find(backup);
  return found == data_->backups.end() ? nullptr : &found->second;
}

std::vector<StoredPack> RepositoryState::packs_of(std::string_view backup) const {
  std::vector<StoredPack> packs;
  const auto found = data_->needs.find(backup);
  if (found == data_->needs.end()) return packs;
  packs.reserve(found->second.size());
  for (const PackSlot slot : found->second) packs.push_back(data_->packs.at(slot).pack);
  std::ranges::sort(packs, {}, &StoredPack::name);
  return packs;
}

PackStatus RepositoryState::status(const PackName& pack) const { return data_->status(pack); }
bool RepositoryState::may_reference(const PackName& pack) const { return data_->may_reference(pack); }

std::optional<std::vector<PackName>> RepositoryState::relocated(const PackName& pack) const {
  const auto found = data_->relocations.find(pack);
  if (found == data_->relocations.end()) return std::nullopt;
  return found->second;
}

void RepositoryState::visit_known(const std::function<void(const KnownPack&)>& visit) const {
  for (const auto& [name, slot] : data_->packs.slots()) visit(data_->packs.at(slot));
}

void RepositoryState::visit_tombstones(const std::function<void(const Tombstone&)>& visit) const {
  for (const auto& [name, tombstone] : data_->tombstones) visit(tombstone);
}

}  // namespace summit::repository::packed
