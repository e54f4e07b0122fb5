#include "stores/neo4j/spilled_records.h"

#include <sys/mman.h>

#include <cerrno>
#include <utility>

#include "core/unnamed_file.h"

namespace summit::neo4j {

Result<SpilledBytes> SpilledBytes::create(const fs::path& directory) {
  RETURN_IF_ERROR(make_directories(directory));
  ASSIGN_OR_RETURN(auto fd, open_unnamed_file(directory));
  return SpilledBytes(std::move(fd), directory / "records");
}

SpilledBytes::SpilledBytes(SpilledBytes&& other) noexcept
    : fd_(std::move(other.fd_)),
      path_(std::move(other.path_)),
      pending_(std::move(other.pending_)),
      size_(other.size_),
      map_(std::exchange(other.map_, nullptr)) {}

SpilledBytes::~SpilledBytes() {
  if (map_ != nullptr) ::munmap(map_, size_);
}

Result<void> SpilledBytes::add(std::string_view bytes) {
  pending_ += bytes;
  return pending_.size() < 256 * KiB ? Result<void>() : flush();
}

Result<void> SpilledBytes::flush() {
  RETURN_IF_ERROR(write_all(fd_.get(), as_bytes(pending_), path_));
  size_ += pending_.size();
  pending_.clear();
  return {};
}

Result<std::span<char>> SpilledBytes::map() {
  if (map_ != nullptr) return std::span<char>(map_, size_);
  RETURN_IF_ERROR(flush());
  if (size_ == 0) return std::span<char>();
  // The blocks were written, so sorting in place needs no more of the disk.
  void* const map = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, fd_.get(), 0);
  if (map == MAP_FAILED) return errno_error(errno, fmt::format("cannot map {}", path_.native()));
  map_ = static_cast<char*>(map);
  return std::span<char>(map_, size_);
}

}  // namespace summit::neo4j
