#include "core/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

namespace summit {

namespace {

Error cannot(std::string_view verb, const fs::path& path, int number = errno) {
  return errno_error(number, fmt::format("cannot {} {}", verb, path.string()));
}

Result<UniqueFd> open_file(const fs::path& path, int flags, mode_t mode, std::string_view verb) {
  UniqueFd fd(::open(path.c_str(), flags | O_CLOEXEC, mode));
  if (!fd.valid()) return cannot(verb, path);
  return fd;
}

fs::path parent_of(const fs::path& path) {
  const fs::path parent = path.parent_path();
  return parent.empty() ? fs::path(".") : parent;
}

}  // namespace

void UniqueFd::reset(int fd) {
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

Result<UniqueFd> open_for_reading(const fs::path& path) { return open_file(path, O_RDONLY, 0, "open"); }

Result<UniqueFd> open_for_writing(const fs::path& path, mode_t mode) {
  return open_file(path, O_WRONLY | O_CREAT | O_TRUNC, mode, "create");
}

Result<size_t> read_some(int fd, void* buffer, size_t capacity, const fs::path& path) {
  while (true) {
    const ssize_t size = ::read(fd, buffer, capacity);
    if (size >= 0) return static_cast<size_t>(size);
    if (errno != EINTR) return cannot("read", path);
  }
}

Result<void> read_exactly_at(int fd, void* buffer, size_t size, uint64_t offset, const fs::path& path) {
  auto* next = static_cast<std::byte*>(buffer);
  size_t left = size;
  while (left > 0) {
    const ssize_t got = ::pread(fd, next, left, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return cannot("read", path);
    if (got == 0) {
      return Error(Code::kCorrupt, "{} ends at byte {}, {} bytes before the end of what should be read",
                   path.string(), offset, left);
    }
    next += got;
    left -= static_cast<size_t>(got);
    offset += static_cast<uint64_t>(got);
  }
  return {};
}

Result<void> write_all(int fd, ByteView bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return cannot("write", path);
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
  return {};
}

Result<void> fsync_fd(int fd, const fs::path& path) {
  // Never retried: after a failed fsync the kernel may have dropped the pages, and a second one would lie.
  if (::fsync(fd) != 0) return cannot("make durable", path);
  return {};
}

Result<void> fsync_directory(const fs::path& directory) {
  ASSIGN_OR_RETURN(const UniqueFd fd, open_file(directory, O_RDONLY | O_DIRECTORY, 0, "open"));
  // Some network file systems know no fsync of a directory; their renames are durable by themselves.
  if (::fsync(fd.get()) != 0 && errno != EINVAL && errno != EBADF) return cannot("make durable", directory);
  return {};
}

Result<std::string> read_file(const fs::path& path, uint64_t limit) {
  ASSIGN_OR_RETURN(const UniqueFd fd, open_for_reading(path));
  std::string content;
  // The size is only a guess: files under /proc say 0, and any file may be growing.
  struct stat status{};
  if (::fstat(fd.get(), &status) == 0 && status.st_size > 0) {
    content.reserve(std::min(static_cast<uint64_t>(status.st_size), limit) + 1);
  }
  while (true) {
    const size_t had = content.size();
    content.resize(std::max<size_t>(content.capacity(), had + 4 * KiB));
    ASSIGN_OR_RETURN(const size_t size,
                     read_some(fd.get(), content.data() + had, content.size() - had, path));
    content.resize(had + size);
    if (content.size() > limit)
      return Error(Code::kFailed, "{} is larger than {}", path.string(), human_bytes(limit));
    if (size == 0) return content;
  }
}

namespace {

// A file beside its final place; removed unless it was renamed there.
class PendingFile {
 public:
  static Result<PendingFile> create(const fs::path& target) {
    std::string name = parent_of(target) / fmt::format(".{}.tmp-XXXXXX", target.filename().string());
    UniqueFd fd(::mkostemp(name.data(), O_CLOEXEC));
    if (!fd.valid()) return cannot("create", target);
    return PendingFile(std::move(fd), std::move(name));
  }
  PendingFile(PendingFile&& other) noexcept
      : fd_(std::move(other.fd_)), path_(std::exchange(other.path_, {})) {}
  PendingFile& operator=(PendingFile&&) = delete;
  ~PendingFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }

  int fd() const { return fd_.get(); }

  Result<void> rename_to(const fs::path& target) {
    RETURN_IF_ERROR(rename_durably(path_, target));
    path_.clear();
    return {};
  }

 private:
  PendingFile(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
  UniqueFd fd_;
  std::string path_;
};

}  // namespace

Result<void> write_file_durably(const fs::path& path, std::string_view content, mode_t mode) {
  ASSIGN_OR_RETURN(PendingFile pending, PendingFile::create(path));
  if (::fchmod(pending.fd(), mode) != 0) return cannot("set the mode of", path);
  RETURN_IF_ERROR(write_all(pending.fd(), as_bytes(content), path));
  RETURN_IF_ERROR(fsync_fd(pending.fd(), path));
  return pending.rename_to(path);
}

Result<void> rename_durably(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) {
    return errno_error(errno, fmt::format("cannot rename {} to {}", from.string(), to.string()));
  }
  RETURN_IF_ERROR(fsync_directory(parent_of(to)));
  if (parent_of(from) != parent_of(to)) RETURN_IF_ERROR(fsync_directory(parent_of(from)));
  return {};
}

Result<void> make_directories(const fs::path& path, mode_t mode) {
  if (path.empty()) return {};
  if (::mkdir(path.c_str(), mode) == 0) return fsync_directory(parent_of(path));
  const int number = errno;
  if (number == EEXIST) {
    struct stat status{};
    if (::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) return {};
    return Error(Code::kAlreadyExists, "cannot create directory {}: a file of that name is in the way",
                 path.string());
  }
  const fs::path parent = path.parent_path();
  if (number != ENOENT || parent.empty() || parent == path) return cannot("create directory", path, number);
  RETURN_IF_ERROR(make_directories(parent, mode));
  return make_directories(path, mode);
}

Result<void> remove_recursively(const fs::path& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) return cannot("remove", path, error.value());
  return {};
}

Result<uint64_t> free_space(const fs::path& path) {
  fs::path existing = path.empty() ? fs::path(".") : path;
  struct statvfs status{};
  while (::statvfs(existing.c_str(), &status) != 0) {
    if (errno != ENOENT || !existing.has_relative_path()) return cannot("find the free space of", path);
    existing = parent_of(existing);
  }
  return uint64_t{status.f_bavail} * status.f_frsize;
}

uint64_t size_below(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::symlink_status(path, error);
  if (fs::is_regular_file(status)) {
    const auto size = fs::file_size(path, error);
    return error ? 0 : size;
  }
  uint64_t total = 0;
  // Files come and go while a server runs: what has vanished counts as nothing.
  auto entry = fs::recursive_directory_iterator(path, fs::directory_options::skip_permission_denied, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    std::error_code vanished;
    if (!fs::is_regular_file(entry->symlink_status(vanished))) continue;
    const auto size = entry->file_size(vanished);
    if (!vanished) total += size;
  }
  return total;
}

Result<TemporaryDirectory> TemporaryDirectory::create(const fs::path& parent, std::string_view prefix) {
  RETURN_IF_ERROR(make_directories(parent));
  std::string name = parent / fmt::format("{}XXXXXX", prefix);
  if (::mkdtemp(name.data()) == nullptr) return cannot("create a temporary directory below", parent);
  return TemporaryDirectory(fs::path(name));
}

TemporaryDirectory& TemporaryDirectory::operator=(TemporaryDirectory&& other) noexcept {
  if (this != &other) std::swap(path_, other.path_);
  return *this;
}

TemporaryDirectory::~TemporaryDirectory() {
  if (path_.empty()) return;
  std::error_code nobody_to_tell;
  fs::remove_all(path_, nobody_to_tell);
}

}  // namespace summit
