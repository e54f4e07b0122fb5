#include "repository/packed/tree_restore.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "core/direct_writer.h"
#include "core/files.h"

namespace summit::repository::packed {
namespace {

std::array<timespec, 2> times_of(const TreeEntry& entry) {
  timespec time{};
  time.tv_sec = entry.modified / 1'000'000'000;
  time.tv_nsec = entry.modified % 1'000'000'000;
  if (time.tv_nsec < 0) {
    time.tv_nsec += 1'000'000'000;
    --time.tv_sec;
  }
  return {time, time};
}

class TreeRestore {
 public:
  TreeRestore(const std::filesystem::path& root, const TreeRestoreOptions& options,
              std::unique_ptr<ListingReader> listing)
      : root_(root), options_(options), listing_(std::move(listing)) {}

  Result<void> begin() {
    RETURN_IF_ERROR(make_directories(root_));
    root_fd_.reset(::open(root_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!root_fd_.valid()) return errno_error(errno, "cannot open " + root_.string());
    return next_file();
  }

  // The bytes of all files, one after the other.
  Result<void> consume(ByteView bytes) {
    while (!bytes.empty()) {
      if (!file_.writing()) return Error(Code::kCorrupt, "the tree has more bytes than its files");
      const size_t part = std::min<uint64_t>(bytes.size(), current_.size - file_.size());
      RETURN_IF_ERROR(file_.write(bytes.first(part)));
      bytes = bytes.subspan(part);
      if (file_.size() == current_.size) RETURN_IF_ERROR(next_file());
    }
    return {};
  }

  Result<void> finish() {
    if (file_.writing()) return Error(Code::kCorrupt, "the tree has fewer bytes than its files");
    // What is in a directory changes its time: from the inside to the outside.
    for (auto entry = directories_.rbegin(); entry != directories_.rend(); ++entry)
      RETURN_IF_ERROR(end_directory(*entry));
    if (::syncfs(root_fd_.get()) != 0)
      return errno_error(errno, "cannot make " + root_.string() + " durable");
    return {};
  }

 private:
  std::string shown(const TreeEntry& entry) const { return (root_ / entry.path).string(); }

  // A descriptor of the directory that holds the entry, reached without following a link.
  Result<UniqueFd> parent_of(const TreeEntry& entry) const {
    UniqueFd directory(::openat(root_fd_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    std::string_view rest = entry.path;
    for (size_t slash = rest.find('/'); directory.valid() && slash != std::string_view::npos;
         slash = rest.find('/')) {
      const std::string part(rest.substr(0, slash));
      directory.reset(
          ::openat(directory.get(), part.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      rest.remove_prefix(slash + 1);
    }
    if (!directory.valid()) return errno_error(errno, "cannot open the directory of " + shown(entry));
    return directory;
  }
  static std::string name_of(const TreeEntry& entry) { return entry.path.substr(entry.path.rfind('/') + 1); }

  // Makes directories, links and empty files, up to the next file with bytes, which is then open.
  Result<void> next_file() {
    if (file_.writing()) RETURN_IF_ERROR(end_file());
    while (true) {
      ASSIGN_OR_RETURN(auto entry, listing_->next());
      if (!entry) return {};
      ASSIGN_OR_RETURN(const UniqueFd parent, parent_of(*entry));
      if (entry->type == TreeEntry::Type::kFile) {
        RETURN_IF_ERROR(begin_file(*entry, parent.get()));
        if (current_.size != 0) return {};
        RETURN_IF_ERROR(end_file());
      } else if (entry->type == TreeEntry::Type::kDirectory) {
        // Writable for us until everything is in it.
        if (::mkdirat(parent.get(), name_of(*entry).c_str(), 0700) != 0)
          return errno_error(errno, "cannot make " + shown(*entry));
        directories_.push_back(std::move(*entry));
      } else {
        RETURN_IF_ERROR(make_link(*entry, parent.get()));
      }
    }
  }

  Result<void> make_link(const TreeEntry& entry, int parent) const {
    const std::string name = name_of(entry);
    const bool owned = !options_.owners || ::geteuid() != 0;
    if (::symlinkat(entry.target.c_str(), parent, name.c_str()) != 0 ||
        (!owned && ::fchownat(parent, name.c_str(), entry.user, entry.group, AT_SYMLINK_NOFOLLOW) != 0))
      return errno_error(errno, "cannot make the link " + shown(entry));
    return {};
  }

  Result<void> begin_file(const TreeEntry& entry, int parent) {
    UniqueFd file(
        ::openat(parent, name_of(entry).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file.valid()) return errno_error(errno, "cannot make " + shown(entry));
    file_.begin(std::move(file), shown(entry));
    current_ = entry;
    return {};
  }

  Result<void> end_file() {
    const auto times = times_of(current_);
    ASSIGN_OR_RETURN(const UniqueFd file, file_.finish());
    if ((options_.owners && ::fchown(file.get(), current_.user, current_.group) != 0) ||
        ::fchmod(file.get(), current_.mode) != 0 || ::futimens(file.get(), times.data()) != 0)
      return errno_error(errno, "cannot finish " + shown(current_));
    return {};
  }

  Result<void> end_directory(const TreeEntry& entry) const {
    ASSIGN_OR_RETURN(const UniqueFd parent, parent_of(entry));
    const UniqueFd directory(
        ::openat(parent.get(), name_of(entry).c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    const auto times = times_of(entry);
    if (!directory.valid() || (options_.owners && ::fchown(directory.get(), entry.user, entry.group) != 0) ||
        ::fchmod(directory.get(), entry.mode) != 0 || ::futimens(directory.get(), times.data()) != 0)
      return errno_error(errno, "cannot finish " + shown(entry));
    return {};
  }

  const std::filesystem::path root_;
  const TreeRestoreOptions options_;
  std::unique_ptr<ListingReader> listing_;
  UniqueFd root_fd_;
  DirectWriter file_{Zeros::kLeaveOut};
  TreeEntry current_;
  std::vector<TreeEntry> directories_;
};

}  // namespace

Result<void> restore_tree(ChunkReader& reader, const StoredTree& tree, const std::filesystem::path& root,
                          const TreeRestoreOptions& options, const Cancellation& cancellation) {
  TreeRestore restore(root, options, std::make_unique<ListingReader>(reader, tree.listing, cancellation));
  RETURN_IF_ERROR(restore.begin());
  RETURN_IF_ERROR(
      reader.read(tree.files.blocks, [&](ByteView bytes) { return restore.consume(bytes); }, cancellation));
  return restore.finish();
}

}  // namespace summit::repository::packed
