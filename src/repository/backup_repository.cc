#include "repository/backup_repository.h"

namespace summit::repository {
namespace {

constexpr int kAttempts = 60;

}  // namespace

Result<void> ArtifactSink::begin_stream(const std::string& /*name*/) { return {}; }

std::optional<Artifact> BackupWriter::adopt(const Artifact& /*artifact*/) { return {}; }

Result<std::unique_ptr<BackupWriter>> BackupRepository::begin_new(
    Instant instant, const std::function<std::string(Instant)>& make_id) {
  for (int attempt = 1;; ++attempt, instant += std::chrono::seconds(1)) {
    auto writer = begin(make_id(instant));
    if (writer.ok() || writer.error().code() != Code::kAlreadyExists || attempt == kAttempts) return writer;
  }
}

}  // namespace summit::repository
