#include "repository/plain_layout.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "repository/artifact_name.h"
#include "repository/backup_id.h"

namespace summit::repository {

bool is_artifact_name(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-' || c == '+';
  };
  return !name.empty() && name.size() <= 200 && name.front() != '.' && name != kMetadataFile &&
         name != kChecksumsFile && !parse_backup_id(name).ok() && std::ranges::all_of(name, allowed);
}

bool has_commit_marker(const fs::path& directory, const std::string& id) {
  struct stat status{};
  return ::lstat((directory / id).c_str(), &status) == 0 && S_ISREG(status.st_mode) && status.st_size == 0;
}

Result<std::vector<std::string>> entry_names(const fs::path& directory) {
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(directory.c_str()), ::closedir);
  if (!stream) return errno_error(errno, fmt::format("cannot list {}", directory.string()));
  std::vector<std::string> names;
  while (true) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr && errno != 0)
      return errno_error(errno, fmt::format("cannot list {}", directory.string()));
    if (entry == nullptr) break;
    std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(std::move(name));
  }
  std::ranges::sort(names);
  return names;
}

Result<std::vector<std::string>> finished_ids(const fs::path& base) {
  auto names = entry_names(base);
  if (!names.ok()) {
    if (names.error().code() == Code::kNotFound) return std::vector<std::string>{};
    return std::move(names).error();
  }
  std::vector<std::pair<Instant, std::string>> found;
  for (auto& name : *names) {
    const auto parsed = parse_backup_id(name);
    if (parsed.ok() && has_commit_marker(base / name, name))
      found.emplace_back(parsed->instant, std::move(name));
  }
  std::ranges::sort(found, std::greater<>());
  std::vector<std::string> ids;
  ids.reserve(found.size());
  for (auto& [instant, id] : found) ids.push_back(std::move(id));
  return ids;
}

}  // namespace summit::repository
