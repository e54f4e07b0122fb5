// Which chunks of which packs live backups need, in bounded memory: one filter a pack, which may take a dead
// chunk for a live one (one in some hundred), and never a live one for dead.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/cancellation.h"
#include "core/result.h"
#include "repository/packed/chunk_reader.h"
#include "repository/packed/commit_log.h"
#include "repository/packed/keyring.h"
#include "repository/packed/reference.h"
#include "storage/object_store.h"

namespace summit::repository::packed {

// A Bloom filter of chunk ids.
class ChunkFilter {
 public:
  // For a pack of that size: two bytes for each chunk of the usual size.
  explicit ChunkFilter(uint64_t pack_size);

  // True when the id was not in yet.
  bool insert(const ChunkId& id);
  bool contains(const ChunkId& id) const;

 private:
  std::vector<uint64_t> words_;
};

struct PackLiveness {
  ChunkFilter filter;
  uint64_t live_bytes = 0;  // about as much of the object as live chunks take
};

class LiveChunks {
 public:
  // Nothing when no live backup needs a chunk of it.
  const PackLiveness* find(const PackName& pack) const;

 private:
  friend class LiveChunkMarker;
  std::unordered_map<PackName, PackLiveness, PackNameHash> packs_;
};

// Reads the manifests of live backups, each block once. One thread at a time.
class LiveChunkMarker {
 public:
  // `state` is the state after which is marked; all outlive the marker.
  LiveChunkMarker(storage::ObjectStore& store, const Keyring& keyring, const RepositoryState& state);

  // kCorrupt when a block is damaged or names a pack that is not there: nothing may be concluded then.
  Result<void> mark(const CommitEvent& commit, const Cancellation& cancellation);
  LiveChunks finish() { return std::move(live_); }

 private:
  Result<void> mark_block(const Reference& block, const Cancellation& cancellation);
  Result<void> mark_chunk(const Reference& reference);
  Result<void> mark_in(const PackName& pack, const Reference& reference);

  const RepositoryState& state_;
  std::unordered_map<PackName, uint64_t, PackNameHash> sizes_;  // of known packs
  ChunkReader reader_;
  std::unordered_set<ChunkId, ChunkIdHash> seen_;  // blocks
  LiveChunks live_;
};

}  // namespace summit::repository::packed
