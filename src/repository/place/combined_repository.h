// All backups at one place, native files and packed ones side by side, as one repository.
#pragma once

#include <memory>
#include <optional>

#include "repository/backup_repository.h"
#include "repository/packed/packed_repository.h"

namespace summit::repository {

enum class Layout { kPlain, kPacked };

class CombinedRepository final : public BackupRepository {
 public:
  // `store` is what both lie in. `packed` is null when there is no packed repository here, or when it could
  // not be opened: then `packed_error` says why, its backups are listed as far as their published views tell,
  // and opening one gives that error. New backups get `layout`; kPacked needs `packed`.
  CombinedRepository(std::shared_ptr<storage::ObjectStore> store, std::unique_ptr<BackupRepository> plain,
                     std::unique_ptr<packed::PackedRepository> packed, std::optional<Error> packed_error,
                     Layout layout);

  std::string describe() const override { return plain_->describe(); }
  std::string_view layout() const override { return target().layout(); }

  Result<std::unique_ptr<BackupWriter>> begin(const std::string& id) override;
  Result<std::unique_ptr<BackupWriter>> begin_copy(const BackupMetadata& metadata) override;
  Result<std::vector<BackupSummary>> list() const override;
  Result<std::unique_ptr<BackupReader>> open(std::string_view reference) const override;
  using BackupRepository::verify;
  Result<VerifyReport> verify(std::string_view reference, const VerifyOptions& options, Reporter& reporter,
                              const Cancellation& cancellation = {}) const override;
  Result<void> remove(const std::string& id) override;

  // Null when there is none that could be opened.
  packed::PackedRepository* packed() const { return packed_.get(); }
  BackupRepository& plain() const { return *plain_; }
  storage::ObjectStore& store() const { return *store_; }
  // The packed repository, or why there is none: kRepositoryMissing, kKeyMissing, kWrongKey, …
  Result<packed::PackedRepository*> need_packed() const;

 private:
  BackupRepository& target() const;
  // The repository that holds the backup. An id that none has is the plain one's to complain of.
  Result<const BackupRepository*> holder(std::string_view reference) const;

  const std::shared_ptr<storage::ObjectStore> store_;
  const std::unique_ptr<BackupRepository> plain_;
  const std::unique_ptr<packed::PackedRepository> packed_;
  const std::optional<Error> packed_error_;
  const Layout layout_;
};

}  // namespace summit::repository
