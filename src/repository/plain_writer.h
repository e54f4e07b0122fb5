// Writes one backup of the plain layout.
#pragma once

#include <memory>

#include "repository/artifact_table.h"
#include "repository/backup_repository.h"
#include "repository/file_lock.h"

namespace summit::repository {

// Crash order: every artifact is durable at finish(); commit() writes metadata and CHECKSUMS, makes the
// directory durable, renames it, makes that durable, and creates the marker. Whatever is cut off before the
// marker is not listed, and the next writer finds it by the lock file, which outlives only a crash.
class PlainWriter final : public BackupWriter {
 public:
  static Result<std::unique_ptr<BackupWriter>> begin(const fs::path& base, const std::string& id);
  ~PlainWriter() override;

  const std::string& id() const override { return id_; }
  bool deduplicates() const override { return false; }
  Result<std::unique_ptr<ArtifactSink>> create(std::string name, std::string component) override;
  fs::path workspace() const override;
  Result<void> commit(const BackupMetadata& metadata) override;
  std::vector<std::string> warnings() const override { return warnings_; }

 private:
  PlainWriter(fs::path base, std::string id, FileLock lock);

  Result<void> write_records(const BackupMetadata& metadata);
  Result<void> publish_directory();
  Result<void> write_marker();

  const fs::path base_;
  const std::string id_;
  std::optional<FileLock> lock_;  // held until the marker is durable or everything is removed
  fs::path directory_;            // where the backup is now; empty: committed
  std::shared_ptr<ArtifactTable> table_ = std::make_shared<ArtifactTable>();
  std::vector<std::string> warnings_;
};

}  // namespace summit::repository
