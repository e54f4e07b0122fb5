#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <set>

#include "repository/backup_id.h"
#include "repository/backup_repository.h"
#include "repository/file_lock.h"
#include "repository/plain_layout.h"
#include "repository/plain_locate.h"
#include "repository/plain_reader.h"
#include "repository/plain_writer.h"

namespace summit::repository {
namespace {

// A writer died before the rename, or after it and before the marker (then its lock file is still there, and
// `id` has no marker). Nobody holds its lock, so what it left is nobody's.
Result<void> remove_abandoned(const fs::path& base, const std::string& id,
                              std::vector<std::string>& removed) {
  ASSIGN_OR_RETURN(const auto lock, FileLock::try_acquire(writer_lock_file(base, id)));
  if (!lock) return {};
  const fs::path incomplete = incomplete_directory(base, id);
  const fs::path renamed = base / id;
  if (fs::is_directory(fs::symlink_status(renamed)) && !has_commit_marker(renamed, id))
    RETURN_IF_ERROR(rename_durably(renamed, incomplete));
  if (fs::exists(fs::symlink_status(incomplete))) {
    RETURN_IF_ERROR(remove_recursively(incomplete));
    removed.push_back(id);
  }
  return {};
}

BackupSummary summarize(const fs::path& directory, const std::string& id) {
  BackupSummary summary{id, directory, {}};
  auto metadata = read_metadata_file(directory);
  if (metadata.ok() && metadata->id != id) {
    metadata = Error(Code::kCorrupt, "its metadata are of {}", metadata->id);
  }
  if (metadata.ok()) {
    summary.metadata = *std::move(metadata);
    for (auto& component : summary.metadata.components) component.fingerprints.clear();
    return summary;
  }
  summary.metadata.id = id;
  summary.metadata.status = Status::kFailed;
  summary.metadata.label = fmt::format("damaged: {}", metadata.error().message());
  if (const auto parsed = parse_backup_id(id); parsed.ok()) {
    summary.metadata.set = parsed->set;
    summary.metadata.started = summary.metadata.finished = parsed->instant;
  }
  return summary;
}

}  // namespace

PlainRepository::PlainRepository(fs::path base) : base_(std::move(base)) {}

Result<std::vector<std::string>> PlainRepository::remove_leftovers() {
  std::vector<std::string> removed;
  auto names = entry_names(base_);
  if (!names.ok()) {
    if (names.error().code() == Code::kNotFound) return removed;
    return std::move(names).error();
  }
  std::set<std::string> candidates;
  for (const std::string_view name : *names)
    for (const std::string_view prefix : {kIncompletePrefix, kLockPrefix})
      if (name.starts_with(prefix)) candidates.emplace(name.substr(prefix.size()));
  for (const auto& id : candidates)
    if (parse_backup_id(id).ok())
      RETURN_IF_ERROR(remove_abandoned(base_, id, removed), "while cleaning up {}", id);
  return removed;
}

Result<std::unique_ptr<BackupWriter>> PlainRepository::begin(const std::string& id) {
  // Leftovers of others that cannot be removed (of another user, say) are no reason not to back up.
  (void)remove_leftovers();
  return PlainWriter::begin(base_, id);
}

Result<void> PlainRepository::remove(const std::string& id) {
  RETURN_IF_ERROR(parse_backup_id(id));
  const fs::path directory = base_ / id;
  // The lock's file outlives a crash of this process: by it the next writer knows that what lies here is
  // nobody's.
  ASSIGN_OR_RETURN(const auto lock, FileLock::try_acquire(writer_lock_file(base_, id)), "while removing {}",
                   id);
  if (!lock) {
    return Error(Code::kBusy, "backup {} is being written or removed by somebody else", id)
        .hint("wait for it, then run the same command again");
  }
  if (!fs::exists(fs::symlink_status(directory))) return {};
  if (::unlink((directory / id).c_str()) != 0 && errno != ENOENT)
    return errno_error(errno, fmt::format("cannot remove the commit marker of {}", directory.string()));
  RETURN_IF_ERROR(fsync_directory(directory), "while removing {}", id);
  RETURN_IF_ERROR(rename_durably(directory, incomplete_directory(base_, id)), "while removing {}", id);
  return remove_recursively(incomplete_directory(base_, id));
}

Result<std::vector<BackupSummary>> PlainRepository::list() const {
  ASSIGN_OR_RETURN(const auto ids, finished_ids(base_), "while listing backups");
  std::vector<BackupSummary> summaries;
  summaries.reserve(ids.size());
  for (const auto& id : ids) {
    BackupSummary summary = summarize(base_ / id, id);
    // Pruned by somebody while we were reading it: then it is not there, which is no damage.
    if (summary.metadata.status == Status::kFailed && !has_commit_marker(base_ / id, id)) continue;
    summaries.push_back(std::move(summary));
  }
  return summaries;
}

Result<fs::path> PlainRepository::locate(std::string_view reference) const {
  ASSIGN_OR_RETURN(auto located, locate_directory(base_, reference));
  if (!has_commit_marker(located.directory, located.id))
    return Error(Code::kCorrupt, "backup {} was never finished: its commit marker {} is missing", located.id,
                 (located.directory / located.id).string())
        .hint("choose another one: summit-dr list");
  return std::move(located.directory);
}

Result<std::unique_ptr<BackupReader>> PlainRepository::open(std::string_view reference) const {
  ASSIGN_OR_RETURN(const fs::path directory, locate(reference));
  return PlainReader::open(directory);
}

}  // namespace summit::repository
