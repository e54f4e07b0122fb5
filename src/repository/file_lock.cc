#include "repository/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace summit::repository {
namespace {

bool is_still_named(int fd, const fs::path& path) {
  struct stat held{};
  struct stat named{};
  return ::fstat(fd, &held) == 0 && ::lstat(path.c_str(), &named) == 0 && held.st_ino == named.st_ino &&
         held.st_dev == named.st_dev;
}

}  // namespace

Result<std::optional<FileLock>> FileLock::lock(const fs::path& path, bool wait) {
  while (true) {
    UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640));
    if (!fd.valid()) return errno_error(errno, fmt::format("cannot create the lock {}", path.string()));
    while (::flock(fd.get(), wait ? LOCK_EX : LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) return std::optional<FileLock>{};
      if (errno != EINTR) return errno_error(errno, fmt::format("cannot lock {}", path.string()));
    }
    // Its last holder may have removed the file between our open and our lock.
    if (is_still_named(fd.get(), path)) return std::optional<FileLock>(FileLock(std::move(fd), path));
  }
}

Result<std::optional<FileLock>> FileLock::try_acquire(const fs::path& path) { return lock(path, false); }

Result<FileLock> FileLock::acquire(const fs::path& path) {
  ASSIGN_OR_RETURN(auto held, lock(path, true));
  return *std::move(held);
}

FileLock::~FileLock() {
  if (fd_.valid()) ::unlink(path_.c_str());
}

}  // namespace summit::repository
