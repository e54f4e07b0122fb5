// The plain layout in an object store: the same names as in a directory, as objects below "<id>/".
//
// An object store has no rename and no lock that dies with its holder. So a writer claims its id first, by
// creating ".claims/<id>", and the empty object "<id>/<id>" is its commit marker. Leftovers of a crashed
// writer have a claim and no marker; they are removed by a later writer once the claim is two days old, or
// taken up by a copy of the same backup. Format: docs/formats/plain-layout.md.
#pragma once

#include <memory>
#include <mutex>
#include <set>

#include "repository/artifact_table.h"
#include "repository/backup_repository.h"
#include "repository/object_locks.h"
#include "storage/object_store.h"

namespace summit::repository {

class PlainObjects final : public BackupRepository {
 public:
  // Intermediate files of writers go below `scratch`, a local directory. What they commit is locked until
  // `lock_time`.
  PlainObjects(std::shared_ptr<storage::ObjectStore> store, fs::path scratch, LockTime lock_time = {});

  std::string describe() const override { return store_->describe(); }
  std::string_view layout() const override { return kPlainLayout; }
  Result<std::unique_ptr<BackupWriter>> begin(const std::string& id) override;

  // For a copy of a backup that is described by `metadata`: takes up an unfinished copy of the very same one,
  // whose finished artifacts `already_there` of the writer then names.
  Result<std::unique_ptr<BackupWriter>> begin_copy(const BackupMetadata& metadata) override;

  Result<std::vector<BackupSummary>> list() const override;
  Result<std::unique_ptr<BackupReader>> open(std::string_view reference) const override;
  using BackupRepository::verify;
  Result<VerifyReport> verify(std::string_view reference, const VerifyOptions& options, Reporter& reporter,
                              const Cancellation& cancellation = {}) const override;
  Result<void> remove(const std::string& id) override;
  // Those whose claim is two days old.
  Result<std::vector<std::string>> remove_leftovers() override;

 private:
  Result<void> remove_objects_of(const std::string& id);
  Result<std::string> finished_id(std::string_view reference) const;

  std::shared_ptr<storage::ObjectStore> store_;
  fs::path scratch_;
  LockTime lock_time_;
};

}  // namespace summit::repository
