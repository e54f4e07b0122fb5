#include "repository/backup_repository.h"

namespace summit::repository {
namespace {

constexpr int kAttempts = 60;

}  // namespace

Result<void> ArtifactSink::begin_stream(const std::string& /*name*/) { return {}; }

std::optional<Artifact> BackupWriter::adopt(const Artifact& /*artifact*/) { return {}; }

Result<void> check_range(const BackupMetadata& metadata, const std::string& artifact, uint64_t recorded,
                         uint64_t offset, uint64_t size) {
  if (offset <= recorded && size <= recorded - offset) return {};
  return Error(Code::kCorrupt, "{} of backup {} has {} bytes: there are no {} from {} on", artifact,
               metadata.id, recorded, size, offset);
}

Result<std::unique_ptr<BackupWriter>> BackupRepository::begin_new(
    Instant instant, const std::function<std::string(Instant)>& make_id) {
  for (int attempt = 1;; ++attempt, instant += std::chrono::seconds(1)) {
    auto writer = begin(make_id(instant));
    if (writer.ok() || writer.error().code() != Code::kAlreadyExists || attempt == kAttempts) return writer;
  }
}

}  // namespace summit::repository
