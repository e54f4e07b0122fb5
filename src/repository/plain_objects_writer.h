// Writes one backup of the plain layout into an object store.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "repository/artifact_table.h"
#include "repository/backup_repository.h"
#include "repository/object_locks.h"
#include "storage/object_store.h"

namespace summit::repository {

inline constexpr std::string_view kClaims = "claims/";
inline std::string claim_key(std::string_view id) { return fmt::format("{}{}", kClaims, id); }

// Order: the claim, the artifacts, metadata and CHECKSUMS, the marker, then the claim is removed. Whatever is
// cut off before the marker is not listed.
class PlainObjectsWriter final : public BackupWriter {
 public:
  // `copy_of`: empty for a new backup, whose id nobody may have claimed; else the digest of the metadata of
  // what is copied, by which an unfinished copy of the same backup is known and taken up.
  static Result<std::unique_ptr<BackupWriter>> begin(std::shared_ptr<storage::ObjectStore> store,
                                                     const fs::path& scratch, const std::string& id,
                                                     const std::string& copy_of, LockTime lock_time = {});
  ~PlainObjectsWriter() override;

  const std::string& id() const override { return id_; }
  bool deduplicates() const override { return false; }
  Result<std::unique_ptr<ArtifactSink>> create(std::string name, std::string component) override;
  std::optional<Artifact> adopt(const Artifact& artifact) override;
  fs::path workspace() const override { return workspace_.path(); }
  Result<void> commit(const BackupMetadata& metadata) override;
  std::vector<std::string> warnings() const override { return warnings_; }

 private:
  PlainObjectsWriter(std::shared_ptr<storage::ObjectStore> store, std::string id,
                     TemporaryDirectory workspace)
      : store_(std::move(store)), id_(std::move(id)), workspace_(std::move(workspace)) {}
  Result<void> take_up();
  void lock(const BackupMetadata& metadata);

  const std::shared_ptr<storage::ObjectStore> store_;
  const std::string id_;
  TemporaryDirectory workspace_;
  LockTime lock_time_;
  std::vector<std::string> warnings_;
  bool is_copy_ = false;
  bool committed_ = false;
  std::map<std::string, uint64_t> already_there_;  // sizes of what an earlier attempt of this copy finished
  std::shared_ptr<ArtifactTable> table_ = std::make_shared<ArtifactTable>();
};

}  // namespace summit::repository
