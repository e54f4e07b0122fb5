#include "repository/packed/deduplicator.h"

namespace summit::repository::packed {

std::optional<PendingReference> Deduplicator::find(const ChunkId& id) {
  const std::lock_guard lock(mutex_);
  if (const auto found = on_their_way_.find(id); found != on_their_way_.end()) return found->second;
  if (const auto stored = index_.find(id)) return PendingReference{*stored};
  return std::nullopt;
}

std::optional<PendingReference> Deduplicator::find_or_claim(const PendingReference& mine) {
  const std::lock_guard lock(mutex_);
  const auto [position, is_new] = on_their_way_.try_emplace(mine.reference.id, mine);
  if (!is_new) return position->second;
  const auto stored = index_.find(mine.reference.id);
  if (!stored) return std::nullopt;
  on_their_way_.erase(position);
  return PendingReference{*stored};
}

void Deduplicator::placed(const FrameJob& job, const FramePlace& place) {
  const std::lock_guard lock(mutex_);
  for (const PackedChunk& chunk : job.chunks) {
    index_.add({.id = chunk.id, .frame = place, .offset = chunk.offset, .length = chunk.length});
    on_their_way_.erase(chunk.id);
  }
}

}  // namespace summit::repository::packed
