#include "repository/place/combined_repository.h"

#include <algorithm>

#include "repository/backup_id.h"

namespace summit::repository {
namespace {

constexpr std::string_view kPackedLayout = "packed";

bool is_view_of_packed(const BackupSummary& summary) { return summary.metadata.layout == kPackedLayout; }

}  // namespace

CombinedRepository::CombinedRepository(std::shared_ptr<storage::ObjectStore> store,
                                       std::unique_ptr<BackupRepository> plain,
                                       std::unique_ptr<packed::PackedRepository> packed,
                                       std::optional<Error> packed_error, Layout layout)
    : store_(std::move(store)),
      plain_(std::move(plain)),
      packed_(std::move(packed)),
      packed_error_(std::move(packed_error)),
      layout_(layout) {}

BackupRepository& CombinedRepository::target() const {
  if (layout_ == Layout::kPacked && packed_) return *packed_;
  return *plain_;
}

Result<packed::PackedRepository*> CombinedRepository::need_packed() const {
  if (packed_) return packed_.get();
  if (packed_error_) return *packed_error_;
  return Error(Code::kRepositoryMissing, "there is no packed repository in {}", describe())
      .hint("make one: summit-dr repository init");
}

Result<std::unique_ptr<BackupWriter>> CombinedRepository::begin(const std::string& id) {
  if (layout_ == Layout::kPacked) RETURN_IF_ERROR(need_packed());
  // An id is one backup's, whatever the layout.
  ASSIGN_OR_RETURN(const auto* const other, holder(id));
  if (other == packed_.get() && packed_ && layout_ == Layout::kPlain)
    return Error(Code::kAlreadyExists, "backup {} exists already in {}", id, describe());
  return target().begin(id);
}

Result<std::unique_ptr<BackupWriter>> CombinedRepository::begin_copy(const BackupMetadata& metadata) {
  if (layout_ == Layout::kPacked) RETURN_IF_ERROR(need_packed());
  ASSIGN_OR_RETURN(const auto* const other, holder(metadata.id));
  if (other == packed_.get() && packed_ && layout_ == Layout::kPlain)
    return Error(Code::kAlreadyExists, "backup {} exists already in {}", metadata.id, describe());
  return target().begin_copy(metadata);
}

Result<std::vector<BackupSummary>> CombinedRepository::list() const {
  ASSIGN_OR_RETURN(auto all, plain_->list());
  if (packed_) {
    std::erase_if(all, is_view_of_packed);
    ASSIGN_OR_RETURN(auto packed, packed_->list());
    std::ranges::move(packed, std::back_inserter(all));
  }
  std::ranges::stable_sort(all, [](const BackupSummary& a, const BackupSummary& b) {
    return std::pair(a.metadata.started, a.id) > std::pair(b.metadata.started, b.id);
  });
  return all;
}

Result<const BackupRepository*> CombinedRepository::holder(std::string_view reference) const {
  const auto parsed = parse_reference(reference);
  if (!parsed.ok() || !parsed->base.empty()) return plain_.get();
  if (!packed_) return plain_.get();
  ASSIGN_OR_RETURN(const bool has, packed_->has(parsed->id));
  if (has) return packed_.get();
  return plain_.get();
}

Result<std::unique_ptr<BackupReader>> CombinedRepository::open(std::string_view reference) const {
  ASSIGN_OR_RETURN(const auto* const repository, holder(reference));
  ASSIGN_OR_RETURN(auto reader, repository->open(reference));
  if (repository == plain_.get() && reader->metadata().layout == kPackedLayout) {
    RETURN_IF_ERROR(need_packed(), "backup {} is packed", reader->metadata().id);
    return Error(Code::kNotFound, "backup {} was removed from the packed repository in {}",
                 reader->metadata().id, describe())
        .hint("summit-dr list");
  }
  return reader;
}

Result<VerifyReport> CombinedRepository::verify(std::string_view reference, const VerifyOptions& options,
                                                Reporter& reporter, const Cancellation& cancellation) const {
  ASSIGN_OR_RETURN(const auto* const repository, holder(reference));
  if (repository == plain_.get()) {
    const auto reader = plain_->open(reference);
    if (reader.ok() && (*reader)->metadata().layout == kPackedLayout)
      RETURN_IF_ERROR(need_packed(), "backup {} is packed", (*reader)->metadata().id);
  }
  return repository->verify(reference, options, reporter, cancellation);
}

Result<void> CombinedRepository::remove(const std::string& id) {
  ASSIGN_OR_RETURN(const auto* const repository, holder(id));
  return repository == plain_.get() ? plain_->remove(id) : packed_->remove(id);
}

}  // namespace summit::repository
