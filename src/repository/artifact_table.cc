#include "repository/artifact_table.h"

#include "repository/artifact_name.h"

namespace summit::repository {

Result<void> ArtifactTable::open(const std::string& name) {
  if (!is_artifact_name(name)) return Error(Code::kFailed, "`{}` cannot be the name of an artifact", name);
  const std::lock_guard lock(mutex_);
  if (!names_.insert(name).second)
    return Error(Code::kAlreadyExists, "artifact {} is in this backup already", name);
  ++open_sinks_;
  return {};
}

void ArtifactTable::close(const Artifact& artifact) {
  const std::lock_guard lock(mutex_);
  --open_sinks_;
  finished_[artifact.name] = artifact;
}

void ArtifactTable::abandon(const std::string& name) {
  const std::lock_guard lock(mutex_);
  --open_sinks_;
  names_.erase(name);
}

Result<std::vector<std::string>> ArtifactTable::settle(const BackupMetadata& metadata) const {
  const std::lock_guard lock(mutex_);
  if (open_sinks_ > 0) return Error(Code::kFailed, "{} artifacts are still being written", open_sinks_);
  auto unclaimed = finished_;
  for (const auto& component : metadata.components) {
    for (const auto& artifact : component.artifacts) {
      const auto found = unclaimed.find(artifact.name);
      if (found == unclaimed.end())
        return Error(Code::kFailed, "artifact {} of {} was not written", artifact.name, component.name);
      if (found->second.size != artifact.size || found->second.sha256 != artifact.sha256)
        return Error(Code::kFailed, "artifact {} of {} was written with another content", artifact.name,
                     component.name);
      unclaimed.erase(found);
    }
  }
  std::vector<std::string> names;
  for (const auto& [name, artifact] : unclaimed) names.push_back(name);
  return names;
}

}  // namespace summit::repository
