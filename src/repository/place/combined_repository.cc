#include "repository/place/combined_repository.h"

#include <algorithm>

#include "repository/backup_id.h"
#include "repository/packed/view_verify.h"
#include "repository/place/plain_ledger.h"
#include "repository/plain_layout.h"
#include "repository/plain_objects_writer.h"

namespace summit::repository {
namespace {

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
  if (layout_ == Layout::kPacked) RETURN_IF_ERROR(refuse_while_plain_is_written(id));
  return target().begin(id);
}

// A finished plain backup of that id is noticed by the packed writer itself.
Result<void> CombinedRepository::refuse_while_plain_is_written(const std::string& id) const {
  const auto* local = dynamic_cast<const PlainRepository*>(plain_.get());
  bool is_written = false;
  if (local != nullptr) {
    is_written = fs::exists(fs::symlink_status(incomplete_directory(local->base(), id)));
  } else {
    ASSIGN_OR_RETURN(const auto claim, store_->head(claim_key(id)));
    is_written = claim.has_value();
  }
  if (!is_written) return {};
  return Error(Code::kAlreadyExists, "backup {} is being written in {}, in the plain layout", id, describe())
      .hint("wait a second and run the same command again");
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
  if (repository != plain_.get()) return repository->verify(reference, options, reporter, cancellation);
  const auto reader = plain_->open(reference);
  if (reader.ok() && (*reader)->metadata().layout == kPackedLayout)
    return verify_closed((*reader)->metadata().id, options, reporter, cancellation);
  ASSIGN_OR_RETURN(auto report, plain_->verify(reference, options, reporter, cancellation));
  remember(report, reporter);
  return report;
}

Result<VerifyReport> CombinedRepository::verify_closed(const std::string& id, const VerifyOptions& options,
                                                       Reporter& reporter,
                                                       const Cancellation& cancellation) const {
  if (packed_) {
    return Error(Code::kNotFound, "backup {} was removed from the packed repository in {}", id, describe())
        .hint("summit-dr list");
  }
  if (options.level >= 2) RETURN_IF_ERROR(need_packed(), "backup {} is packed", id);
  return packed::verify_view(*store_, id, options, reporter, cancellation);
}

// A place that we may only read can be verified as well.
void CombinedRepository::remember(const VerifyReport& report, Reporter& reporter) const {
  PlainLedger ledger(*store_);
  const auto noted =
      report.findings.empty() ? ledger.note_verified(report.id, now()) : ledger.note_doubted(report.id);
  if (noted.ok()) return;
  reporter.warn(fmt::format("the verification of {} was not noted, and prune will not know of it: {}",
                            report.id, noted.error().message()));
}

Result<void> CombinedRepository::remove(const std::string& id) {
  ASSIGN_OR_RETURN(const auto* const repository, holder(id));
  if (repository != plain_.get()) return packed_->remove(id);
  PlainLedger ledger(*store_);
  ASSIGN_OR_RETURN(const auto entry, ledger.read(id));
  if (entry.pin) {
    return Error(Code::kRefused, "backup {} is pinned: {}", id, *entry.pin)
        .hint(fmt::format("summit-dr unpin {}", id));
  }
  RETURN_IF_ERROR(plain_->remove(id));
  return ledger.forget(id);
}

Result<Standings> CombinedRepository::standings(const Cancellation& cancellation) const {
  Standings standings;
  ASSIGN_OR_RETURN(const auto entries, PlainLedger(*store_).read(cancellation));
  for (const auto& [id, entry] : entries) standings[id] = {entry.pin, entry.verified, {}};
  if (!packed_) return standings;
  ASSIGN_OR_RETURN(const auto backups, packed_->backups());
  for (const auto& [id, backup] : backups) {
    Standing& standing = standings[id] = {.pin = backup.pin, .verified = {}, .last = {}};
    for (const auto& verification : backup.verifications) {
      const bool whole = verification.level >= 2 && verification.fraction >= 1;
      if (whole) standing.verified = std::max(standing.verified.value_or(Instant::min()), verification.at);
      if (!standing.last || verification.at >= standing.last->at) standing.last = verification;
    }
  }
  return standings;
}

Result<std::string> CombinedRepository::pin(std::string_view reference, const std::string& reason) {
  ASSIGN_OR_RETURN(const auto* const repository, holder(reference));
  ASSIGN_OR_RETURN(const auto reader, open(reference));
  const auto id = reader->metadata().id;
  if (repository == plain_.get()) {
    RETURN_IF_ERROR(PlainLedger(*store_).pin(id, reason));
  } else {
    RETURN_IF_ERROR(packed_->pin(id, reason));
  }
  return id;
}

Result<std::string> CombinedRepository::unpin(std::string_view reference) {
  ASSIGN_OR_RETURN(const auto* const repository, holder(reference));
  ASSIGN_OR_RETURN(const auto reader, open(reference));
  const auto id = reader->metadata().id;
  ASSIGN_OR_RETURN(const auto all, standings());
  const auto found = all.find(id);
  if (found == all.end() || !found->second.pin)
    return Error(Code::kNotFound, "backup {} is not pinned", id).hint("summit-dr list");
  if (repository == plain_.get()) {
    RETURN_IF_ERROR(PlainLedger(*store_).unpin(id));
  } else {
    RETURN_IF_ERROR(packed_->unpin(id, "by hand"));
  }
  return id;
}

}  // namespace summit::repository
