// Files: descriptors that close themselves, and writes that survive a crash.
//
// Durable order everywhere in this program: write, fsync the file, rename, fsync the directory.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "core/bytes.h"
#include "core/result.h"

namespace summit {

namespace fs = std::filesystem;

// Owns one file descriptor.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    reset(std::exchange(other.fd_, -1));
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { reset(); }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset(int fd = -1);

 private:
  int fd_ = -1;
};

Result<UniqueFd> open_for_reading(const fs::path& path);
// Creates or truncates.
Result<UniqueFd> open_for_writing(const fs::path& path, mode_t mode = 0640);

// Reads up to `capacity` bytes; 0 at the end of the file.
Result<size_t> read_some(int fd, void* buffer, size_t capacity, const fs::path& path);
// Reads exactly `size` bytes at `offset`, or fails.
Result<void> read_exactly_at(int fd, void* buffer, size_t size, uint64_t offset, const fs::path& path);
Result<void> write_all(int fd, ByteView bytes, const fs::path& path);
Result<void> fsync_fd(int fd, const fs::path& path);
Result<void> fsync_directory(const fs::path& directory);

// A small file's whole content; fails over `limit` bytes.
Result<std::string> read_file(const fs::path& path, uint64_t limit = 64 * MiB);

// Replaces `path` as one step: after a crash it holds the old content or the new, never a part.
Result<void> write_file_durably(const fs::path& path, std::string_view content, mode_t mode = 0640);

// Renames within one file system and makes the new name durable. Replaces what is there.
Result<void> rename_durably(const fs::path& from, const fs::path& to);

Result<void> make_directories(const fs::path& path, mode_t mode = 0750);
Result<void> remove_recursively(const fs::path& path);

// Bytes free to this process on the file system of `path` (or of its nearest existing parent).
Result<uint64_t> free_space(const fs::path& path);

// Bytes of all regular files below `path`; 0 when it is not there.
uint64_t size_below(const fs::path& path);

// A directory of its own, mode 0700, removed with all its content when this goes out of scope.
class TemporaryDirectory {
 public:
  // Below `parent` (created when absent), named "<prefix>XXXXXX".
  static Result<TemporaryDirectory> create(const fs::path& parent, std::string_view prefix);
  TemporaryDirectory(TemporaryDirectory&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TemporaryDirectory& operator=(TemporaryDirectory&& other) noexcept;
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory();

  const fs::path& path() const { return path_; }

 private:
  explicit TemporaryDirectory(fs::path path) : path_(std::move(path)) {}
  fs::path path_;
};

}  // namespace summit
