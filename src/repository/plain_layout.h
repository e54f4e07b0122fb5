// Names and rules of the plain layout, shared by its writer and readers. Format:
// docs/formats/plain-layout.md.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

#include "core/files.h"
#include "core/result.h"
#include "core/time.h"

namespace summit::repository {

inline constexpr std::string_view kMetadataFile = "backup-metadata.json";
inline constexpr std::string_view kChecksumsFile = "CHECKSUMS";
inline constexpr std::string_view kIncompletePrefix = ".incomplete-";
inline constexpr std::string_view kLockPrefix = ".lock-";
inline constexpr std::string_view kWorkspace = ".work";

inline fs::path incomplete_directory(const fs::path& base, const std::string& id) {
  return base / (std::string(kIncompletePrefix) + id);
}
inline fs::path writer_lock_file(const fs::path& base, const std::string& id) {
  return base / (std::string(kLockPrefix) + id);
}

// In an object store, a file of a backup.
inline std::string object_key(std::string_view id, std::string_view name) {
  return fmt::format("{}/{}", id, name);
}

// A directory of a finished backup holds an empty file named as its id.
bool has_commit_marker(const fs::path& directory, const std::string& id);

// Ids of the finished backups below `base` by directory name, newest first. Entries that vanish meanwhile are
// left out; none when `base` is not there.
Result<std::vector<std::string>> finished_ids(const fs::path& base);

// The entry names of a directory, sorted; vanished or unreadable directories are an error.
Result<std::vector<std::string>> entry_names(const fs::path& directory);

// Renews what BACKUP_BASE keeps about its newest backup: CHECKSUMS and the links postgres.dump, neo4j.dump,
// redis.rdb. Files of these names that are not ours stay as they are. Gives one line for each that could not
// be renewed.
std::vector<std::string> publish_newest(const fs::path& base);

}  // namespace summit::repository
