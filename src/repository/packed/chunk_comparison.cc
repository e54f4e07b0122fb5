#include "repository/packed/chunk_comparison.h"

#include <algorithm>
#include <functional>
#include <unordered_set>
#include <vector>

#include "repository/packed/packed_reader.h"

namespace summit::repository::packed {
namespace {

// 8 of the 32 bytes of an id: ids are keyed, so nobody can choose two that agree there, and by chance two do
// once in billions of backups.
uint64_t front_of(const ChunkId& id) { return ChunkIdHash{}(id); }

uint64_t encoded_share(const Reference& reference) {
  const auto plain = std::max<uint64_t>(reference.frame.plain_length, 1);
  return uint64_t{reference.length} * reference.frame.encoded_length / plain;
}

// Every chunk of the blocks, again for each time that it is named.
Result<void> visit_chunks(ChunkReader& reader, std::vector<Reference> blocks,
                          const std::function<void(const Reference&)>& visit,
                          const Cancellation& cancellation) {
  const auto cursor = reader.cursor(std::move(blocks), cancellation);
  while (true) {
    RETURN_IF_ERROR(cancellation.check());
    ASSIGN_OR_RETURN(const auto entry, cursor->next());
    if (!entry) return {};
    if (entry->kind == ManifestEntry::Kind::kZeros) continue;
    visit(entry->chunk);
    if (entry->kind == ManifestEntry::Kind::kPatched) visit(entry->patch);
  }
}

// What one backup references, sorted.
struct Referenced {
  std::vector<uint64_t> chunks;
  std::unordered_set<uint64_t> blocks;

  bool has(const ChunkId& id) const { return std::ranges::binary_search(chunks, front_of(id)); }
};

Result<Referenced> referenced_by(ChunkReader& reader, const CommitEvent& commit,
                                 const Cancellation& cancellation) {
  Referenced referenced;
  const auto add = [&](const Reference& chunk) { referenced.chunks.push_back(front_of(chunk.id)); };
  for (const auto& artifact : commit.artifacts) {
    auto blocks = blocks_of(artifact);
    // A block that two artifacts share, or one twice, is read once.
    std::erase_if(
        blocks, [&](const Reference& block) { return !referenced.blocks.insert(front_of(block.id)).second; });
    RETURN_IF_ERROR(visit_chunks(reader, std::move(blocks), add, cancellation), "{} of {}", artifact.name,
                    commit.backup);
  }
  std::ranges::sort(referenced.chunks);
  const auto repeated = std::ranges::unique(referenced.chunks);
  referenced.chunks.erase(repeated.begin(), repeated.end());
  return referenced;
}

}  // namespace

Result<ChunkComparison> compare_chunks(ChunkReader& reader, const CommitEvent& first,
                                       const CommitEvent& second, const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(const auto known, referenced_by(reader, first, cancellation));
  ChunkComparison comparison;
  std::unordered_set<uint64_t> counted;
  for (const auto& artifact : second.artifacts) {
    NewBytes& added = comparison.by_artifact[artifact.name];
    const auto count = [&](const Reference& chunk) {
      if (known.has(chunk.id) || !counted.insert(front_of(chunk.id)).second) return;
      added.plain += chunk.length;
      added.stored += encoded_share(chunk);
    };
    auto blocks = blocks_of(artifact);
    // An equal block names equal chunks: it has nothing new.
    std::erase_if(blocks, [&](const Reference& block) { return known.blocks.contains(front_of(block.id)); });
    for (const Reference& block : blocks) added.stored += encoded_share(block);
    RETURN_IF_ERROR(visit_chunks(reader, std::move(blocks), count, cancellation), "{} of {}", artifact.name,
                    second.backup);
    comparison.total.plain += added.plain;
    comparison.total.stored += added.stored;
  }
  return comparison;
}

Result<ChunkComparison> compare_backups(const PackedRepository& repository, const std::string& first,
                                        const std::string& second, const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(const auto log, repository.open_log(cancellation));
  ASSIGN_OR_RETURN(const auto before, log->read_commit(first, cancellation));
  ASSIGN_OR_RETURN(const auto after, log->read_commit(second, cancellation));
  ChunkReader reader(repository.store(), repository.keys().keyring,
                     {.workers = 1, .relocated = relocations_of(log->state())});
  return compare_chunks(reader, before, after, cancellation);
}

}  // namespace summit::repository::packed
