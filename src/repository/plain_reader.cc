#include "repository/plain_reader.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "core/digest.h"
#include "core/file_range.h"
#include "repository/plain_layout.h"

namespace summit::repository {
namespace {

constexpr size_t kBlock = 1 * MiB;
constexpr uint64_t kLargestMetadata = 1 * GiB;

Result<UniqueFd> open_regular(const fs::path& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!fd.valid() && errno == ELOOP) return Error(Code::kCorrupt, "{} is a symbolic link", path.string());
  if (!fd.valid()) return errno_error(errno, fmt::format("cannot open {}", path.string()));
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0)
    return errno_error(errno, fmt::format("cannot look at {}", path.string()));
  if (!S_ISREG(status.st_mode)) return Error(Code::kCorrupt, "{} is not a regular file", path.string());
  return fd;
}

}  // namespace

Result<FileContent> stream_file(const fs::path& path, const std::function<Result<void>(ByteView)>& consume,
                                const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(const UniqueFd fd, open_regular(path));
  ::posix_fadvise(fd.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  std::vector<std::byte> buffer(kBlock);
  FileContent content;
  Sha256 digest;
  while (true) {
    RETURN_IF_ERROR(cancellation.check());
    ASSIGN_OR_RETURN(const size_t size, read_some(fd.get(), buffer.data(), buffer.size(), path));
    if (size == 0) break;
    const ByteView block(buffer.data(), size);
    digest.update(block);
    content.size += size;
    RETURN_IF_ERROR(consume(block));
  }
  content.sha256 = to_hex(digest.finish());
  return content;
}

Result<BackupMetadata> read_metadata_file(const fs::path& directory) {
  const fs::path path = directory / kMetadataFile;
  auto text = read_file(path, kLargestMetadata);
  if (!text.ok() && text.error().code() == Code::kNotFound)
    return Error(Code::kCorrupt, "{} is missing", path.string());
  if (!text.ok()) return std::move(text).error();
  return metadata_from_json(*text);
}

Result<std::unique_ptr<BackupReader>> PlainReader::open(const fs::path& directory) {
  ASSIGN_OR_RETURN(auto metadata, read_metadata_file(directory), "{} of {}", kMetadataFile,
                   directory.string());
  return std::unique_ptr<BackupReader>(new PlainReader(directory, std::move(metadata)));
}

Result<const Artifact*> PlainReader::find(const std::string& artifact) const {
  for (const auto& component : metadata_.components)
    for (const auto& candidate : component.artifacts)
      if (candidate.name == artifact) return &candidate;
  return Error(Code::kNotFound, "backup {} has no artifact {}", metadata_.id, artifact)
      .hint(fmt::format("summit-dr info {}", metadata_.id));
}

Result<void> PlainReader::read(const std::string& artifact,
                               const std::function<Result<void>(ByteView)>& consume,
                               const Cancellation& cancellation) const {
  ASSIGN_OR_RETURN(const Artifact* recorded, find(artifact));
  ASSIGN_OR_RETURN(const auto content, stream_file(directory_ / artifact, consume, cancellation),
                   "in backup {}", metadata_.id);
  const std::string hint = fmt::format("summit-dr verify {}", metadata_.id);
  if (content.size != recorded->size)
    return Error(Code::kCorrupt, "{} of backup {} is damaged: its size is {}, recorded {}", artifact,
                 metadata_.id, content.size, recorded->size)
        .hint(hint);
  if (content.sha256 != recorded->sha256)
    return Error(Code::kCorrupt, "{} of backup {} is damaged: its sha-256 differs", artifact, metadata_.id)
        .hint(hint);
  const std::lock_guard lock(mutex_);
  verified_.insert(artifact);
  return {};
}

Result<void> PlainReader::read_range(const std::string& artifact, uint64_t offset, uint64_t size,
                                     const std::function<Result<void>(ByteView)>& consume,
                                     const Cancellation& cancellation) const {
  ASSIGN_OR_RETURN(const Artifact* recorded, find(artifact));
  RETURN_IF_ERROR(check_range(metadata_, artifact, recorded->size, offset, size));
  if (size == 0) return {};
  const fs::path path = directory_ / artifact;
  ASSIGN_OR_RETURN(const UniqueFd fd, open_regular(path), "in backup {}", metadata_.id);
  const auto give = [&](ByteView block) -> Result<void> {
    RETURN_IF_ERROR(cancellation.check());
    return consume(block);
  };
  ASSIGN_OR_RETURN(const uint64_t missing, read_file_range(fd.get(), path, offset, size, kBlock, give),
                   "in backup {}", metadata_.id);
  if (missing == 0) return {};
  return Error(Code::kCorrupt, "{} of backup {} is damaged: it is shorter than the recorded {} bytes",
               artifact, metadata_.id, recorded->size)
      .hint(fmt::format("summit-dr verify {}", metadata_.id));
}

Result<fs::path> PlainReader::native_file(const std::string& artifact, const fs::path& /*workspace*/) const {
  {
    const std::lock_guard lock(mutex_);
    if (verified_.contains(artifact)) return directory_ / artifact;
  }
  RETURN_IF_ERROR(read(artifact, [](ByteView) { return Result<void>(); }, {}));
  return directory_ / artifact;
}

}  // namespace summit::repository
