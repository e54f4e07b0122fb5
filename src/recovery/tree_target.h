// The trees of a backup's component on the target they go to: shared by the restores of files and of secrets.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/endpoint.h"
#include "recovery/component.h"
#include "stores/files/capture.h"
#include "stores/files/restore.h"
#include "stores/files/tree_record.h"

namespace summit::recovery {

struct TreeTarget {
  std::string name;
  config::FilesEndpoint endpoint;  // on the target
  files::TreeRecord record;        // in the backup
};

// The trees recorded for `component`, in the order of their names. kNotFound when the backup has no such
// component, kConfig when the target does not declare one of its trees.
Result<std::vector<TreeTarget>> tree_targets(const RestoreContext& context, const std::string& component,
                                             const std::vector<config::FilesEndpoint>& declared);

// Reads the target's files of one part as a backup of it would, without writing one.
Result<files::CaptureReport> read_target(const RestoreContext& context, const TreeTarget& target,
                                         files::Part part, Phase* progress);

Result<std::unique_ptr<files::TreeRestore>> begin_tree(const RestoreContext& context,
                                                       const TreeTarget& target, files::Part part,
                                                       Phase* progress,
                                                       files::ContentEditor* editor = nullptr);

// What a restore of `targets` would overwrite, as a plan's step.
Result<PlanStep> plan_trees(const RestoreContext& context, const std::vector<TreeTarget>& targets,
                            files::Part part);

// An error when a restore was cut off in one of the roots.
Result<void> check_finished(const std::vector<TreeTarget>& targets);

}  // namespace summit::recovery
