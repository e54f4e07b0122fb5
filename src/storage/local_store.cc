#include "storage/local_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "storage/local_upload.h"

namespace summit::storage {

namespace {

constexpr size_t kReadBlock = 256 * KiB;

Error no_lock(const LocalStore& store) {
  return Error(Code::kUnsupported, "{} is a directory and cannot lock objects against deletion",
               store.describe())
      .hint("use an S3 bucket with object lock, or leave the lock out of the retention settings");
}

using MaybeInfo = std::optional<ObjectInfo>;

// Nothing when the object is not there.
Result<MaybeInfo> look_at(const LocalTree& tree, std::string_view key) {
  auto entry = tree.find(key);
  if (!entry.ok() && entry.error().code() == Code::kNotFound) return MaybeInfo();
  if (!entry.ok()) return Error(entry.error());
  struct stat status{};
  if (::fstatat(entry->directory.get(), entry->name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return MaybeInfo();
    return tree.error(errno, "look at", key);
  }
  if (S_ISLNK(status.st_mode)) return tree.error(ELOOP, "read", key);
  if (!S_ISREG(status.st_mode)) return MaybeInfo();
  return MaybeInfo(info_of(std::string(key), status));
}

Result<UniqueFd> open_object(const LocalTree& tree, std::string_view key, uint64_t& size) {
  ASSIGN_OR_RETURN(const LocalEntry entry, tree.find(key));
  // Not blocking: a pipe in an object's place must not hold us up.
  UniqueFd file(
      ::openat(entry.directory.get(), entry.name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file.valid()) return tree.error(errno, "open", key);
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return tree.error(errno, "look at", key);
  if (!S_ISREG(status.st_mode)) return tree.error(ENOENT, "open", key);
  size = static_cast<uint64_t>(status.st_size);
  return file;
}

}  // namespace

Result<std::unique_ptr<LocalStore>> LocalStore::open(const fs::path& root, IfMissing if_missing) {
  if (if_missing == IfMissing::kCreate) RETURN_IF_ERROR(make_directories(root));
  ASSIGN_OR_RETURN(LocalTree tree, LocalTree::open(root));
  return std::unique_ptr<LocalStore>(new LocalStore(std::make_shared<const LocalTree>(std::move(tree))));
}

std::string LocalStore::describe() const { return tree_->root().string(); }

Capabilities LocalStore::capabilities() const { return {.conditional_put = true, .object_lock = false}; }

Result<void> LocalStore::put(std::string_view key, ByteView content, const PutOptions& options,
                             const Cancellation& cancellation) {
  if (content.size() > kMaxWholeObject) {
    return Error(Code::kUsage, "{} of {} is too large to be stored in one piece", key,
                 human_bytes(content.size()));
  }
  ASSIGN_OR_RETURN(const auto object, upload(key, options, cancellation));
  RETURN_IF_ERROR(object->write(content));
  return object->finish();
}

Result<std::unique_ptr<ObjectUpload>> LocalStore::upload(std::string_view key, const PutOptions& options,
                                                         const Cancellation& cancellation) {
  RETURN_IF_ERROR(check_key(key));
  RETURN_IF_ERROR(cancellation.check());
  if (options.locked_until) return no_lock(*this);
  ASSIGN_OR_RETURN(std::unique_ptr<ObjectUpload> object,
                   LocalUpload::begin(tree_, key, options.condition, cancellation));
  return object;
}

Result<void> LocalStore::get(std::string_view key, ByteRange range,
                             const std::function<Result<void>(ByteView)>& consume,
                             const Cancellation& cancellation) {
  RETURN_IF_ERROR(check_key(key));
  uint64_t size = 0;
  ASSIGN_OR_RETURN(const UniqueFd file, open_object(*tree_, key, size));
  if (range.offset > size || (range.length && *range.length > size - range.offset)) {
    return Error(Code::kCorrupt, "{} has {} bytes, fewer than should be read", (tree_->root() / key).string(),
                 size);
  }
  ::posix_fadvise(file.get(), static_cast<off_t>(range.offset), 0, POSIX_FADV_SEQUENTIAL);

  const uint64_t end = range.length ? range.offset + *range.length : size;
  std::vector<std::byte> block(std::min<uint64_t>(kReadBlock, end - range.offset));
  for (uint64_t offset = range.offset; offset < end;) {
    RETURN_IF_ERROR(cancellation.check());
    const size_t wanted = std::min<uint64_t>(block.size(), end - offset);
    RETURN_IF_ERROR(read_exactly_at(file.get(), block.data(), wanted, offset, tree_->root() / key));
    RETURN_IF_ERROR(consume(ByteView(block).first(wanted)));
    offset += wanted;
  }
  return {};
}

Result<std::optional<ObjectInfo>> LocalStore::head(std::string_view key, const Cancellation& cancellation) {
  RETURN_IF_ERROR(check_key(key));
  RETURN_IF_ERROR(cancellation.check());
  return look_at(*tree_, key);
}

Result<void> LocalStore::list(std::string_view prefix, std::string_view after,
                              const std::function<Result<bool>(const ObjectInfo&)>& visit,
                              const Cancellation& cancellation) {
  RETURN_IF_ERROR(cancellation.check());
  return tree_->list(prefix, after, visit, cancellation);
}

Result<void> LocalStore::remove(std::string_view key, const Cancellation& cancellation) {
  RETURN_IF_ERROR(check_key(key));
  RETURN_IF_ERROR(cancellation.check());
  {
    const auto entry = tree_->find(key);
    if (!entry.ok() && entry.error().code() == Code::kNotFound) return {};
    if (!entry.ok()) return Error(entry.error());
    // A directory is no object, so there is none of this name.
    if (::unlinkat(entry->directory.get(), entry->name.c_str(), 0) != 0 && errno != ENOENT &&
        errno != EISDIR) {
      return tree_->error(errno, "remove", key);
    }
    RETURN_IF_ERROR(tree_->sync(entry->directory, key));
  }
  tree_->remove_empty_parents(key);
  return {};
}

Result<void> LocalStore::lock_until(std::string_view key, Instant, const Cancellation& cancellation) {
  RETURN_IF_ERROR(check_key(key));
  RETURN_IF_ERROR(cancellation.check());
  return no_lock(*this);
}

Result<size_t> LocalStore::remove_leftovers(std::chrono::seconds age, const Cancellation& cancellation) {
  return remove_dead_uploads(*tree_, age, cancellation);
}

}  // namespace summit::storage
