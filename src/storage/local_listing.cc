// Objects of a directory tree in the order of their keys.
//
// A directory gives its names in no order, so the smallest few thousand that are still to be visited are
// selected in one pass over it, as often as it takes: the memory used does not grow with the directory.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "storage/local_tree.h"

namespace summit::storage {

namespace {

constexpr size_t kNamesAtOnce = 8192;

struct CloseDirectory {
  void operator()(DIR* stream) const { ::closedir(stream); }
};

bool is_directory(int directory, const dirent& entry) {
  if (entry.d_type != DT_UNKNOWN) return entry.d_type == DT_DIR;
  struct stat status{};
  return ::fstatat(directory, entry.d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode);
}

// What one listing wants, and whether its visitor has had enough.
class Listing {
 public:
  Listing(const LocalTree& tree, std::string_view prefix, std::string_view after,
          const std::function<Result<bool>(const ObjectInfo&)>& visit, const Cancellation& cancellation)
      : tree_(tree), prefix_(prefix), after_(after), visit_(visit), cancellation_(cancellation) {}

  // `path` is empty or ends with `/`. False when the visitor has had enough.
  Result<bool> walk(const UniqueFd& directory, const std::string& path) {
    std::string seen;
    while (true) {
      ASSIGN_OR_RETURN(const auto names, next_names(directory, path, seen));
      for (const std::string& name : names) {
        RETURN_IF_ERROR(cancellation_.check());
        ASSIGN_OR_RETURN(const bool more, name.ends_with('/') ? descend(directory, path, name)
                                                              : visit_file(directory, path, name));
        if (!more) return false;
      }
      if (names.size() < kNamesAtOnce) return true;
      seen = names.back();
    }
  }

 private:
  // The smallest names after `seen` that matter, in order. A directory's name has its `/`, which is what its
  // objects' keys are ordered by: `a.b` comes before `a/b`.
  Result<std::vector<std::string>> next_names(const UniqueFd& directory, const std::string& path,
                                              const std::string& seen) const {
    UniqueFd fd(::openat(directory.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd.valid()) {
      if (errno == ENOENT) return std::vector<std::string>();
      return tree_.error(errno, "open", path);
    }
    const std::unique_ptr<DIR, CloseDirectory> stream(::fdopendir(fd.get()));
    if (!stream) return tree_.error(errno, "list", path);
    fd.release();

    std::vector<std::string> names;
    while (true) {
      errno = 0;
      const dirent* entry = ::readdir(stream.get());
      if (entry == nullptr && errno != 0) return tree_.error(errno, "list", path);
      if (entry == nullptr) break;
      if (!check_key(entry->d_name).ok()) continue;
      std::string name = entry->d_name;
      if (is_directory(directory.get(), *entry)) name += '/';
      if (name > seen && matters(path + name)) names.push_back(std::move(name));
      if (names.size() == 2 * kNamesAtOnce) keep_smallest(names);
    }
    keep_smallest(names);
    std::ranges::sort(names);
    return names;
  }

  static void keep_smallest(std::vector<std::string>& names) {
    if (names.size() <= kNamesAtOnce) return;
    std::ranges::nth_element(names, names.begin() + kNamesAtOnce);
    names.resize(kNamesAtOnce);
  }

  // False when neither this key nor, of a directory, any below it is wanted.
  bool matters(std::string_view key) const {
    if (!key.ends_with('/')) return key.starts_with(prefix_) && key > after_;
    const size_t common = std::min(key.size(), prefix_.size());
    if (key.substr(0, common) != prefix_.substr(0, common)) return false;
    return key.substr(0, after_.size()) >= after_.substr(0, std::min(key.size(), after_.size()));
  }

  Result<bool> descend(const UniqueFd& directory, const std::string& path, const std::string& name) {
    const std::string plain = name.substr(0, name.size() - 1);
    const UniqueFd next(
        ::openat(directory.get(), plain.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!next.valid() && errno == ENOENT) return true;
    if (!next.valid()) return tree_.error(errno, "open", path + plain);
    return walk(next, path + name);
  }

  Result<bool> visit_file(const UniqueFd& directory, const std::string& path, const std::string& name) {
    struct stat status{};
    if (::fstatat(directory.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
      // Removed since the directory was read.
      if (errno == ENOENT) return true;
      return tree_.error(errno, "look at", path + name);
    }
    if (!S_ISREG(status.st_mode)) return true;
    return visit_(info_of(path + name, status));
  }

  const LocalTree& tree_;
  std::string_view prefix_;
  std::string_view after_;
  const std::function<Result<bool>(const ObjectInfo&)>& visit_;
  const Cancellation& cancellation_;
};

}  // namespace

ObjectInfo info_of(std::string key, const struct stat& status) {
  using std::chrono::microseconds;
  const Instant modified{std::chrono::seconds(status.st_mtim.tv_sec) +
                         microseconds(status.st_mtim.tv_nsec / 1000)};
  return {std::move(key), static_cast<uint64_t>(status.st_size), modified};
}

Result<void> LocalTree::list(std::string_view prefix, std::string_view after,
                             const std::function<Result<bool>(const ObjectInfo&)>& visit,
                             const Cancellation& cancellation) const {
  if (!may_begin_key(prefix)) return {};
  // Straight to the deepest directory that holds all of the wanted keys.
  const size_t slash = prefix.rfind('/');
  const std::string_view above = slash == std::string_view::npos ? "" : prefix.substr(0, slash);
  const auto directory = open_directory(above, false);
  if (!directory.ok()) {
    if (directory.error().code() == Code::kNotFound) return {};
    return Error(directory.error());
  }
  Listing listing(*this, prefix, after, visit, cancellation);
  ASSIGN_OR_RETURN([[maybe_unused]] const bool more,
                   listing.walk(*directory, std::string(prefix.substr(0, above.empty() ? 0 : slash + 1))));
  return {};
}

}  // namespace summit::storage
