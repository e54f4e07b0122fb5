#include "stores/neo4j/id_table.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/bytes.h"
#include "core/unnamed_file.h"

namespace summit::neo4j {

Result<IdTable> IdTable::create(const fs::path& directory, size_t width) {
  RETURN_IF_ERROR(make_directories(directory));
  ASSIGN_OR_RETURN(auto fd, open_unnamed_file(directory));
  return IdTable(std::move(fd), directory / "ids", width);
}

IdTable::IdTable(IdTable&& other) noexcept
    : fd_(std::move(other.fd_)),
      path_(std::move(other.path_)),
      width_(other.width_),
      map_(std::exchange(other.map_, nullptr)),
      capacity_(std::exchange(other.capacity_, 0)) {}

IdTable::~IdTable() {
  if (map_ != nullptr) ::munmap(map_, capacity_ * width_);
}

Result<void> IdTable::grow(uint64_t capacity) {
  constexpr uint64_t kLargest = uint64_t{1} << 40;
  if (capacity > kLargest) return Error(Code::kCorrupt, "neo4j gave a node id beyond all limits");
  // Blocks are reserved here: a full disk must be an error, and not a signal when a page is written.
  const int result = ::posix_fallocate(fd_.get(), static_cast<off_t>(capacity_ * width_),
                                       static_cast<off_t>((capacity - capacity_) * width_));
  if (result != 0) return errno_error(result, fmt::format("cannot extend {}", path_.native()));
  void* map = map_ == nullptr
                  ? ::mmap(nullptr, capacity * width_, PROT_READ | PROT_WRITE, MAP_SHARED, fd_.get(), 0)
                  : ::mremap(map_, capacity_ * width_, capacity * width_, MREMAP_MAYMOVE);
  if (map == MAP_FAILED) return errno_error(errno, fmt::format("cannot map {}", path_.native()));
  map_ = static_cast<char*>(map);
  capacity_ = capacity;
  return {};
}

Result<void> IdTable::set(uint64_t id, std::string_view entry) {
  constexpr uint64_t kLeast = 64 * KiB;
  if (id >= capacity_) RETURN_IF_ERROR(grow(std::max({kLeast, capacity_ + capacity_ / 2, id + 1})));
  std::memcpy(map_ + id * width_, entry.data(), width_);
  return {};
}

std::string_view IdTable::get(uint64_t id) const {
  return id < capacity_ ? std::string_view(map_ + id * width_, width_) : std::string_view();
}

}  // namespace summit::neo4j
