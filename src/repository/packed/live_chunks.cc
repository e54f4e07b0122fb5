#include "repository/packed/live_chunks.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "repository/packed/manifest_block.h"

namespace summit::repository::packed {
namespace {

constexpr uint64_t kUsualChunk = 64 * KiB;
constexpr uint64_t kBitsPerChunk = 16;
constexpr uint64_t kMinWords = 4;
constexpr uint64_t kReaderMemory = 32 * MiB;

// An id is as good as random, so its parts are independent hashes.
std::array<uint64_t, 4> hashes_of(const ChunkId& id) {
  std::array<uint64_t, 4> hashes{};
  std::memcpy(hashes.data(), id.bytes.data(), id.bytes.size());
  return hashes;
}

uint64_t encoded_share(const Reference& reference) {
  const auto plain = std::max<uint64_t>(reference.frame.plain_length, 1);
  return uint64_t{reference.length} * reference.frame.encoded_length / plain;
}

}  // namespace

ChunkFilter::ChunkFilter(uint64_t pack_size)
    : words_(std::max(kMinWords, pack_size / kUsualChunk * kBitsPerChunk / 64)) {}

bool ChunkFilter::insert(const ChunkId& id) {
  bool added = false;
  for (const uint64_t hash : hashes_of(id)) {
    uint64_t& word = words_[hash / 64 % words_.size()];
    const uint64_t bit = uint64_t{1} << (hash % 64);
    added = added || (word & bit) == 0;
    word |= bit;
  }
  return added;
}

bool ChunkFilter::contains(const ChunkId& id) const {
  return std::ranges::all_of(hashes_of(id), [&](uint64_t hash) {
    return (words_[hash / 64 % words_.size()] & uint64_t{1} << (hash % 64)) != 0;
  });
}

const PackLiveness* LiveChunks::find(const PackName& pack) const {
  const auto found = packs_.find(pack);
  return found == packs_.end() ? nullptr : &found->second;
}

LiveChunkMarker::LiveChunkMarker(storage::ObjectStore& store, const Keyring& keyring,
                                 const RepositoryState& state)
    : state_(state),
      reader_(store, keyring,
              {.workers = 1, .memory = kReaderMemory, .relocated = [&state](const PackName& pack) {
                 return state.relocated(pack);
               }}) {
  state.visit_known(
      [&](const RepositoryState::KnownPack& known) { sizes_[known.pack.name] = known.pack.size; });
}

Result<void> LiveChunkMarker::mark(const CommitEvent& commit, const Cancellation& cancellation) {
  for (const PackedArtifact& artifact : commit.artifacts) {
    for (const BlockPlace& place : artifact.blocks) {
      ASSIGN_OR_RETURN(const Reference block, to_reference(place), "{} of {}", artifact.name, commit.backup);
      RETURN_IF_ERROR(mark_block(block, cancellation), "{} of {}", artifact.name, commit.backup);
    }
  }
  return {};
}

Result<void> LiveChunkMarker::mark_block(const Reference& block, const Cancellation& cancellation) {
  // Marked at every place that a commit names, though read once: two copies of a block may exist.
  RETURN_IF_ERROR(mark_chunk(block));
  if (seen_.contains(block.id)) return {};
  ASSIGN_OR_RETURN(const std::string bytes, reader_.read_chunk(block, cancellation));
  ASSIGN_OR_RETURN(const auto entries, parse_block(as_bytes(bytes)), "manifest block {}", block.id.to_hex());
  for (const ManifestEntry& entry : entries) {
    if (entry.kind == ManifestEntry::Kind::kZeros) continue;
    RETURN_IF_ERROR(mark_chunk(entry.chunk));
    if (entry.kind == ManifestEntry::Kind::kPatched) RETURN_IF_ERROR(mark_chunk(entry.patch));
  }
  seen_.insert(block.id);
  return {};
}

Result<void> LiveChunkMarker::mark_chunk(const Reference& reference) {
  const auto relocated = state_.relocated(reference.frame.pack);
  if (!relocated) return mark_in(reference.frame.pack, reference);
  // In which of them it lies only their footers know: taking it for live in all of them costs a little space.
  for (const PackName& pack : *relocated) RETURN_IF_ERROR(mark_in(pack, reference));
  return {};
}

Result<void> LiveChunkMarker::mark_in(const PackName& pack, const Reference& reference) {
  const auto size = sizes_.find(pack);
  if (size == sizes_.end())
    return Error(Code::kCorrupt, "a live backup needs chunk {} in pack {}, which the log does not know",
                 reference.id.to_hex(), pack.to_string());
  PackLiveness& liveness =
      live_.packs_.try_emplace(pack, PackLiveness{.filter = ChunkFilter(size->second)}).first->second;
  if (liveness.filter.insert(reference.id)) liveness.live_bytes += encoded_share(reference);
  return {};
}

}  // namespace summit::repository::packed
