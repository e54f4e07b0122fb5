#include "repository/packed/manifest_cursor.h"

namespace summit::repository::packed {

std::optional<uint64_t> BlockLengths::find(const ChunkId& block) const {
  const std::lock_guard lock(mutex_);
  const auto found = lengths_.find(block);
  return found == lengths_.end() ? std::nullopt : std::optional(found->second);
}

void BlockLengths::note(const ChunkId& block, uint64_t length) {
  const std::lock_guard lock(mutex_);
  lengths_[block] = length;
}

void ManifestCursor::pass_over_until(uint64_t offset) {
  while (position_ == entries_.size() && next_block_ != blocks_.size()) {
    const auto length = lengths_.find(blocks_[next_block_].id);
    if (!length || offset_ + *length > offset) return;
    offset_ += *length;
    ++next_block_;
  }
}

Result<bool> ManifestCursor::load() {
  while (position_ == entries_.size()) {
    if (next_block_ == blocks_.size()) return false;
    ASSIGN_OR_RETURN(const std::string block, read_block_(blocks_[next_block_]));
    ASSIGN_OR_RETURN(entries_, parse_block(as_bytes(block)), "pack {}: frame {}",
                     blocks_[next_block_].frame.pack.to_string(), blocks_[next_block_].frame.ordinal);
    uint64_t length = 0;
    for (const ManifestEntry& entry : entries_) length += entry.length;
    lengths_.note(blocks_[next_block_].id, length);
    position_ = 0;
    ++next_block_;
  }
  return true;
}

Result<std::optional<ManifestEntry>> ManifestCursor::next() {
  ASSIGN_OR_RETURN(const bool available, load());
  if (!available) return std::optional<ManifestEntry>();
  const ManifestEntry& entry = entries_[position_++];
  offset_ += entry.length;
  return std::optional(entry);
}

Result<std::optional<ManifestCursor::Located>> ManifestCursor::covering(uint64_t offset) {
  while (true) {
    pass_over_until(offset);
    ASSIGN_OR_RETURN(const bool available, load());
    if (!available || offset_ > offset) return std::optional<Located>();
    const ManifestEntry& entry = entries_[position_];
    if (offset < offset_ + entry.length) return std::optional(Located{entry, offset_});
    offset_ += entry.length;
    ++position_;
  }
}

}  // namespace summit::repository::packed
