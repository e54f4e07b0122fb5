#include "repository/packed/repository_summary.h"

#include <algorithm>

namespace summit::repository::packed {

Result<RepositorySummary> summarize(const PackedRepository& repository, const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(const auto log, repository.open_log(cancellation));
  const auto& state = log->state();
  RepositorySummary summary;
  summary.records = state.number();
  summary.head = state.hash();
  summary.floor = state.floor();
  state.visit_known([&](const RepositoryState::KnownPack& known) {
    ++summary.packs;
    summary.stored_bytes += known.pack.size;
  });
  state.visit_tombstones([&](const RepositoryState::Tombstone& tombstone) {
    ++summary.doomed_packs;
    summary.doomed_bytes += tombstone.size;
  });
  for (const auto& [id, backup] : state.backups()) {
    ++summary.backups;
    summary.pinned += backup.pin ? 1 : 0;
    for (const auto& verification : backup.verifications)
      summary.verified = std::max(summary.verified.value_or(verification.at), verification.at);
    const auto commit = log->read_commit(id, cancellation);
    if (!commit.ok() && commit.error().code() != Code::kCorrupt && commit.error().code() != Code::kNotFound)
      return commit.error();
    if (!commit.ok()) continue;
    for (const auto& artifact : commit->artifacts) summary.native_bytes += artifact.size;
  }
  return summary;
}

}  // namespace summit::repository::packed
