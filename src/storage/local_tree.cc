#include "storage/local_tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace summit::storage {

namespace {

constexpr int kDirectory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

// Everything before the last `/`, and what follows it.
std::pair<std::string_view, std::string_view> split(std::string_view key) {
  const size_t slash = key.rfind('/');
  if (slash == std::string_view::npos) return {{}, key};
  return {key.substr(0, slash), key.substr(slash + 1)};
}

std::string hint_for(int number, const fs::path& root) {
  switch (number) {
    case ENOSPC:
    case EDQUOT:
      return fmt::format("free some space (`df -h {}`), or remove old backups with `summit-dr prune`",
                         root.string());
    case EACCES:
    case EPERM:
      return fmt::format("give the user of this program the right to read and write below {}", root.string());
    case EROFS:
      return fmt::format("mount the file system of {} for writing", root.string());
    case ELOOP:
    case ENOTDIR:
      return "a symbolic link or a file stands where a directory of objects should be: move it away";
    case EISDIR:
    case ENOTEMPTY:
      return "a directory stands where an object should be: move it away";
    default:
      return {};
  }
}

}  // namespace

Result<LocalTree> LocalTree::open(const fs::path& root) {
  UniqueFd fd(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.valid()) return LocalTree(root, std::move(fd));
  const int number = errno;
  if (number == ENOENT) {
    return Error(Code::kRepositoryMissing, "there is no directory {}", root.string())
        .hint("check the path, or create a repository with `summit-dr repository init`");
  }
  return errno_error(number, fmt::format("cannot open {}", root.string())).hint(hint_for(number, root));
}

Error LocalTree::error(int number, std::string_view verb, std::string_view key) const {
  return errno_error(number, fmt::format("cannot {} {}", verb, (root_ / key).string()))
      .hint(hint_for(number, root_));
}

Error LocalTree::with_space_hint(Error error) const {
  if (error.code() != Code::kNoSpace) return error;
  return std::move(error).hint(hint_for(ENOSPC, root_));
}

Result<UniqueFd> LocalTree::open_directory(std::string_view path, bool create) const {
  UniqueFd directory(::openat(fd_.get(), ".", kDirectory));
  if (!directory.valid()) return error(errno, "open", "");
  for (size_t begin = 0; begin < path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    const std::string part(path.substr(begin, end - begin));
    UniqueFd next(::openat(directory.get(), part.c_str(), kDirectory));
    if (!next.valid() && errno == ENOENT && create) {
      if (::mkdirat(directory.get(), part.c_str(), 0750) != 0 && errno != EEXIST) {
        return error(errno, "create directory", path.substr(0, end));
      }
      // Also when somebody else has just created it: what is about to be stored in it must not vanish with
      // it.
      RETURN_IF_ERROR(sync(directory, path.substr(0, begin)));
      next.reset(::openat(directory.get(), part.c_str(), kDirectory));
    }
    if (!next.valid()) return not_a_directory(directory, part, path.substr(0, end), errno, create);
    directory = std::move(next);
    begin = end + 1;
  }
  return directory;
}

Error LocalTree::not_a_directory(const UniqueFd& above, const std::string& name, std::string_view path,
                                 int number, bool create) const {
  struct stat status{};
  if (number != ENOTDIR || ::fstatat(above.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    return error(number, "open", path);
  }
  if (S_ISLNK(status.st_mode)) return error(ELOOP, "open", path);
  // Below an object there are no others: a reader finds nothing, a writer is told what is in the way.
  return error(create ? ENOTDIR : ENOENT, "open", path);
}

Result<LocalEntry> LocalTree::find(std::string_view key) const {
  const auto [directory, name] = split(key);
  ASSIGN_OR_RETURN(UniqueFd fd, open_directory(directory, false));
  return LocalEntry{std::move(fd), std::string(name)};
}

Result<LocalEntry> LocalTree::find_or_create(std::string_view key) const {
  const auto [directory, name] = split(key);
  for (int attempt = 1;; ++attempt) {
    auto fd = open_directory(directory, true);
    if (fd.ok()) return LocalEntry{std::move(*fd), std::string(name)};
    // Somebody who found a directory empty may remove it between our two steps.
    if (fd.error().code() != Code::kNotFound || attempt == kDirectoryAttempts) return std::move(fd).error();
  }
}

Result<void> LocalTree::sync(const UniqueFd& directory, std::string_view key) const {
  // Some network file systems know no fsync of a directory; their renames are durable by themselves.
  if (::fsync(directory.get()) == 0 || errno == EINVAL || errno == EBADF) return {};
  return error(errno, "make durable", key);
}

void LocalTree::remove_empty_parents(std::string_view key) const {
  for (auto directory = split(key).first; !directory.empty(); directory = split(directory).first) {
    const auto entry = find(directory);
    if (!entry.ok()) return;
    // Empty directories are no objects: what cannot be removed does no harm.
    if (::unlinkat(entry->directory.get(), entry->name.c_str(), AT_REMOVEDIR) != 0) return;
  }
}

}  // namespace summit::storage
