#include "recovery/tree_target.h"

#include <algorithm>

#include "stores/files/file_reader.h"

namespace summit::recovery {
namespace {

// For predictions: what a slow disk does.
constexpr double kTreeBytesPerSecond = 150.0 * MiB;
constexpr double kFilesPerSecond = 4000;

const Secret* key_of(const RestoreContext& context) {
  return context.sealing_key ? &context.sealing_key->passphrase : nullptr;
}

}  // namespace

Result<std::vector<TreeTarget>> tree_targets(const RestoreContext& context, const std::string& component,
                                             const std::vector<config::FilesEndpoint>& declared) {
  const auto& metadata = context.backup.metadata();
  const auto* record = metadata.find(component);
  if (record == nullptr)
    return Error(Code::kNotFound, "backup {} has no component {}", metadata.id, component)
        .hint(fmt::format("summit-dr info {}", metadata.id));
  std::vector<TreeTarget> targets;
  for (const auto& [key, value] : record->details) {
    if (!key.starts_with(files::kTreeDetailPrefix)) continue;
    const std::string name = key.substr(files::kTreeDetailPrefix.size());
    ASSIGN_OR_RETURN(auto tree, files::tree_record_from_json(value), "{} of backup {}", key, metadata.id);
    const auto found = std::ranges::find(declared, name, &config::FilesEndpoint::name);
    if (found == declared.end())
      return Error(Code::kConfig, "environment {} declares no tree of files `{}`, which the backup holds",
                   context.environment.name, name)
          .hint("declare it under files in config/environments.yaml");
    targets.push_back({name, *found, std::move(tree)});
  }
  return targets;
}

Result<files::CaptureReport> read_target(const RestoreContext& context, const TreeTarget& target,
                                         files::Part part, Phase* progress) {
  files::CaptureOptions options;
  options.root = target.endpoint.root;
  options.patterns = target.record.patterns;
  options.part = part;
  options.key = key_of(context);
  options.sealed_paths = target.record.sealed_paths;
  options.check_chain =
      part == files::Part::kOpen && target.name == "audit_chain" && target.record.patterns.only.empty();
  options.progress = progress;
  options.cancellation = context.cancellation;
  return files::capture_tree(options, nullptr);
}

Result<std::unique_ptr<files::TreeRestore>> begin_tree(const RestoreContext& context,
                                                       const TreeTarget& target, files::Part part,
                                                       Phase* progress, files::ContentEditor* editor) {
  files::RestoreOptions options;
  options.editor = editor;
  options.root = target.endpoint.root;
  options.recorded = target.record.patterns;
  options.present = files::TreePatterns::of(target.endpoint);
  options.part = part;
  options.key = key_of(context);
  options.sealed_paths = target.record.sealed_paths;
  options.progress = progress;
  options.cancellation = context.cancellation;
  return files::TreeRestore::begin(std::move(options));
}

Result<PlanStep> plan_trees(const RestoreContext& context, const std::vector<TreeTarget>& targets,
                            files::Part part) {
  PlanStep step;
  std::vector<std::string> roots;
  uint64_t files = 0;
  uint64_t present_files = 0;
  uint64_t present_bytes = 0;
  for (const auto& target : targets) {
    roots.push_back(target.endpoint.root.string());
    step.bytes += target.record.bytes;
    files += target.record.files;
    auto scan = files::scan_tree(target.endpoint.root, files::Selection(target.record.patterns),
                                 context.cancellation);
    if (!scan.ok() && scan.error().code() != Code::kNotFound) return std::move(scan).error();
    if (!scan.ok()) continue;
    present_files += part == files::Part::kSecret ? scan->secret_files : scan->files - scan->secret_files;
    present_bytes += part == files::Part::kSecret ? scan->secret_bytes : scan->bytes - scan->secret_bytes;
  }
  step.target = fmt::format("{} below {}", part == files::Part::kSecret ? "secret files" : "files",
                            fmt::join(roots, ", "));
  step.overwrites_something = present_files > 0;
  step.overwrites = present_files == 0
                        ? "nothing: no such file is there"
                        : fmt::format("{} files, {}", present_files, human_bytes(present_bytes));
  step.predicted = Seconds(static_cast<double>(step.bytes) / kTreeBytesPerSecond +
                           static_cast<double>(files) / kFilesPerSecond);
  return step;
}

Result<void> check_finished(const std::vector<TreeTarget>& targets) {
  for (const auto& target : targets)
    if (files::unfinished_restore(target.endpoint.root))
      return Error(Code::kMismatch, "a restore of {} was cut off: its files may be partly old and partly new",
                   target.endpoint.root.string())
          .hint("run the same restore again");
  return {};
}

}  // namespace summit::recovery
