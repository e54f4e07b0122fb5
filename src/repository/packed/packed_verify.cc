#include "repository/packed/packed_verify.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <random>
#include <unordered_map>

#include "core/digest.h"
#include "core/task_group.h"
#include "repository/packed/packed_reader.h"
#include "storage/bandwidth_limit.h"

namespace summit::repository::packed {
namespace {

// Which chunks were seen in a pack: 8 of the 32 bytes of each id, sorted. Ids are keyed, so nobody can choose
// two that agree there.
using SeenChunks = std::unordered_map<PackName, std::vector<uint64_t>, PackNameHash>;

uint64_t front_of(const ChunkId& id) { return ChunkIdHash{}(id); }

// What prevents the proof, as opposed to what the proof finds.
bool is_obstacle(Code code) { return code != Code::kCorrupt && code != Code::kNotFound; }

class BackupProof {
 public:
  BackupProof(storage::ObjectStore& store, const Keyring& keyring, const VerifyTarget& target,
              const VerifyOptions& options, Reporter& reporter, const Cancellation& cancellation)
      : store_(store),
        keyring_(keyring),
        target_(target),
        options_(options),
        reporter_(reporter),
        cancellation_(cancellation),
        limit_(options.bytes_per_second) {
    report_.id = target.commit.backup;
  }

  Result<VerifyReport> run() {
    const auto packs = chosen_packs();
    {
      const auto phase = reporter_.phase(report_.id, "verifying");
      uint64_t total = 0;
      for (const auto& pack : packs) total += pack.size;
      phase->set_total(total);
      RETURN_IF_ERROR(parallel_for(
          packs.size(), kParallelPacks, [&](size_t index) { return check_pack(packs[index], *phase); },
          cancellation_));
    }
    std::ranges::sort(report_.findings, {}, &Finding::artifact);
    if (options_.level >= 2 && options_.fraction >= 1) RETURN_IF_ERROR(check_manifests());
    report_.artifacts = target_.commit.artifacts.size();
    return std::move(report_);
  }

 private:
  // A random part: over many runs each pack has its turn.
  std::vector<StoredPack> chosen_packs() const {
    auto packs = target_.packs;
    if (options_.fraction >= 1) return packs;
    std::mt19937_64 random(std::random_device{}());
    std::ranges::shuffle(packs, random);
    const auto count = std::ceil(static_cast<double>(packs.size()) * options_.fraction);
    packs.resize(static_cast<size_t>(count));
    return packs;
  }

  void find(std::string object, std::string problem) {
    const std::lock_guard lock(mutex_);
    report_.findings.push_back({std::move(object), std::move(problem)});
  }

  Result<void> check_pack(const StoredPack& pack, Phase& phase) {
    RETURN_IF_ERROR(limit_.take(pack.size, cancellation_));
    auto stored = options_.level >= 2 ? open_pack(pack.name) : digest_pack(pack.name);
    phase.advance(pack.size);
    if (!stored.ok()) {
      if (is_obstacle(stored.error().code())) return std::move(stored).error();
      find(pack.name.key(), stored.error().code() == Code::kNotFound ? "missing" : stored.error().message());
      return {};
    }
    if (stored->size != pack.size) {
      find(pack.name.key(), fmt::format("size is {}, recorded {}", stored->size, pack.size));
    } else if (stored->sha256 != pack.sha256) {
      find(pack.name.key(), "sha-256 differs");
    }
    const std::lock_guard lock(mutex_);
    report_.bytes += stored->size;
    return {};
  }

  Result<StoredPack> digest_pack(const PackName& name) {
    StoredPack stored{.name = name, .size = 0, .sha256 = {}};
    Sha256 digest;
    const auto consume = [&](ByteView bytes) -> Result<void> {
      digest.update(bytes);
      stored.size += bytes.size();
      return {};
    };
    RETURN_IF_ERROR(store_.get(name.key(), {}, consume, cancellation_));
    stored.sha256 = digest.finish();
    return stored;
  }

  Result<StoredPack> open_pack(const PackName& name) {
    ASSIGN_OR_RETURN(const auto content, read_whole_pack(store_, keyring_, name, {}, cancellation_));
    std::vector<uint64_t> chunks;
    for (const auto& frame : content.frames)
      for (const auto& chunk : frame.chunks) chunks.push_back(front_of(chunk.id));
    std::ranges::sort(chunks);
    const std::lock_guard lock(mutex_);
    seen_[name] = std::move(chunks);
    return content.stored;
  }

  Result<void> check_manifests() {
    ChunkReader chunks(store_, keyring_, {.relocated = target_.relocated});
    for (const auto& artifact : target_.commit.artifacts) {
      const auto checked = check_manifest(chunks, artifact);
      if (checked.ok()) continue;
      if (is_obstacle(checked.error().code())) return checked.error();
      find(artifact.name, checked.error().message());
    }
    return {};
  }

  // Every chunk that the manifest names was seen where it should be, and together they are as long as the
  // artifact.
  Result<void> check_manifest(ChunkReader& chunks, const PackedArtifact& artifact) {
    uint64_t size = 0;
    const auto cursor = chunks.cursor(blocks_of(artifact), cancellation_);
    while (true) {
      RETURN_IF_ERROR(cancellation_.check());
      ASSIGN_OR_RETURN(const auto entry, cursor->next());
      if (!entry) break;
      size += entry->length;
      if (entry->kind == ManifestEntry::Kind::kZeros) continue;
      RETURN_IF_ERROR(check_reference(entry->chunk));
      if (entry->kind == ManifestEntry::Kind::kPatched) RETURN_IF_ERROR(check_reference(entry->patch));
    }
    if (size == artifact.size) return {};
    return Error(Code::kCorrupt, "its manifest describes {} bytes of {}", size, artifact.size);
  }

  Result<void> check_reference(const Reference& reference) {
    const auto present = target_.relocated ? target_.relocated(reference.frame.pack) : std::nullopt;
    for (const auto& pack : present.value_or(std::vector{reference.frame.pack})) {
      const auto found = seen_.find(pack);
      if (found != seen_.end() && std::ranges::binary_search(found->second, front_of(reference.id)))
        return {};
    }
    return Error(Code::kCorrupt, "chunk {} is not in pack {}", reference.id.to_hex(),
                 reference.frame.pack.to_string());
  }

  storage::ObjectStore& store_;
  const Keyring& keyring_;
  const VerifyTarget& target_;
  const VerifyOptions options_;
  Reporter& reporter_;
  const Cancellation& cancellation_;
  storage::BandwidthLimit limit_;
  std::mutex mutex_;  // guards what follows while packs are read
  VerifyReport report_;
  SeenChunks seen_;
};

}  // namespace

Result<VerifyReport> verify_backup(storage::ObjectStore& store, const Keyring& keyring,
                                   const VerifyTarget& target, const VerifyOptions& options,
                                   Reporter& reporter, const Cancellation& cancellation) {
  return BackupProof(store, keyring, target, options, reporter, cancellation).run();
}

}  // namespace summit::repository::packed
