#include "repository/rename_without_replacing.h"

#include <fcntl.h>
#include <linux/fs.h>

#include <cerrno>
#include <cstdio>

namespace summit::repository {
namespace {

Error already_there(const fs::path& path) {
  return Error(Code::kAlreadyExists, "{} exists already", path.string());
}

}  // namespace

Result<void> rename_without_replacing(const fs::path& from, const fs::path& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return {};
  if (errno == EEXIST) return already_there(to);
  if (errno != EINVAL && errno != ENOSYS)
    return errno_error(errno, fmt::format("cannot rename to {}", to.string()));
  if (fs::exists(fs::symlink_status(to))) return already_there(to);
  if (::rename(from.c_str(), to.c_str()) != 0)
    return errno_error(errno, fmt::format("cannot rename to {}", to.string()));
  return {};
}

}  // namespace summit::repository
