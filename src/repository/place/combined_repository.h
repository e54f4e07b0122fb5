// All backups at one place, native files and packed ones side by side, as one repository.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "repository/backup_repository.h"
#include "repository/packed/packed_repository.h"

namespace summit::repository {

enum class Layout { kPlain, kPacked };

// What is known of a backup beyond its metadata.
struct Standing {
  std::optional<std::string> pin{};  // the reason while pinned
  std::optional<Instant>
      verified{};  // when every byte was read and found good; nothing: never, or damage since
  // The last verification of any kind, of packed ones: a sample, or stored bytes only.
  std::optional<packed::Verification> last{};
};
using Standings = std::map<std::string, Standing, std::less<>>;

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
  // Level 1 of a packed backup needs no key when none opens it: then the published view is what is compared.
  // What was proven is remembered; when that fails, the reporter says so.
  Result<VerifyReport> verify(std::string_view reference, const VerifyOptions& options, Reporter& reporter,
                              const Cancellation& cancellation = {}) const override;
  // kRefused while it is pinned.
  Result<void> remove(const std::string& id) override;
  Result<std::vector<std::string>> remove_leftovers() override { return plain_->remove_leftovers(); }

  // By id, of the backups of which anything is known.
  Result<Standings> standings(const Cancellation& cancellation = {}) const;
  // A pinned backup is never removed. kNotFound when there is no such backup. Gives its id.
  Result<std::string> pin(std::string_view reference, const std::string& reason);
  // kNotFound also for one that is not pinned.
  Result<std::string> unpin(std::string_view reference);

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
  Result<void> refuse_while_plain_is_written(const std::string& id) const;
  Result<VerifyReport> verify_closed(const std::string& id, const VerifyOptions& options, Reporter& reporter,
                                     const Cancellation& cancellation) const;
  void remember(const VerifyReport& report, Reporter& reporter) const;

  const std::shared_ptr<storage::ObjectStore> store_;
  const std::unique_ptr<BackupRepository> plain_;
  const std::unique_ptr<packed::PackedRepository> packed_;
  const std::optional<Error> packed_error_;
  const Layout layout_;
};

}  // namespace summit::repository
