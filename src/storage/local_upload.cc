#include "storage/local_upload.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "storage/random_name.h"

namespace summit::storage {

namespace {

std::string path_in_uploads(std::string_view name) { return fmt::format("{}/{}", kUploadsDirectory, name); }

}  // namespace

LocalUpload::LocalUpload(std::shared_ptr<const LocalTree> tree, std::string_view key, Condition condition,
                         const Cancellation& cancellation)
    : tree_(std::move(tree)), key_(key), condition_(condition), cancellation_(cancellation) {}

LocalUpload::~LocalUpload() {
  if (!pending_.name.empty()) ::unlinkat(pending_.directory.get(), pending_.name.c_str(), 0);
}

Result<std::unique_ptr<LocalUpload>> LocalUpload::begin(std::shared_ptr<const LocalTree> tree,
                                                        std::string_view key, Condition condition,
                                                        const Cancellation& cancellation) {
  std::unique_ptr<LocalUpload> upload(new LocalUpload(std::move(tree), key, condition, cancellation));
  for (int attempt = 1; !upload->writer_.writing(); ++attempt) {
    if (attempt > kDirectoryAttempts) {
      return Error(Code::kBusy, "cannot keep a file in {} that somebody removes again and again",
                   (upload->tree_->root() / kUploadsDirectory).string());
    }
    RETURN_IF_ERROR(upload->create_file());
  }
  return upload;
}

Result<void> LocalUpload::create_file() {
  const std::string name = random_name();
  ASSIGN_OR_RETURN(LocalEntry entry, tree_->find_or_create(path_in_uploads(name)));
  UniqueFd file(::openat(entry.directory.get(), name.c_str(),
                         O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640));
  if (!file.valid()) return tree_->error(errno, "create", key_);
  // Before the lock was ours, remove_leftovers() could take the file for a dead writer's. Some network file
  // systems know no locks; there its age alone protects the file.
  struct stat status{};
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) return {};
  if (::fstat(file.get(), &status) != 0) return tree_->error(errno, "look at", key_);
  if (status.st_nlink == 0) return {};
  pending_ = std::move(entry);
  writer_.begin(std::move(file), tree_->root() / key_);
  return {};
}

Result<void> LocalUpload::write(ByteView bytes) {
  RETURN_IF_ERROR(cancellation_.check());
  if (auto written = writer_.write(bytes); !written.ok())
    return tree_->with_space_hint(std::move(written).error());
  return {};
}

Result<void> LocalUpload::finish() {
  RETURN_IF_ERROR(cancellation_.check());
  if (!writer_.writing()) return Error(Code::kUsage, "the upload of {} was finished before", key_);
  auto file = writer_.finish();
  if (!file.ok()) return tree_->with_space_hint(std::move(file).error());
  if (::fsync(file->get()) != 0) return tree_->error(errno, "make durable", key_);
  return publish(file->get());
}

Result<void> LocalUpload::publish(int file) {
  for (int attempt = 1;; ++attempt) {
    ASSIGN_OR_RETURN(const LocalEntry target, tree_->find_or_create(key_));
    const int number = give_name(file, target);
    if (number == ENOENT && attempt < kDirectoryAttempts) continue;
    if (number == EOPNOTSUPP) {
      return Error(Code::kUnsupported, "the file system of {} cannot create a file only where none is",
                   tree_->root().string())
          .hint("use a local file system, NFS 4, or S3");
    }
    if (number != 0 && number != EEXIST) return tree_->error(number, "store", key_);
    // Also of an object that was there: who hears of it may build on it.
    RETURN_IF_ERROR(tree_->sync(target.directory, key_));
    if (number == EEXIST) {
      return Error(Code::kAlreadyExists, "{} exists already", (tree_->root() / key_).string());
    }
    return {};
  }
}

int LocalUpload::give_name(int file, const LocalEntry& target) {
  const int from = pending_.directory.get();
  const int to = target.directory.get();
  const char* old_name = pending_.name.c_str();
  const char* new_name = target.name.c_str();

  const unsigned flags = condition_ == Condition::kAbsent ? RENAME_NOREPLACE : 0;
  int number = ::renameat2(from, old_name, to, new_name, flags) == 0 ? 0 : errno;
  if (flags != 0 && (number == EINVAL || number == ENOSYS)) {
    // Network file systems rename without conditions, but a link is never made over another.
    number = ::linkat(from, old_name, to, new_name, 0) == 0 ? 0 : errno;
    struct stat status{};
    // The answer to a request that their protocol repeats may be to the repetition.
    if (number == EEXIST && ::fstat(file, &status) == 0 && status.st_nlink == 2) number = 0;
    if (number == 0) ::unlinkat(from, old_name, 0);
    if (number == EPERM) number = EOPNOTSUPP;
  }
  if (number == 0) pending_.name.clear();
  return number;
}

namespace {

struct CloseDirectory {
  void operator()(DIR* stream) const { ::closedir(stream); }
};

bool is_dead(int directory, const char* name, std::chrono::seconds age) {
  struct stat status{};
  if (::fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(status.st_mode)) return false;
  if (now() - info_of({}, status).modified < age) return false;
  const UniqueFd file(::openat(directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  return file.valid() && (::flock(file.get(), LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK);
}

}  // namespace

Result<size_t> remove_dead_uploads(const LocalTree& tree, std::chrono::seconds age,
                                   const Cancellation& cancellation) {
  auto uploads = tree.find(path_in_uploads("any"));
  if (!uploads.ok() && uploads.error().code() == Code::kNotFound) return 0;
  if (!uploads.ok()) return Error(uploads.error());
  const int directory = uploads->directory.get();
  UniqueFd copy(::fcntl(directory, F_DUPFD_CLOEXEC, 0));
  const std::unique_ptr<DIR, CloseDirectory> stream(::fdopendir(copy.get()));
  if (!stream) return tree.error(errno, "list", kUploadsDirectory);
  copy.release();

  size_t removed = 0;
  while (const dirent* entry = ::readdir(stream.get())) {
    RETURN_IF_ERROR(cancellation.check());
    if (!is_dead(directory, entry->d_name, age)) continue;
    if (::unlinkat(directory, entry->d_name, 0) != 0 && errno != ENOENT) {
      return tree.error(errno, "remove", path_in_uploads(entry->d_name));
    }
    ++removed;
  }
  return removed;
}

}  // namespace summit::storage
