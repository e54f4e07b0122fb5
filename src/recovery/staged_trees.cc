#include "recovery/staged_trees.h"

#include <utility>

namespace summit::recovery {

void StagedTrees::add(const TreeTarget& target, std::unique_ptr<FilesMask> mask,
                      std::unique_ptr<files::TreeRestore> tree) {
  trees_.push_back({target, std::move(mask), std::move(tree)});
}

Result<void> StagedTrees::search(const LeakScan& scan) const {
  for (const auto& [target, mask, tree] : trees_) {
    // All of it, whatever the target's patterns say.
    config::FilesEndpoint ready;
    ready.name = target.name;
    ready.root = tree->staged();
    RETURN_IF_ERROR(search_files(ready, scan), "in {}", target.name);
    const auto stays = [&restore = *tree](const files::WalkEntry& entry) { return restore.leaves(entry); };
    RETURN_IF_ERROR(search_files(target.endpoint, scan, stays), "in {}", target.name);
  }
  return {};
}

Result<std::vector<std::pair<std::string, files::RestoreReport>>> StagedTrees::put_in_place() {
  std::vector<std::pair<std::string, files::RestoreReport>> reports;
  for (auto& staged : trees_) {
    ASSIGN_OR_RETURN(auto report, staged.tree->finish(), "in tree {}", staged.target.name);
    reports.emplace_back(staged.target.name, std::move(report));
  }
  trees_.clear();
  return reports;
}

LockedStore StagedTrees::discard(const std::string& component) {
  trees_.clear();
  return {.kind = std::string(kNothingCame), .endpoint = component};
}

}  // namespace summit::recovery
