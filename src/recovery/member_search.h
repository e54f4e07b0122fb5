// Looks for files inside the archives of backups.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/cancellation.h"
#include "core/progress.h"
#include "core/result.h"
#include "core/time.h"
#include "repository/backup_repository.h"
#include "stores/files/glob.h"

namespace summit::recovery {

struct FoundMember {
  std::string artifact;
  std::string path;
  std::string type;  // "file", "directory", "link", "hard_link"
  uint64_t size = 0;
  Instant modified{};
};

// Streams archives and keeps what matched; an archive that several backups hold unchanged is read once.
// Memory: that of at most 10,000 matches. One thread at a time.
class MemberSearch {
 public:
  // A pattern without a slash is matched against names at any depth, one with a slash against whole paths
  // (stores/files/glob.h); then a directory stands for all below it.
  explicit MemberSearch(const std::string& pattern);

  // kCorrupt when an archive is damaged: what is in it behind the damage was not looked at.
  Result<void> look_in(const repository::BackupReader& backup,
                       const std::function<Result<void>(const FoundMember&)>& visit, Reporter& reporter,
                       const Cancellation& cancellation = {});

 private:
  bool matches(const std::string& path) const;
  Result<void> look_in(const repository::BackupReader& backup, const repository::Artifact& artifact,
                       const std::function<Result<void>(const FoundMember&)>& visit,
                       const Cancellation& cancellation);

  bool whole_paths_;
  files::Glob glob_;
  std::map<std::string, std::vector<FoundMember>> known_;  // by the archive's SHA-256
  size_t known_members_ = 0;
};

}  // namespace summit::recovery
