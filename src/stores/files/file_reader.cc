#include "stores/files/file_reader.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace summit::files {
namespace {

constexpr size_t kBlock = 256 * KiB;
constexpr size_t kHeadLimit = 4 * MiB;
constexpr size_t kMostExtents = 4096;

// O_NONBLOCK keeps a fifo that took the file's place from stopping us; O_NOATIME is only allowed to the
// owner.
int open_quietly(int directory, const char* name) {
  constexpr int kFlags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  const int fd = ::openat(directory, name, kFlags | O_NOATIME);
  return fd < 0 && errno == EPERM ? ::openat(directory, name, kFlags) : fd;
}

Result<std::string> read_whole(int fd, uint64_t size, const std::string& path) {
  std::string text(size, '\0');
  size_t filled = 0;
  while (filled < text.size()) {
    ASSIGN_OR_RETURN(const size_t got, read_some(fd, text.data() + filled, text.size() - filled, path));
    if (got == 0) break;
    filled += got;
  }
  text.resize(filled);
  return text;
}

Result<bool> holds_kubernetes_secret(const OpenedFile& file, const std::string& path) {
  KubernetesSecretFinder finder;
  if (file.head) {
    finder.feed(*file.head);
    return finder.found();
  }
  std::string buffer(kBlock, '\0');
  off_t offset = 0;
  while (!finder.found()) {
    const ssize_t got = ::pread(file.fd.get(), buffer.data(), buffer.size(), offset);
    if (got < 0) return errno_error(errno, fmt::format("cannot read {}", path));
    if (got == 0) break;
    finder.feed(std::string_view(buffer).substr(0, static_cast<size_t>(got)));
    offset += got;
  }
  return finder.found();
}

// The key, or nothing but the key and white space.
Part part_by_key(const std::string& content, const Secret& key) {
  const std::string& text = key.reveal();
  if (text.size() < 8 || content.find(text) == std::string::npos) return Part::kOpen;
  const size_t first = content.find_first_not_of(" \t\r\n");
  const size_t last = content.find_last_not_of(" \t\r\n");
  return content.compare(first, last - first + 1, text) == 0 ? Part::kKey : Part::kSecret;
}

Result<void> decide(OpenedFile& file, const WalkEntry& entry, const Selection& selection,
                    const SecretKnowledge& knowledge) {
  const auto size = static_cast<uint64_t>(file.status.st_size);
  if (selection.secret_by_name(entry.path) ||
      knowledge.secret_files.contains({file.status.st_dev, file.status.st_ino})) {
    file.part = Part::kSecret;
  }
  if (!content_decides(entry.path, size, knowledge)) return {};
  if (size <= kHeadLimit) {
    ASSIGN_OR_RETURN(file.head, read_whole(file.fd.get(), size, entry.path));
  }
  if (knowledge.key != nullptr && size <= kKeySearchLimit) {
    const Part part = part_by_key(*file.head, *knowledge.key);
    if (part == Part::kKey) file.part = part;
    if (part == Part::kSecret && file.part == Part::kOpen) {
      file.part = part;
      file.by_content = true;
    }
  }
  if (file.part != Part::kOpen) return {};
  bool secret = knowledge.sealed_paths.contains(entry.path);
  if (!secret && content_decides(entry.path, kKeySearchLimit + 1, knowledge)) {
    ASSIGN_OR_RETURN(secret, holds_kubernetes_secret(file, entry.path));
  }
  if (secret) {
    file.part = Part::kSecret;
    file.by_content = true;
  }
  return {};
}

class Scan final : public TreeVisitor {
 public:
  Scan(const Selection& selection, TreeScan& scan) : selection_(selection), scan_(scan) {}

  Result<void> visit(const WalkEntry& entry, bool) override {
    if (!S_ISREG(entry.status.st_mode) && !S_ISLNK(entry.status.st_mode)) return {};
    const auto size = S_ISREG(entry.status.st_mode) ? static_cast<uint64_t>(entry.status.st_size) : 0;
    ++scan_.files;
    scan_.bytes += size;
    if (!selection_.secret_by_name(entry.path)) return {};
    ++scan_.secret_files;
    scan_.secret_bytes += size;
    if (entry.status.st_nlink > 1)
      scan_.knowledge.secret_files.emplace(entry.status.st_dev, entry.status.st_ino);
    return {};
  }
  // The capture meets the same and reports it.
  void unreadable(const std::string&, const Error&) override {}

 private:
  const Selection& selection_;
  TreeScan& scan_;
};

}  // namespace

Result<std::optional<OpenedFile>> open_file(const WalkEntry& entry, const Selection& selection,
                                            const SecretKnowledge& knowledge) {
  OpenedFile file;
  file.fd.reset(open_quietly(entry.directory, entry.name.c_str()));
  if (!file.fd.valid()) {
    if (errno == ENOENT || errno == ELOOP || errno == ENXIO) return std::optional<OpenedFile>{};
    return errno_error(errno, fmt::format("cannot open {}", entry.path));
  }
  if (::fstat(file.fd.get(), &file.status) != 0)
    return errno_error(errno, fmt::format("cannot look at {}", entry.path));
  if (!S_ISREG(file.status.st_mode)) return std::optional<OpenedFile>{};
  RETURN_IF_ERROR(decide(file, entry, selection, knowledge));
  return std::optional(std::move(file));
}

Part part_of_link(const std::string& path, const Selection& selection, const SecretKnowledge& knowledge) {
  return selection.secret_by_name(path) || knowledge.sealed_paths.contains(path) ? Part::kSecret
                                                                                 : Part::kOpen;
}

std::vector<ArchiveEntry::Extent> data_extents(const OpenedFile& file) {
  std::vector<ArchiveEntry::Extent> extents;
  const off_t size = file.status.st_size;
  if (file.status.st_blocks * 512 >= size) return extents;
  off_t at = 0;
  while (at < size && extents.size() < kMostExtents) {
    const off_t data = ::lseek(file.fd.get(), at, SEEK_DATA);
    if (data < 0 || data >= size) break;
    off_t hole = ::lseek(file.fd.get(), data, SEEK_HOLE);
    if (hole < 0) return {};
    hole = std::min(hole, size);
    extents.push_back({static_cast<uint64_t>(data), static_cast<uint64_t>(hole - data)});
    at = hole;
  }
  if (extents.size() == kMostExtents) return {};
  // A single empty extent at the end is how a file without any data is written.
  if (extents.empty()) extents.push_back({static_cast<uint64_t>(size), 0});
  return extents;
}

namespace {

Result<uint64_t> stream_range(int fd, uint64_t offset, uint64_t size, std::string& buffer,
                              const ContentSink& sink, const std::string& path) {
  uint64_t done = 0;
  while (done < size) {
    const size_t wanted = static_cast<size_t>(std::min<uint64_t>(buffer.size(), size - done));
    const ssize_t got = ::pread(fd, buffer.data(), wanted, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error(errno, fmt::format("cannot read {}", path));
    if (got == 0) break;
    RETURN_IF_ERROR(sink.bytes(as_bytes(std::string_view(buffer).substr(0, static_cast<size_t>(got)))));
    done += static_cast<uint64_t>(got);
  }
  return done;
}

}  // namespace

Result<uint64_t> stream_content(const OpenedFile& file, uint64_t size,
                                const std::vector<ArchiveEntry::Extent>& data, const ContentSink& sink,
                                const std::string& path) {
  if (file.head) {
    const std::string_view head = std::string_view(*file.head).substr(0, size);
    RETURN_IF_ERROR(sink.bytes(as_bytes(head)));
    return head.size();
  }
  std::string buffer(kBlock, '\0');
  if (data.empty()) return stream_range(file.fd.get(), 0, size, buffer, sink, path);
  uint64_t at = 0;
  for (const auto& extent : data) {
    if (extent.offset > at) RETURN_IF_ERROR(sink.hole(extent.offset - at));
    ASSIGN_OR_RETURN(const uint64_t done,
                     stream_range(file.fd.get(), extent.offset, extent.size, buffer, sink, path));
    at = extent.offset + done;
    if (done < extent.size) return at;
  }
  if (size > at) RETURN_IF_ERROR(sink.hole(size - at));
  return size;
}

Result<TreeScan> scan_tree(const fs::path& root, const Selection& selection,
                           const Cancellation& cancellation) {
  TreeScan scan;
  Scan visitor(selection, scan);
  RETURN_IF_ERROR(walk_tree(root, selection, visitor, cancellation));
  return scan;
}

}  // namespace summit::files
