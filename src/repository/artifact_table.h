// What the sinks of one backup have written, whatever the layout.
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "core/result.h"
#include "repository/metadata.h"

namespace summit::repository {

// Shared by a writer and its sinks. Thread-safe.
class ArtifactTable {
 public:
  // A sink begins: its name is taken until it ends. kAlreadyExists when it is taken; kFailed when it cannot
  // be an artifact's name.
  Result<void> open(const std::string& name);
  // It ends with an artifact, or gives the name back.
  void close(const Artifact& artifact);
  void abandon(const std::string& name);

  // Compares what was written with what is claimed; gives the names of finished artifacts that nobody claims.
  // kFailed when an artifact is claimed and was not written, or with other size or hash, or is still being
  // written.
  Result<std::vector<std::string>> settle(const BackupMetadata& metadata) const;

 private:
  mutable std::mutex mutex_;
  std::set<std::string> names_;  // taken, finished or not
  std::map<std::string, Artifact> finished_;
  size_t open_sinks_ = 0;
};

}  // namespace summit::repository
