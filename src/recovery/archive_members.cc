#include "recovery/archive_members.h"

#include <algorithm>
#include <array>

#include "recovery/artifact_stream.h"

namespace summit::recovery {
namespace {

using files::ArchiveEntry;

struct OpenedArchive {
  std::unique_ptr<ArtifactStream> stream;
  std::unique_ptr<files::ArchiveReader> reader;
};

Error no_archive(const repository::BackupReader& backup, const std::string& artifact) {
  const auto& id = backup.metadata().id;
  Error error(Code::kUsage, "{} of backup {} is no archive of files", artifact, id);
  if (artifact.ends_with(".enc"))
    return std::move(error).hint("it is sealed: restore it into an environment of its own to look inside");
  if (artifact.starts_with("postgres") && artifact.ends_with(".dump"))
    return std::move(error).hint(fmt::format("summit-dr cat {} {} | pg_restore --list", id, artifact));
  return std::move(error).hint(fmt::format("summit-dr ls {}", id));
}

Result<OpenedArchive> open_archive(const repository::BackupReader& backup, const std::string& artifact,
                                   const Cancellation& cancellation) {
  if (!is_file_archive(artifact)) return no_archive(backup, artifact);
  OpenedArchive opened;
  opened.stream = std::make_unique<ArtifactStream>(backup, artifact, cancellation);
  ASSIGN_OR_RETURN(opened.reader,
                   files::ArchiveReader::open([stream = opened.stream.get()] { return stream->next(); }));
  return opened;
}

Result<void> give_zeros(uint64_t count, const std::function<Result<void>(ByteView)>& consume) {
  static constexpr std::array<std::byte, 64 * KiB> kZeros{};
  while (count > 0) {
    const size_t part = std::min<uint64_t>(count, kZeros.size());
    RETURN_IF_ERROR(consume(ByteView(kZeros).first(part)));
    count -= part;
  }
  return {};
}

Result<void> give_content(const ArchiveEntry& entry, files::ArchiveReader& reader,
                          const std::function<Result<void>(ByteView)>& consume) {
  uint64_t given = 0;
  const auto give = [&](uint64_t offset, ByteView bytes) -> Result<void> {
    if (offset > given) RETURN_IF_ERROR(give_zeros(offset - given, consume));
    given = offset + bytes.size();
    return consume(bytes);
  };
  RETURN_IF_ERROR(reader.read(give));
  return entry.size > given ? give_zeros(entry.size - given, consume) : Result<void>();
}

// What a member is when it has no content of its own to give.
Error no_file(const ArchiveEntry& entry) {
  if (entry.type == ArchiveEntry::Type::kLink)
    return Error(Code::kUsage, "{} is a symbolic link to {}", entry.path, entry.target)
        .hint("name the file that it points to");
  return Error(Code::kUsage, "{} is a directory", entry.path).hint("name a file in it");
}

// Empty when the content was given; else the path of the member whose hard link `path` is.
Result<std::string> read_or_follow(const repository::BackupReader& backup, const std::string& artifact,
                                   const std::string& path,
                                   const std::function<Result<void>(ByteView)>& consume,
                                   const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(const auto archive, open_archive(backup, artifact, cancellation));
  bool given = false;
  while (true) {
    ASSIGN_OR_RETURN(const auto entry, archive.reader->next());
    if (!entry) break;
    if (given || entry->path != path) continue;
    if (entry->type == ArchiveEntry::Type::kHardLink) return entry->target;
    if (entry->type != ArchiveEntry::Type::kFile) return no_file(*entry);
    RETURN_IF_ERROR(give_content(*entry, *archive.reader, consume));
    given = true;
  }
  if (given) return std::string();
  return Error(Code::kNotFound, "there is no file {} in {} of backup {}", path, artifact,
               backup.metadata().id)
      .hint(fmt::format("summit-dr ls {} {}", backup.metadata().id, artifact));
}

}  // namespace

bool is_file_archive(std::string_view artifact) { return artifact.ends_with(".tar.zst"); }

std::string_view name_of(ArchiveEntry::Type type) {
  switch (type) {
    case ArchiveEntry::Type::kFile:
      return "file";
    case ArchiveEntry::Type::kDirectory:
      return "directory";
    case ArchiveEntry::Type::kLink:
      return "link";
    case ArchiveEntry::Type::kHardLink:
      return "hard_link";
  }
  return "file";
}

Instant modified_of(const ArchiveEntry& entry) {
  return Instant(std::chrono::duration_cast<Instant::duration>(
      std::chrono::seconds(entry.modified.tv_sec) + std::chrono::nanoseconds(entry.modified.tv_nsec)));
}

Result<void> list_members(const repository::BackupReader& backup, const std::string& artifact,
                          const std::function<Result<void>(const ArchiveEntry&)>& visit,
                          const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(const auto archive, open_archive(backup, artifact, cancellation), "in {}", artifact);
  while (true) {
    ASSIGN_OR_RETURN(const auto entry, archive.reader->next(), "in {}", artifact);
    if (!entry) return {};
    RETURN_IF_ERROR(visit(*entry));
  }
}

Result<void> read_member(const repository::BackupReader& backup, const std::string& artifact,
                         const std::string& path, const std::function<Result<void>(ByteView)>& consume,
                         const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(const auto target, read_or_follow(backup, artifact, path, consume, cancellation));
  if (target.empty()) return {};
  ASSIGN_OR_RETURN(const auto further, read_or_follow(backup, artifact, target, consume, cancellation));
  if (further.empty()) return {};
  return Error(Code::kCorrupt, "{} in {} is a hard link to a hard link", path, artifact);
}

}  // namespace summit::recovery
