// Reads one finished backup of the plain layout.
#pragma once

#include <mutex>
#include <set>

#include "repository/backup_repository.h"

namespace summit::repository {

// Streams a file and gives its size and SHA-256; never follows a link. kCancelled between blocks.
struct FileContent {
  uint64_t size = 0;
  std::string sha256;
};
Result<FileContent> stream_file(const fs::path& path, const std::function<Result<void>(ByteView)>& consume,
                                const Cancellation& cancellation);

class PlainReader final : public BackupReader {
 public:
  static Result<std::unique_ptr<BackupReader>> open(const fs::path& directory);

  const BackupMetadata& metadata() const override { return metadata_; }
  Result<void> read(const std::string& artifact, const std::function<Result<void>(ByteView)>& consume,
                    const Cancellation& cancellation) const override;
  Result<void> read_range(const std::string& artifact, uint64_t offset, uint64_t size,
                          const std::function<Result<void>(ByteView)>& consume,
                          const Cancellation& cancellation) const override;
  Result<fs::path> native_file(const std::string& artifact, const fs::path& workspace) const override;

 private:
  PlainReader(fs::path directory, BackupMetadata metadata)
      : directory_(std::move(directory)), metadata_(std::move(metadata)) {}
  Result<const Artifact*> find(const std::string& artifact) const;

  const fs::path directory_;
  const BackupMetadata metadata_;
  mutable std::mutex mutex_;
  mutable std::set<std::string> verified_;  // artifacts whose digest was compared
};

// The metadata of the backup in `directory`; kCorrupt when they are missing, damaged or of another backup.
Result<BackupMetadata> read_metadata_file(const fs::path& directory);

}  // namespace summit::repository
