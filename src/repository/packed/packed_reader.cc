#include "repository/packed/packed_reader.h"

#include <algorithm>

#include "core/digest.h"

namespace summit::repository::packed {

Relocated relocations_of(const RepositoryState& state) {
  auto copy = std::make_shared<const RepositoryState>(state);
  return [copy](const PackName& pack) { return copy->relocated(pack); };
}

std::vector<Reference> blocks_of(const PackedArtifact& artifact) {
  std::vector<Reference> blocks;
  blocks.reserve(artifact.blocks.size());
  for (const auto& block : artifact.blocks) {
    blocks.push_back({.id = block.id,
                      .frame = {.pack = block.pack,
                                .ordinal = block.frame,
                                .offset = block.frame_offset,
                                .plain_length = block.plain_length,
                                .encoded_length = block.encoded_length,
                                .encoding = static_cast<Encoding>(block.encoding)},
                      .offset = block.offset,
                      .length = block.length});
  }
  return blocks;
}

PackedReader::PackedReader(storage::ObjectStore& store, const Keyring& keyring, BackupMetadata metadata,
                           CommitEvent commit, Relocated relocated)
    : metadata_(std::move(metadata)),
      commit_(std::move(commit)),
      chunks_(std::make_unique<ChunkReader>(store, keyring,
                                            ChunkReaderOptions{.relocated = std::move(relocated)})) {}

Result<std::unique_ptr<BackupReader>> PackedReader::open(storage::ObjectStore& store, const Keyring& keyring,
                                                         CommitEvent commit, Relocated relocated) {
  ASSIGN_OR_RETURN(auto metadata, metadata_from_json(commit.metadata), "in the commit of {}", commit.backup);
  return std::unique_ptr<BackupReader>(
      new PackedReader(store, keyring, std::move(metadata), std::move(commit), std::move(relocated)));
}

Result<const PackedArtifact*> PackedReader::find(const std::string& artifact) const {
  const auto found = std::ranges::find(commit_.artifacts, artifact, &PackedArtifact::name);
  if (found != commit_.artifacts.end()) return &*found;
  return Error(Code::kNotFound, "backup {} has no artifact {}", metadata_.id, artifact)
      .hint(fmt::format("summit-dr info {}", metadata_.id));
}

Result<void> PackedReader::read(const std::string& artifact,
                                const std::function<Result<void>(ByteView)>& consume,
                                const Cancellation& cancellation) const {
  ASSIGN_OR_RETURN(const PackedArtifact* found, find(artifact));
  Sha256 digest;
  uint64_t size = 0;
  const auto check = [&](ByteView bytes) {
    digest.update(bytes);
    size += bytes.size();
    return consume(bytes);
  };
  RETURN_IF_ERROR(chunks_->read(blocks_of(*found), check, cancellation), "{} of backup {}", artifact,
                  metadata_.id);
  // Every chunk was proven; this proves that the manifest put the right ones together.
  if (size == found->size && digest.finish() == found->sha256) return {};
  return Error(Code::kCorrupt, "{} of backup {} is damaged: its content is not the recorded one", artifact,
               metadata_.id)
      .hint(fmt::format("summit-dr verify {}", metadata_.id));
}

Result<void> PackedReader::read_range(const std::string& artifact, uint64_t offset, uint64_t size,
                                      const std::function<Result<void>(ByteView)>& consume,
                                      const Cancellation& cancellation) const {
  ASSIGN_OR_RETURN(const PackedArtifact* found, find(artifact));
  RETURN_IF_ERROR(check_range(metadata_, artifact, found->size, offset, size));
  RETURN_IF_ERROR(chunks_->read_range(blocks_of(*found), offset, size, consume, cancellation),
                  "{} of backup {}", artifact, metadata_.id);
  return {};
}

Result<fs::path> PackedReader::native_file(const std::string& artifact, const fs::path& workspace) const {
  const std::lock_guard lock(mutex_);
  const fs::path path = workspace / artifact;
  if (exported_.contains(path)) return path;
  ASSIGN_OR_RETURN(const auto fd, open_for_writing(path, 0600));
  RETURN_IF_ERROR(read(artifact, [&](ByteView bytes) { return write_all(fd.get(), bytes, path); }, {}));
  exported_.insert(path);
  return path;
}

}  // namespace summit::repository::packed
