#include "repository/packed/tree_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <vector>

namespace summit::repository::packed {
namespace {

// A file system's clock may tick this slowly: a change within it leaves the times as they were.
constexpr int64_t kClockTick = 2'000'000'000;

int64_t nanoseconds(const timespec& time) { return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec; }

Result<std::string> target_of(const std::filesystem::path& path) {
  std::error_code failure;
  const auto target = std::filesystem::read_symlink(path, failure);
  if (failure) return errno_error(failure.value(), "cannot read the link " + path.string());
  return target.string();
}

// Reads exactly so many bytes; zeros for those that are no longer there.
Result<void> read_or_zeros(int fd, uint64_t offset, std::span<std::byte> bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t count = ::pread(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno_error(errno, "cannot read " + path);
    if (count == 0) {
      std::memset(bytes.data(), 0, bytes.size());
      return {};
    }
    bytes = bytes.subspan(static_cast<size_t>(count));
    offset += static_cast<uint64_t>(count);
  }
  return {};
}

Result<std::vector<std::string>> names_in(const std::filesystem::path& directory) {
  std::vector<std::string> names;
  std::error_code failure;
  std::filesystem::directory_iterator entries(directory, failure);
  for (; !failure && entries != std::filesystem::directory_iterator(); entries.increment(failure))
    names.push_back(entries->path().filename().string());
  if (failure) return errno_error(failure.value(), "cannot list " + directory.string());
  std::ranges::sort(names);
  return names;
}

}  // namespace

Result<std::optional<TreeEntry>> inspect(const std::filesystem::path& path, std::string relative) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return std::optional<TreeEntry>();
    return errno_error(errno, "cannot look at " + path.string());
  }
  TreeEntry entry{.path = std::move(relative),
                  .mode = status.st_mode & 07777,
                  .user = status.st_uid,
                  .group = status.st_gid,
                  .modified = nanoseconds(status.st_mtim),
                  .changed = nanoseconds(status.st_ctim),
                  .inode = status.st_ino};
  if (S_ISREG(status.st_mode)) {
    entry.size = static_cast<uint64_t>(status.st_size);
  } else if (S_ISDIR(status.st_mode)) {
    entry.type = TreeEntry::Type::kDirectory;
  } else if (S_ISLNK(status.st_mode)) {
    entry.type = TreeEntry::Type::kSymlink;
    ASSIGN_OR_RETURN(entry.target, target_of(path));
  } else {
    return std::optional<TreeEntry>();
  }
  return std::optional(std::move(entry));
}

Result<std::unique_ptr<TreeWriter>> TreeWriter::create(ChunkWriter& writer, ChunkReader& reader,
                                                       const StoredTree* previous, Unchanged unchanged,
                                                       Instant begun, const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto listing, writer.begin_stream());
  auto cursor = previous != nullptr ? reader.cursor(previous->files.blocks, cancellation) : nullptr;
  ASSIGN_OR_RETURN(auto files, writer.begin_extents(std::move(cursor)));
  auto before = previous != nullptr ? std::make_unique<ListingReader>(reader, previous->listing, cancellation)
                                    : nullptr;
  const auto since_1970 =
      std::chrono::duration_cast<std::chrono::nanoseconds>(begun.time_since_epoch()).count();
  RETURN_IF_ERROR(listing->write(as_bytes(encode_listing_header(since_1970))));
  return std::unique_ptr<TreeWriter>(
      new TreeWriter(std::move(listing), std::move(files), std::move(before), unchanged, cancellation));
}

Result<void> TreeWriter::list(const TreeEntry& entry) {
  RETURN_IF_ERROR(cancellation_.check());
  if (!last_path_.empty() && !path_before(last_path_, entry.path))
    return Error(Code::kUsage, "{} comes after {} in a tree", entry.path, last_path_);
  last_path_ = entry.path;
  return listing_->write(as_bytes(encode(entry)));
}

Result<void> TreeWriter::add(TreeEntry entry) {
  entry.size = 0;
  entry.offset = offset_;
  return list(entry);
}

// Both lists are in order: the previous one is walked along.
Result<const TreeEntry*> TreeWriter::find_previous(const std::string& path) {
  if (!previous_) return nullptr;
  while (!previous_entry_ || path_before(previous_entry_->path, path)) {
    ASSIGN_OR_RETURN(previous_entry_, previous_->next());
    if (!previous_entry_) {
      previous_.reset();
      return nullptr;
    }
  }
  return previous_entry_->path == path && previous_entry_->type == TreeEntry::Type::kFile ? &*previous_entry_
                                                                                          : nullptr;
}

bool TreeWriter::proven_unchanged(const TreeEntry& now_there, const TreeEntry& before) const {
  return unchanged_ == Unchanged::kTakeOver && now_there.size == before.size &&
         now_there.inode == before.inode && now_there.modified == before.modified &&
         now_there.changed == before.changed && before.modified < previous_->begun() - kClockTick &&
         before.changed < previous_->begun() - kClockTick;
}

Result<void> TreeWriter::add_file(TreeEntry entry, const std::function<Result<UniqueFd>()>& open) {
  entry.offset = offset_;
  offset_ += entry.size;
  RETURN_IF_ERROR(list(entry));
  ASSIGN_OR_RETURN(const TreeEntry* before, find_previous(entry.path));
  RETURN_IF_ERROR(files_->begin_file(before != nullptr ? std::optional(before->offset) : std::nullopt));
  UniqueFd file;
  const auto read = [&](uint64_t offset, std::span<std::byte> bytes) -> Result<void> {
    RETURN_IF_ERROR(cancellation_.check());
    if (!file.valid()) {
      ASSIGN_OR_RETURN(file, open());
    }
    return read_or_zeros(file.get(), offset, bytes, entry.path);
  };
  if (before != nullptr && proven_unchanged(entry, *before)) return files_->take_over(entry.size, read);

  return files_->write_file(entry.size, read);
}

Result<void> TreeWriter::add_all(const std::filesystem::path& root,
                                 const std::function<bool(std::string_view)>& skip) {
  return add_below(root, "", skip);
}

Result<void> TreeWriter::add_below(const std::filesystem::path& root, const std::string& below,
                                   const std::function<bool(std::string_view)>& skip) {
  ASSIGN_OR_RETURN(const auto names, names_in(root / below));
  for (const std::string& name : names) {
    const std::string path = below.empty() ? name : below + "/" + name;
    if (skip && skip(path)) continue;
    ASSIGN_OR_RETURN(auto entry, inspect(root / path, path));
    if (!entry) continue;
    if (entry->type == TreeEntry::Type::kFile) {
      const auto open = [&]() -> Result<UniqueFd> { return open_for_reading(root / path); };
      RETURN_IF_ERROR(add_file(std::move(*entry), open));
      continue;
    }
    const bool descend = entry->type == TreeEntry::Type::kDirectory;
    RETURN_IF_ERROR(add(std::move(*entry)));
    if (descend) RETURN_IF_ERROR(add_below(root, path, skip));
  }
  return {};
}

Result<TreeNumbers> TreeWriter::finish() {
  RETURN_IF_ERROR(listing_->write(as_bytes(encode_listing_end())));
  TreeNumbers numbers;
  ASSIGN_OR_RETURN(numbers.listing, listing_->finish());
  ASSIGN_OR_RETURN(numbers.files, files_->finish());
  return numbers;
}

}  // namespace summit::repository::packed
