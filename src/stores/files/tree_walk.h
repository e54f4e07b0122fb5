// Walks a tree of files without ever leaving it.
#pragma once

#include <sys/stat.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/cancellation.h"
#include "core/files.h"
#include "core/result.h"
#include "stores/files/selection.h"

namespace summit::files {

// Everything is reached from an open directory by a name without slashes, links not followed: nothing that
// happens to the tree meanwhile leads outside it.
struct WalkEntry {
  std::string path;    // relative to the root
  std::string name;    // its last part
  int directory = -1;  // open, holds `name`; valid during the visit
  struct stat status{};
};

class TreeVisitor {
 public:
  virtual ~TreeVisitor() = default;
  // Directories come before what they hold, names in byte order. `taken` is false for a directory that is
  // only passed through on the way to files that the selection takes.
  virtual Result<void> visit(const WalkEntry& entry, bool taken) = 0;
  // A directory or name that could not be read; the walk goes on beside it.
  virtual void unreadable(const std::string& path, const Error& error) = 0;
};

// kNotFound when the root is not there or no directory. The root may itself be a link: it was declared.
Result<void> walk_tree(const fs::path& root, const Selection& selection, TreeVisitor& visitor,
                       const Cancellation& cancellation);

// Names in an open directory, sorted, without `.` and `..`.
Result<std::vector<std::string>> names_in(int directory, const std::string& path);

// Opens a root directory, following links.
Result<UniqueFd> open_root(const fs::path& root);
// Opens `name` in `directory` as a directory; kNotFound when it is not there, kRefused when it is a link or a
// file.
Result<UniqueFd> open_child_directory(int directory, const std::string& name, const std::string& path);

}  // namespace summit::files
