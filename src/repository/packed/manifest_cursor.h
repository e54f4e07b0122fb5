// Walks through the entries of a stored content, forward only, with the memory of one manifest block.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/result.h"
#include "repository/packed/manifest_block.h"

namespace summit::repository::packed {

// How many bytes of content each block describes that was read once: what lies before an offset need not be
// read again. Thread-safe.
class BlockLengths {
 public:
  std::optional<uint64_t> find(const ChunkId& block) const;
  void note(const ChunkId& block, uint64_t length);

 private:
  mutable std::mutex mutex_;
  std::unordered_map<ChunkId, uint64_t, ChunkIdHash> lengths_;
};

class ManifestCursor {
 public:
  using ReadBlock = std::function<Result<std::string>(const Reference& block)>;

  // `lengths` outlives it.
  ManifestCursor(std::vector<Reference> blocks, ReadBlock read_block, BlockLengths& lengths)
      : blocks_(std::move(blocks)), read_block_(std::move(read_block)), lengths_(lengths) {}

  // The next entry; nothing at the end.
  Result<std::optional<ManifestEntry>> next();

  // The entry that holds the byte at `offset` of the content, and where it begins; nothing behind the end.
  // Offsets never decrease, except within the entry found last.
  struct Located {
    ManifestEntry entry;
    uint64_t offset = 0;
  };
  Result<std::optional<Located>> covering(uint64_t offset);

 private:
  // The next blocks, as far as they are known to end at `offset` or before.
  void pass_over_until(uint64_t offset);
  // Makes entries_[position_] valid; false at the end.
  Result<bool> load();

  std::vector<Reference> blocks_;
  ReadBlock read_block_;
  BlockLengths& lengths_;
  std::vector<ManifestEntry> entries_;  // of the block before next_block_
  size_t position_ = 0;
  size_t next_block_ = 0;
  uint64_t offset_ = 0;  // in the content, of entries_[position_]
};

}  // namespace summit::repository::packed
