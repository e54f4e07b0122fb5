// Writes one backup of the packed layout.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "repository/artifact_table.h"
#include "repository/backup_repository.h"
#include "repository/packed/chunk_index.h"
#include "repository/packed/chunk_writer.h"
#include "repository/packed/packed_repository.h"

namespace summit::repository::packed {

// What the sinks have finished: the number of an artifact's content in the chunk writer.
struct ContentNumbers {
  std::mutex mutex;
  std::map<std::string, size_t> by_artifact;
};

// Packs arrive while artifacts are written; the log's record makes them a backup, and the published view
// follows it. Packs that an interrupted backup left are used as if they had been committed: what arrived is
// not sent again.
class PackedWriter final : public BackupWriter {
 public:
  static Result<std::unique_ptr<BackupWriter>> begin(PackedRepository& repository, const std::string& id);
  ~PackedWriter() override;

  const std::string& id() const override { return id_; }
  bool deduplicates() const override { return true; }
  Result<std::unique_ptr<ArtifactSink>> create(std::string name, std::string component) override;
  fs::path workspace() const override { return workspace_.path(); }
  Result<void> commit(const BackupMetadata& metadata) override;
  std::vector<std::string> warnings() const override { return warnings_; }

 private:
  PackedWriter(PackedRepository& repository, std::string id, TemporaryDirectory workspace)
      : repository_(repository), id_(std::move(id)), workspace_(std::move(workspace)) {}

  Result<void> refuse_id_of_a_plain_backup() const;
  void publish_what_a_crash_left();
  Result<void> sync_index(const RepositoryState& state);
  void lock(const BackupMetadata& metadata, const CommitEvent& commit);
  Result<CommitEvent> describe(const BackupMetadata& metadata, const Written& written);
  Result<std::vector<StoredPack>> stored(const std::set<PackName>& packs, const Written& written);
  Result<void> append(const CommitEvent& commit);

  PackedRepository& repository_;
  const std::string id_;
  TemporaryDirectory workspace_;
  std::unique_ptr<ChunkIndex> index_;
  std::unique_ptr<ChunkWriter> chunks_;
  std::shared_ptr<ArtifactTable> table_ = std::make_shared<ArtifactTable>();
  std::shared_ptr<ContentNumbers> numbers_ = std::make_shared<ContentNumbers>();
  std::vector<std::string> warnings_;
};

}  // namespace summit::repository::packed
