#include "stores/neo4j/node_digests.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace summit::neo4j {

Result<NodeDigests> NodeDigests::create(const fs::path& directory) {
  RETURN_IF_ERROR(make_directories(directory));
  std::string path = (directory / "node-digests-XXXXXX").native();
  UniqueFd fd(::mkostemp(path.data(), O_CLOEXEC));
  if (!fd.valid()) return errno_error(errno, fmt::format("cannot create {}", path));
  ::unlink(path.c_str());
  return NodeDigests(std::move(fd), std::move(path));
}

NodeDigests::NodeDigests(NodeDigests&& other) noexcept
    : fd_(std::move(other.fd_)),
      path_(std::move(other.path_)),
      map_(std::exchange(other.map_, nullptr)),
      capacity_(std::exchange(other.capacity_, 0)) {}

NodeDigests::~NodeDigests() {
  if (map_ != nullptr) ::munmap(map_, capacity_ * kDigestSize);
}

Result<void> NodeDigests::grow(uint64_t capacity) {
  constexpr uint64_t kLargest = uint64_t{1} << 40;
  if (capacity > kLargest) return Error(Code::kCorrupt, "neo4j gave a node id beyond all limits");
  // Blocks are reserved here: a full disk must be an error, and not a signal when a page is written.
  const int result = ::posix_fallocate(fd_.get(), static_cast<off_t>(capacity_ * kDigestSize),
                                       static_cast<off_t>((capacity - capacity_) * kDigestSize));
  if (result != 0) return errno_error(result, fmt::format("cannot extend {}", path_.native()));
  void* map = map_ == nullptr
                  ? ::mmap(nullptr, capacity * kDigestSize, PROT_READ | PROT_WRITE, MAP_SHARED, fd_.get(), 0)
                  : ::mremap(map_, capacity_ * kDigestSize, capacity * kDigestSize, MREMAP_MAYMOVE);
  if (map == MAP_FAILED) return errno_error(errno, fmt::format("cannot map {}", path_.native()));
  map_ = static_cast<char*>(map);
  capacity_ = capacity;
  return {};
}

Result<void> NodeDigests::set(uint64_t id, const Sha256Digest& digest) {
  constexpr uint64_t kLeast = 64 * 1024;
  if (id >= capacity_) RETURN_IF_ERROR(grow(std::max({kLeast, capacity_ + capacity_ / 2, id + 1})));
  std::memcpy(map_ + id * kDigestSize, digest.data(), kDigestSize);
  return {};
}

std::optional<std::string_view> NodeDigests::get(uint64_t id) const {
  // A digest of zeros does not occur: a place that holds them was never set.
  static constexpr std::array<char, kDigestSize> kNone{};
  if (id >= capacity_) return {};
  const std::string_view digest(map_ + id * kDigestSize, kDigestSize);
  if (digest == std::string_view(kNone.data(), kNone.size())) return {};
  return digest;
}

}  // namespace summit::neo4j
