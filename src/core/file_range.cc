#include "core/file_range.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

namespace summit {

Result<uint64_t> read_file_range(int fd, const fs::path& path, uint64_t offset, uint64_t size, size_t block,
                                 const std::function<Result<void>(ByteView)>& consume) {
  if (::lseek(fd, static_cast<off_t>(offset), SEEK_SET) < 0)
    return errno_error(errno, fmt::format("cannot read {}", path.string()));
  std::vector<std::byte> buffer(std::min<uint64_t>(block, size));
  while (size != 0) {
    const size_t wanted = std::min<uint64_t>(buffer.size(), size);
    ASSIGN_OR_RETURN(const size_t part, read_some(fd, buffer.data(), wanted, path));
    if (part == 0) break;
    RETURN_IF_ERROR(consume(ByteView(buffer.data(), part)));
    size -= part;
  }
  return size;
}

}  // namespace summit
