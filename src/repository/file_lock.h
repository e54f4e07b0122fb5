// A lock that ends with its holder, however that dies.
#pragma once

#include <optional>

#include "core/files.h"
#include "core/result.h"

namespace summit::repository {

// An flock on a file that exists only while somebody holds it. The kernel drops it with the process, so a
// crashed holder is told from a living one without looking at process ids, which are reused.
class FileLock {
 public:
  // Nothing when somebody else holds it.
  static Result<std::optional<FileLock>> try_acquire(const fs::path& path);
  // Waits for it.
  static Result<FileLock> acquire(const fs::path& path);

  FileLock(FileLock&&) noexcept = default;
  FileLock& operator=(FileLock&&) = delete;
  // Removes the file, then unlocks: who waited for the removed file sees that and starts anew.
  ~FileLock();

 private:
  FileLock(UniqueFd fd, fs::path path) : fd_(std::move(fd)), path_(std::move(path)) {}
  static Result<std::optional<FileLock>> lock(const fs::path& path, bool wait);

  UniqueFd fd_;
  fs::path path_;
};

}  // namespace summit::repository
