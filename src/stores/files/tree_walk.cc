#include "stores/files/tree_walk.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

namespace summit::files {
namespace {

// Each level holds a descriptor; far more than any real tree has, and far fewer than a process may open.
constexpr size_t kDeepest = 200;

class Walk {
 public:
  Walk(const Selection& selection, TreeVisitor& visitor, const Cancellation& cancellation)
      : selection_(selection), visitor_(visitor), cancellation_(cancellation) {}

  Result<void> descend(int directory, const std::string& path, size_t depth) {
    RETURN_IF_ERROR(cancellation_.check());
    auto names = names_in(directory, path);
    if (!names.ok()) {
      visitor_.unreadable(path, names.error());
      return {};
    }
    for (auto& name : *names) {
      WalkEntry entry;
      entry.path = path.empty() ? name : path + "/" + name;
      entry.name = std::move(name);
      entry.directory = directory;
      RETURN_IF_ERROR(look_at(entry, depth));
    }
    return {};
  }

 private:
  Result<void> look_at(WalkEntry& entry, size_t depth) {
    const bool taken = selection_.takes(entry.path);
    const bool may_hold = selection_.may_hold(entry.path);
    if (!taken && !may_hold) return {};
    if (::fstatat(entry.directory, entry.name.c_str(), &entry.status, AT_SYMLINK_NOFOLLOW) != 0) {
      visitor_.unreadable(entry.path, errno_error(errno, fmt::format("cannot look at {}", entry.path)));
      return {};
    }
    if (!S_ISDIR(entry.status.st_mode)) return taken ? visitor_.visit(entry, true) : Result<void>();

    RETURN_IF_ERROR(visitor_.visit(entry, taken));
    if (!may_hold) return {};
    if (depth == kDeepest)
      return Error(Code::kUnsupported, "{} lies more than {} directories deep", entry.path, kDeepest)
          .hint("exclude it from the tree in config/environments.yaml");
    auto child = open_child_directory(entry.directory, entry.name, entry.path);
    if (!child.ok()) {
      visitor_.unreadable(entry.path, child.error());
      return {};
    }
    return descend(child->get(), entry.path, depth + 1);
  }

  const Selection& selection_;
  TreeVisitor& visitor_;
  const Cancellation& cancellation_;
};

}  // namespace

Result<UniqueFd> open_root(const fs::path& root) {
  UniqueFd fd(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return errno_error(errno, fmt::format("cannot open the directory {}", root.string()));
  return fd;
}

Result<UniqueFd> open_child_directory(int directory, const std::string& name, const std::string& path) {
  UniqueFd fd(::openat(directory, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (fd.valid()) return fd;
  if (errno == ELOOP || errno == ENOTDIR) return Error(Code::kRefused, "{} is no directory", path);
  return errno_error(errno, fmt::format("cannot open the directory {}", path));
}

Result<std::vector<std::string>> names_in(int directory, const std::string& path) {
  // A descriptor of its own: fdopendir takes it over, and its position must not be shared.
  const int own = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (own < 0) return errno_error(errno, fmt::format("cannot open the directory {}", path));
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(own), ::closedir);
  if (!stream) {
    const int number = errno;
    ::close(own);
    return errno_error(number, fmt::format("cannot list {}", path));
  }
  std::vector<std::string> names;
  while (true) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr) break;
    std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(std::move(name));
  }
  if (errno != 0) return errno_error(errno, fmt::format("cannot list {}", path));
  std::ranges::sort(names);
  return names;
}

Result<void> walk_tree(const fs::path& root, const Selection& selection, TreeVisitor& visitor,
                       const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(const UniqueFd fd, open_root(root));
  return Walk(selection, visitor, cancellation).descend(fd.get(), "", 0);
}

}  // namespace summit::files
