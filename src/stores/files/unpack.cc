#include "stores/files/unpack.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "stores/files/restore.h"
#include "stores/files/tree_walk.h"

namespace summit::files {

Error cannot(std::string_view what, const std::string& path) {
  return errno_error(errno, fmt::format("cannot {} {}", what, path));
}

namespace {

std::array<timespec, 2> times_of(const ArchiveEntry& entry) { return {entry.modified, entry.modified}; }

// False when it may not be set by this user.
Result<bool> set_owner(int fd, const ArchiveEntry& entry, const std::string& path) {
  const Owner owner = owner_of(entry);
  struct stat status{};
  if (::fstat(fd, &status) != 0) return cannot("look at", path);
  if (status.st_uid == owner.user && status.st_gid == owner.group) return true;
  if (::fchown(fd, owner.user, owner.group) == 0) return true;
  if (errno == EPERM || errno == EINVAL) return false;  // EINVAL: a number outside this user namespace
  return cannot("set the owner of", path);
}

Result<void> write_at(int fd, uint64_t offset, ByteView bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return cannot("write", path);
    offset += static_cast<uint64_t>(written);
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
  return {};
}

}  // namespace

Owner owner_of(const ArchiveEntry& entry) {
  Owner owner{static_cast<uid_t>(entry.uid), static_cast<gid_t>(entry.gid)};
  std::array<char, 16384> buffer{};
  passwd user{};
  passwd* found_user = nullptr;
  if (!entry.user.empty() &&
      ::getpwnam_r(entry.user.c_str(), &user, buffer.data(), buffer.size(), &found_user) == 0 &&
      found_user != nullptr)
    owner.user = user.pw_uid;
  ::group group{};
  ::group* found_group = nullptr;
  if (!entry.group.empty() &&
      ::getgrnam_r(entry.group.c_str(), &group, buffer.data(), buffer.size(), &found_group) == 0 &&
      found_group != nullptr)
    owner.group = group.gr_gid;
  return owner;
}

Result<bool> finish_directory(int directory, const ArchiveEntry& entry) {
  ASSIGN_OR_RETURN(const bool owned, set_owner(directory, entry, entry.path));
  if (::fchmod(directory, entry.mode) != 0) return cannot("set the mode of", entry.path);
  if (::futimens(directory, times_of(entry).data()) != 0) return cannot("set the times of", entry.path);
  return owned;
}

std::vector<std::string> Unpacker::notes() const {
  std::vector<std::string> notes;
  if (owners_kept_ > 0)
    notes.push_back(
        fmt::format("the owners of {} files were not restored: only root may set them", owners_kept_));
  if (attributes_lost_ > 0)
    notes.push_back(fmt::format("{} extended attributes were not restored, the first of them {}",
                                attributes_lost_, first_lost_));
  return notes;
}

Result<int> Unpacker::parent_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string wanted = slash == std::string::npos ? "" : path.substr(0, slash);
  if (wanted.empty()) return root_;
  if (parent_.valid() && wanted == parent_path_) return parent_.get();

  UniqueFd current;
  int directory = root_;
  for (size_t at = 0; at < wanted.size();) {
    const size_t end = std::min(wanted.find('/', at), wanted.size());
    const std::string name = wanted.substr(at, end - at);
    if (::mkdirat(directory, name.c_str(), 0700) != 0 && errno != EEXIST) return cannot("create", wanted);
    auto child = open_child_directory(directory, name, wanted.substr(0, end));
    if (!child.ok() && child.error().code() == Code::kRefused)
      return Error(Code::kCorrupt, "the archive holds {} below {}, which is no directory", path,
                   wanted.substr(0, end));
    if (!child.ok()) return std::move(child).error();
    current = *std::move(child);
    directory = current.get();
    at = end + 1;
  }
  parent_ = std::move(current);
  parent_path_ = wanted;
  return parent_.get();
}

Result<void> Unpacker::unpack(const std::string& path, const ArchiveEntry& entry, ArchiveReader& reader,
                              const Content& content) {
  if (!is_inner_path(path))
    return Error(Code::kCorrupt, "the archive holds `{}`, which would leave its root", path);
  ASSIGN_OR_RETURN(const int parent, parent_of(path));
  const std::string name = path.substr(path.rfind('/') + 1);
  switch (entry.type) {
    case ArchiveEntry::Type::kDirectory:
      if (::mkdirat(parent, name.c_str(), 0700) != 0 && errno != EEXIST) return cannot("create", path);
      return {};
    case ArchiveEntry::Type::kLink: {
      if (::symlinkat(entry.target.c_str(), parent, name.c_str()) != 0)
        return cannot("create the link", path);
      const Owner owner = owner_of(entry);
      if (::fchownat(parent, name.c_str(), owner.user, owner.group, AT_SYMLINK_NOFOLLOW) != 0) ++owners_kept_;
      if (::utimensat(parent, name.c_str(), times_of(entry).data(), AT_SYMLINK_NOFOLLOW) != 0)
        return cannot("set the times of", path);
      return {};
    }
    case ArchiveEntry::Type::kHardLink:
      return unpack_hard_link(parent, name, path, entry);
    case ArchiveEntry::Type::kFile:
      return unpack_file(parent, name, path, entry, reader, content);
  }
  return {};
}

Result<void> Unpacker::unpack_hard_link(int parent, const std::string& name, const std::string& path,
                                        const ArchiveEntry& entry) {
  if (!is_inner_path(entry.target))
    return Error(Code::kCorrupt, "the archive links {} to `{}`, which would leave its root", path,
                 entry.target);
  // Both ends lie in what was unpacked; their parents are opened without following links.
  const UniqueFd own_parent(::fcntl(parent, F_DUPFD_CLOEXEC, 0));
  if (!own_parent.valid()) return cannot("open the directory of", path);
  ASSIGN_OR_RETURN(const int target_parent, parent_of(entry.target));
  const std::string target_name = entry.target.substr(entry.target.rfind('/') + 1);
  if (::linkat(target_parent, target_name.c_str(), own_parent.get(), name.c_str(), 0) == 0) return {};
  if (errno == ENOENT)
    return Error(Code::kCorrupt, "the archive links {} to {}, which it does not hold", path, entry.target);
  return cannot("create the hard link", path);
}

Result<void> Unpacker::unpack_file(int parent, const std::string& name, const std::string& path,
                                   const ArchiveEntry& entry, ArchiveReader& reader, const Content& content) {
  const UniqueFd fd(
      ::openat(parent, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd.valid() && errno == EEXIST) return Error(Code::kCorrupt, "the archive holds {} twice", path);
  if (!fd.valid()) return cannot("create", path);
  uint64_t size = entry.size;
  if (content.replacement != nullptr) {
    size = content.replacement->size();
    RETURN_IF_ERROR(write_at(fd.get(), 0, as_bytes(*content.replacement), path));
  } else {
    RETURN_IF_ERROR(reader.read(
        [&](uint64_t offset, ByteView block) { return write_at(fd.get(), offset, block, path); }));
  }
  // A hole at the end has no block that would make the file long enough.
  if (::ftruncate(fd.get(), static_cast<off_t>(size)) != 0) return cannot("set the size of", path);

  // The owner first: changing it clears the set-user-id bits and capabilities that follow.
  ASSIGN_OR_RETURN(const bool owned, set_owner(fd.get(), entry, path));
  if (!owned) ++owners_kept_;
  if (::fchmod(fd.get(), entry.mode) != 0) return cannot("set the mode of", path);
  for (const auto& [attribute, value] : entry.attributes) {
    if (::fsetxattr(fd.get(), attribute.c_str(), value.data(), value.size(), 0) == 0) continue;
    if (errno == ENOSPC || errno == EDQUOT) return cannot("set an attribute of", path);
    if (attributes_lost_++ == 0) first_lost_ = fmt::format("{} of {}", attribute, path);
  }
  if (::futimens(fd.get(), times_of(entry).data()) != 0) return cannot("set the times of", path);
  // Begins writing it back, so that the flush at the end finds little to do.
  ::sync_file_range(fd.get(), 0, 0, SYNC_FILE_RANGE_WRITE);
  return {};
}

}  // namespace summit::files
