// Reads one backup of the packed layout.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>

#include "repository/backup_repository.h"
#include "repository/packed/chunk_reader.h"
#include "repository/packed/events.h"
#include "repository/packed/repository_state.h"

namespace summit::repository::packed {

// Where relocated packs lie now, as a value of its own: the log may go on meanwhile.
Relocated relocations_of(const RepositoryState& state);

// The manifest blocks of an artifact, as the commit places them.
std::vector<Reference> blocks_of(const PackedArtifact& artifact);

// The store and keyring outlive it.
class PackedReader final : public BackupReader {
 public:
  static Result<std::unique_ptr<BackupReader>> open(storage::ObjectStore& store, const Keyring& keyring,
                                                    CommitEvent commit, Relocated relocated);

  const BackupMetadata& metadata() const override { return metadata_; }
  Result<void> read(const std::string& artifact, const std::function<Result<void>(ByteView)>& consume,
                    const Cancellation& cancellation) const override;
  Result<void> read_range(const std::string& artifact, uint64_t offset, uint64_t size,
                          const std::function<Result<void>(ByteView)>& consume,
                          const Cancellation& cancellation) const override;
  Result<fs::path> native_file(const std::string& artifact, const fs::path& workspace) const override;

 private:
  PackedReader(storage::ObjectStore& store, const Keyring& keyring, BackupMetadata metadata,
               CommitEvent commit, Relocated relocated);

  Result<const PackedArtifact*> find(const std::string& artifact) const;

  const BackupMetadata metadata_;
  const CommitEvent commit_;
  const std::unique_ptr<ChunkReader> chunks_;
  mutable std::mutex mutex_;
  mutable std::set<fs::path> exported_;
};

}  // namespace summit::repository::packed
