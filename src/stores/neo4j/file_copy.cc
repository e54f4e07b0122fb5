#include "stores/neo4j/file_copy.h"

#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

namespace summit::neo4j {
namespace {

constexpr uint64_t kStep = MiB;

// Old kernels and some pairs of file systems cannot copy within the kernel.
bool is_unsupported(int number) {
  return number == EXDEV || number == EINVAL || number == ENOSYS || number == EOPNOTSUPP || number == EBADF;
}

Result<void> copy_through_memory(int input, const fs::path& input_path, int output,
                                 const fs::path& output_path, uint64_t position, uint64_t end, Phase& phase,
                                 const Cancellation& cancellation) {
  const auto buffer = std::make_unique<std::byte[]>(kStep);
  while (position < end) {
    RETURN_IF_ERROR(cancellation.check());
    const ssize_t got =
        ::pread(input, buffer.get(), std::min(kStep, end - position), static_cast<off_t>(position));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error(errno, fmt::format("cannot read {}", input_path.native()));
    if (got == 0) return {};
    const auto size = static_cast<size_t>(got);
    if (::lseek(output, static_cast<off_t>(position), SEEK_SET) < 0) {
      return errno_error(errno, fmt::format("cannot write {}", output_path.native()));
    }
    RETURN_IF_ERROR(write_all(output, {buffer.get(), size}, output_path));
    position += size;
    phase.advance(size);
  }
  return {};
}

}  // namespace

Result<void> copy_range(int input, const fs::path& input_path, int output, const fs::path& output_path,
                        uint64_t size, Phase& phase, const Cancellation& cancellation) {
  auto position = off_t{0};
  while (static_cast<uint64_t>(position) < size) {
    RETURN_IF_ERROR(cancellation.check());
    auto target = position;
    const ssize_t copied = ::copy_file_range(input, &position, output, &target,
                                             std::min(kStep, size - static_cast<uint64_t>(position)), 0);
    if (copied < 0 && errno == EINTR) continue;
    if (copied < 0 && is_unsupported(errno)) {
      return copy_through_memory(input, input_path, output, output_path, static_cast<uint64_t>(position),
                                 size, phase, cancellation);
    }
    if (copied < 0) {
      return errno_error(errno,
                         fmt::format("cannot copy {} to {}", input_path.native(), output_path.native()));
    }
    if (copied == 0) return {};
    phase.advance(static_cast<uint64_t>(copied));
  }
  return {};
}

Result<bool> copy_file(const fs::path& from, const fs::path& to, Phase& phase,
                       const Cancellation& cancellation) {
  auto input = open_for_reading(from);
  if (!input.ok() && input.error().code() == Code::kNotFound) return false;
  if (!input.ok()) return std::move(input).error();
  struct stat status{};
  if (::fstat(input->get(), &status) != 0)
    return errno_error(errno, fmt::format("cannot examine {}", from.native()));
  RETURN_IF_ERROR(make_directories(to.parent_path()));
  ASSIGN_OR_RETURN(auto output, open_for_writing(to));
  const auto size = static_cast<uint64_t>(status.st_size);
  if (::ioctl(output.get(), FICLONE, input->get()) == 0) {
    phase.advance(size);
    return true;
  }
  RETURN_IF_ERROR(copy_range(input->get(), from, output.get(), to, size, phase, cancellation));
  return true;
}

}  // namespace summit::neo4j
