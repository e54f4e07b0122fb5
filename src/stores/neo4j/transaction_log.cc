#include "stores/neo4j/transaction_log.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "core/text.h"
#include "stores/neo4j/file_copy.h"

namespace summit::neo4j {
namespace {

constexpr std::string_view kLogPrefix = "neostore.transaction.db.";

// A transaction ends with an entry whose first bytes are not zero and whose length is below a hundred bytes,
// so zeros that still belong to it are among these. The rest of a preallocated log would only be dumped,
// loaded and stored as nothing.
constexpr uint64_t kZerosBehind = 64 * KiB;

// The position behind the last byte in [begin, end) that is not zero; `begin` when all are.
Result<uint64_t> last_data(int fd, const fs::path& path, uint64_t begin, uint64_t end) {
  constexpr uint64_t kBlock = 256 * KiB;
  const auto buffer = std::make_unique<char[]>(kBlock);
  while (end > begin) {
    const uint64_t size = std::min(kBlock, end - begin);
    RETURN_IF_ERROR(read_exactly_at(fd, buffer.get(), size, end - size, path));
    const size_t last = std::string_view(buffer.get(), size).find_last_not_of('\0');
    if (last != std::string_view::npos) return end - size + last + 1;
    end -= size;
  }
  return begin;
}

// The regions of a file that are no holes. Preallocated blocks that nobody has read or written count as holes
// on most file systems, which spares reading hundreds of megabytes of zeros.
std::vector<std::pair<uint64_t, uint64_t>> data_regions(int fd, uint64_t size) {
  std::vector<std::pair<uint64_t, uint64_t>> regions;
  uint64_t position = 0;
  while (position < size) {
    const off_t begin = ::lseek(fd, static_cast<off_t>(position), SEEK_DATA);
    if (begin < 0 && errno == ENXIO) break;
    const off_t end = begin < 0 ? -1 : ::lseek(fd, begin, SEEK_HOLE);
    if (begin < 0 || end < 0) return {{0, size}};
    regions.emplace_back(begin, std::min(static_cast<uint64_t>(end), size));
    position = static_cast<uint64_t>(end);
  }
  return regions;
}

Result<uint64_t> size_of(int fd, const fs::path& path) {
  struct stat status{};
  if (::fstat(fd, &status) != 0) return errno_error(errno, fmt::format("cannot examine {}", path.native()));
  return static_cast<uint64_t>(status.st_size);
}

}  // namespace

Result<std::vector<std::pair<uint64_t, fs::path>>> list_numbered(const fs::path& directory,
                                                                 std::string_view prefix) {
  std::vector<std::pair<uint64_t, fs::path>> files;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename();
    if (!name.starts_with(prefix)) continue;
    const auto number = parse_number<uint64_t>(std::string_view(name).substr(prefix.size()));
    if (number) files.emplace_back(*number, entry->path());
  }
  if (error) return errno_error(error.value(), fmt::format("cannot list {}", directory.native()));
  std::sort(files.begin(), files.end());
  return files;
}

Result<uint64_t> written_length(int fd, const fs::path& path) {
  ASSIGN_OR_RETURN(const uint64_t size, size_of(fd, path));
  const auto regions = data_regions(fd, size);
  for (auto region = regions.rbegin(); region != regions.rend(); ++region) {
    ASSIGN_OR_RETURN(const uint64_t last, last_data(fd, path, region->first, region->second));
    if (last > region->first) return last;
  }
  return uint64_t{0};
}

Result<LogCut> LogCut::take(const fs::path& logs, std::optional<uint64_t> first_needed) {
  ASSIGN_OR_RETURN(const auto numbered, list_numbered(logs, kLogPrefix));
  LogCut cut;
  uint64_t expected = first_needed.value_or(numbered.empty() ? 0 : numbered.front().first);
  for (const auto& [number, path] : numbered) {
    if (number < expected) continue;
    if (number != expected) break;
    File file{path, {}, 0, 0};
    ASSIGN_OR_RETURN(file.fd, open_for_reading(path));
    cut.files_.push_back(std::move(file));
    ++expected;
  }
  if (cut.files_.empty() || expected <= numbered.back().first) {
    return Error(Code::kNotFound, "transaction log {}{} is gone from {} although recovery needs it",
                 kLogPrefix, expected, logs.native())
        .hint(
            "keep logs longer than a backup lasts: db.tx_log.rotation.retention_policy=2 days in neo4j.conf");
  }
  // In rising order: a log is complete before the next begins, so whatever is written meanwhile, the noted
  // parts are a front part of the whole sequence.
  for (auto& file : cut.files_) {
    ASSIGN_OR_RETURN(file.written, written_length(file.fd.get(), file.path));
    ASSIGN_OR_RETURN(file.size, size_of(file.fd.get(), file.path));
  }
  return cut;
}

Result<void> LogCut::copy_into(const fs::path& target, Phase& phase, const Cancellation& cancellation) const {
  for (const auto& file : files_) {
    const fs::path path = target / file.path.filename();
    ASSIGN_OR_RETURN(auto output, open_for_writing(path));
    RETURN_IF_ERROR(
        copy_range(file.fd.get(), file.path, output.get(), path, file.written, phase, cancellation));
    if (::ftruncate(output.get(), static_cast<off_t>(std::min(file.size, file.written + kZerosBehind))) !=
        0) {
      return errno_error(errno, fmt::format("cannot extend {}", path.native()));
    }
  }
  return {};
}

uint64_t LogCut::bytes() const {
  uint64_t sum = 0;
  for (const auto& file : files_) sum += file.written;
  return sum;
}

}  // namespace summit::neo4j
