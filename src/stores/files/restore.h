// Puts a captured tree back, entry by entry, never outside its root.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/cancellation.h"
#include "core/files.h"
#include "core/progress.h"
#include "core/result.h"
#include "stores/files/archive.h"
#include "stores/files/content_editor.h"
#include "stores/files/selection.h"
#include "stores/files/tree_walk.h"

namespace summit::files {

struct RestoreOptions {
  fs::path root;          // created when it is not there
  TreePatterns recorded;  // what the tree was when it was captured
  TreePatterns present;   // what the target says that it is; both must take a file to remove it
  Part part = Part::kOpen;
  const Secret* key = nullptr;
  std::set<std::string> sealed_paths{};  // secret by content when the backup was made
  Phase* progress = nullptr;             // until finish()
  Cancellation cancellation{};
  ContentEditor* editor = nullptr;  // null: files come back as they were
};

struct RestoreReport {
  uint64_t files = 0;
  uint64_t dropped = 0;  // by the editor
  uint64_t removed = 0;
  std::vector<std::string> notes;
};

// 1. unpack() each entry into a directory of its own at the root's top, made durable by finish()
// 2. finish() moves every file over its old self by a rename, sets the directories' modes and times, and
// removes what the
//    backup does not hold
//
// Between the two nobody but this user sees what was unpacked (mode 0700), as long as it may take.
// Destroyed before finish() it leaves the tree as it was, and no root that was not there. Killed within
// finish(), the staging directory remains: that is what unfinished_restore() looks for, and what the next
// begin() removes. One thread at a time.
class TreeRestore {
 public:
  // Several at once may work in one root, for different trees or parts.
  static Result<std::unique_ptr<TreeRestore>> begin(RestoreOptions options);
  ~TreeRestore();

  // `path` is the entry's, without any archive prefix, as is the target of a hard link in `entry`. Reads the
  // content from `reader`. kCorrupt for a path that would leave the root.
  Result<void> unpack(const std::string& path, const ArchiveEntry& entry, ArchiveReader& reader);
  Result<RestoreReport> finish();

  // Before finish(): where what was unpacked lies, as it will below the root.
  const fs::path& staged() const;
  // Before finish(): whether a file of the target belongs to this part of the tree, and finish() will neither
  // replace nor remove it.
  Result<bool> leaves(const WalkEntry& entry) const;

 private:
  struct State;
  explicit TreeRestore(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Whether a killed restore left its staging directory in `root`; one that is at work does not count.
bool unfinished_restore(const fs::path& root);

// A relative path without empty, `.` or `..` parts that does not begin with a staging directory.
bool is_inner_path(std::string_view path);

}  // namespace summit::files
