// Trees whose masked files lie ready aside until they are certified: nobody but this user sees them before.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "recovery/component.h"
#include "recovery/files_mask.h"
#include "recovery/tree_target.h"
#include "stores/files/restore.h"

namespace summit::recovery {

// One thread at a time. Destroyed before put_in_place() it leaves every tree as it was; killed, it leaves
// directories that the next restore into these trees removes.
class StagedTrees {
 public:
  // `tree` is unpacked, and edited by `mask`.
  void add(const TreeTarget& target, std::unique_ptr<FilesMask> mask,
           std::unique_ptr<files::TreeRestore> tree);

  // Looks for replaced values in what lies ready, and in those files of the trees that stay beside it.
  Result<void> search(const LeakScan& scan) const;
  // Moves everything to its place; gives what each tree reports, by its name.
  Result<std::vector<std::pair<std::string, files::RestoreReport>>> put_in_place();
  // Nothing of it comes.
  LockedStore discard(const std::string& component);

 private:
  struct Staged {
    TreeTarget target;
    std::unique_ptr<FilesMask> mask;  // outlives the tree
    std::unique_ptr<files::TreeRestore> tree;
  };
  std::vector<Staged> trees_;
};

}  // namespace summit::recovery
