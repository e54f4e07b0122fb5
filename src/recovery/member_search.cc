#include "recovery/member_search.h"

#include "recovery/archive_members.h"

namespace summit::recovery {
namespace {

constexpr size_t kMostKnown = 10'000;

FoundMember found_in(const std::string& artifact, const files::ArchiveEntry& entry) {
  return {.artifact = artifact,
          .path = entry.path,
          .type = std::string(name_of(entry.type)),
          .size = entry.size,
          .modified = modified_of(entry)};
}

}  // namespace

MemberSearch::MemberSearch(const std::string& pattern)
    : whole_paths_(pattern.find('/') != std::string::npos), glob_(pattern) {}

bool MemberSearch::matches(const std::string& path) const {
  return glob_.matches(whole_paths_ ? path : path.substr(path.rfind('/') + 1));
}

Result<void> MemberSearch::look_in(const repository::BackupReader& backup,
                                   const std::function<Result<void>(const FoundMember&)>& visit,
                                   Reporter& reporter, const Cancellation& cancellation) {
  const auto& metadata = backup.metadata();
  const auto phase = reporter.phase(metadata.id, "searching", "archives");
  for (const auto& component : metadata.components) {
    for (const auto& artifact : component.artifacts) {
      if (!is_file_archive(artifact.name)) continue;
      RETURN_IF_ERROR(look_in(backup, artifact, visit, cancellation));
      phase->advance(1);
    }
  }
  return {};
}

Result<void> MemberSearch::look_in(const repository::BackupReader& backup,
                                   const repository::Artifact& artifact,
                                   const std::function<Result<void>(const FoundMember&)>& visit,
                                   const Cancellation& cancellation) {
  if (const auto known = known_.find(artifact.sha256); known != known_.end()) {
    for (FoundMember member : known->second) {
      member.artifact = artifact.name;
      RETURN_IF_ERROR(visit(member));
    }
    return {};
  }
  std::vector<FoundMember> found;
  bool all_kept = true;
  const auto look = [&](const files::ArchiveEntry& entry) -> Result<void> {
    if (!matches(entry.path)) return {};
    const auto member = found_in(artifact.name, entry);
    all_kept = all_kept && known_members_ + found.size() < kMostKnown;
    if (all_kept) found.push_back(member);
    return visit(member);
  };
  RETURN_IF_ERROR(list_members(backup, artifact.name, look, cancellation));
  if (!all_kept || artifact.sha256.empty()) return {};
  known_members_ += found.size();
  known_.emplace(artifact.sha256, std::move(found));
  return {};
}

}  // namespace summit::recovery
