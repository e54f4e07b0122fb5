#include "devtools/sample/file_tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace summit::sample {

Result<void> FileTree::set_time(const fs::path& path) {
  ++made_;
  const timespec time{until_ / 1'000'000 - made_, 123456789 + made_ % 1000};
  const timespec times[2] = {time, time};
  if (::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0)
    return errno_error(errno, "cannot set the time of " + path.string());
  return {};
}

Result<void> FileTree::write(const fs::path& path, std::string_view content, mode_t mode) {
  const fs::path full = root_ / path;
  RETURN_IF_ERROR(make_directories(full.parent_path(), 0755));
  ASSIGN_OR_RETURN(const UniqueFd file, open_for_writing(full, 0600));
  RETURN_IF_ERROR(write_all(file.get(), as_bytes(content), full));
  if (::fchmod(file.get(), mode) != 0) return errno_error(errno, "cannot set the mode of " + full.string());
  return set_time(full);
}

Result<void> FileTree::write_lines(const fs::path& path, uint64_t count,
                                   const std::function<std::string(uint64_t)>& line_of, mode_t mode) {
  constexpr size_t kBlock = 256 * KiB;
  const fs::path full = root_ / path;
  RETURN_IF_ERROR(make_directories(full.parent_path(), 0755));
  ASSIGN_OR_RETURN(const UniqueFd file, open_for_writing(full, 0600));
  std::string block;
  for (uint64_t i = 1; i <= count; ++i) {
    block += line_of(i) + "\n";
    if (block.size() < kBlock && i < count) continue;
    RETURN_IF_ERROR(write_all(file.get(), as_bytes(block), full));
    block.clear();
  }
  if (::fchmod(file.get(), mode) != 0) return errno_error(errno, "cannot set the mode of " + full.string());
  return set_time(full);
}

Result<void> FileTree::write_sparse(const fs::path& path, uint64_t hole, std::string_view content) {
  const fs::path full = root_ / path;
  RETURN_IF_ERROR(make_directories(full.parent_path(), 0755));
  ASSIGN_OR_RETURN(const UniqueFd file, open_for_writing(full, 0644));
  if (::lseek(file.get(), static_cast<off_t>(hole), SEEK_SET) < 0)
    return errno_error(errno, "cannot seek in " + full.string());
  RETURN_IF_ERROR(write_all(file.get(), as_bytes(content), full));
  return set_time(full);
}

Result<void> FileTree::make_directory(const fs::path& path, mode_t mode) {
  RETURN_IF_ERROR(make_directories(root_ / path, 0755));
  if (::chmod((root_ / path).c_str(), mode) != 0)
    return errno_error(errno, "cannot set the mode of " + path.string());
  return {};
}

Result<void> FileTree::link_to(const fs::path& path, const fs::path& target) {
  const fs::path full = root_ / path;
  RETURN_IF_ERROR(make_directories(full.parent_path(), 0755));
  if (::symlink(target.c_str(), full.c_str()) != 0)
    return errno_error(errno, "cannot make the link " + full.string());
  return set_time(full);
}

Result<void> FileTree::hard_link(const fs::path& path, const fs::path& existing) {
  const fs::path full = root_ / path;
  RETURN_IF_ERROR(make_directories(full.parent_path(), 0755));
  if (::link((root_ / existing).c_str(), full.c_str()) != 0)
    return errno_error(errno, "cannot make the hard link " + full.string());
  return {};
}

Result<void> FileTree::finish() {
  std::vector<fs::path> directories;
  std::error_code error;
  for (auto entry = fs::recursive_directory_iterator(root_, error);
       !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    if (entry->symlink_status(error).type() == fs::file_type::directory) directories.push_back(entry->path());
  }
  if (error) return Error(Code::kIo, "cannot list {}: {}", root_.string(), error.message());
  // The order in which a directory is listed is not a function of the seed.
  std::sort(directories.begin(), directories.end());
  for (const fs::path& directory : directories) RETURN_IF_ERROR(set_time(directory));
  return {};
}

}  // namespace summit::sample
