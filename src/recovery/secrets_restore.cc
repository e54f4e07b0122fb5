#include "recovery/secrets_restore.h"

#include <algorithm>

#include "backup/secrets_manifest.h"
#include "recovery/archive_source.h"
#include "recovery/files_mask.h"
#include "recovery/staged_trees.h"
#include "recovery/tree_target.h"
#include "stores/files/env_file.h"

namespace summit::recovery {
namespace {

using backup::SecretsManifest;
using files::ArchiveEntry;
using files::ArchiveReader;
using files::Part;

constexpr uint64_t kLargestContribution = 64 * MiB;

Result<std::string> read_text(const ArchiveEntry& entry, ArchiveReader& reader) {
  if (entry.size > kLargestContribution) return Error(Code::kCorrupt, "{} is too large", entry.path);
  std::string text(entry.size, '\0');
  RETURN_IF_ERROR(reader.read([&](uint64_t offset, ByteView block) -> Result<void> {
    text.replace(offset, block.size(), as_text(block));
    return {};
  }));
  return text;
}

Result<std::string> secrets_artifact(const RestoreContext& context, const std::string& component) {
  const auto* record = context.backup.metadata().find(component);
  if (record == nullptr || record->artifacts.empty())
    return Error(Code::kNotFound, "backup {} holds no {}", context.backup.metadata().id, component)
        .hint(fmt::format("summit-dr info {}", context.backup.metadata().id));
  return record->artifacts.front().name;
}

// Gives every entry to `visit`, and the manifest, without which the archive is not whole.
Result<SecretsManifest> for_each_entry(
    const RestoreContext& context, const std::string& component,
    const std::function<Result<void>(ArchiveEntry&, ArchiveReader&)>& visit) {
  ASSIGN_OR_RETURN(const std::string artifact, secrets_artifact(context, component));
  ASSIGN_OR_RETURN(const auto archive, open_sealed_archive(context, artifact));
  std::optional<SecretsManifest> manifest;
  while (true) {
    ASSIGN_OR_RETURN(auto entry, archive->next());
    if (!entry) break;
    if (entry->path == backup::kManifestEntry) {
      ASSIGN_OR_RETURN(const std::string text, read_text(*entry, *archive));
      ASSIGN_OR_RETURN(manifest, backup::secrets_manifest_from_json(text));
    } else {
      RETURN_IF_ERROR(visit(*entry, *archive));
    }
  }
  if (!manifest) return Error(Code::kCorrupt, "{} has no manifest", artifact);
  return *std::move(manifest);
}

// "trees/config/.env" is ".env" of tree "config". False for anything else.
bool split_tree_path(std::string_view path, std::string& tree, std::string& inner) {
  if (!path.starts_with(backup::kSecretTreesPrefix)) return false;
  path.remove_prefix(backup::kSecretTreesPrefix.size());
  const size_t slash = path.find('/');
  if (slash == std::string_view::npos) return false;
  tree = path.substr(0, slash);
  inner = path.substr(slash + 1);
  return !tree.empty() && !inner.empty();
}

std::unique_ptr<FilesMask> mask_of(const RestoreContext& context, const std::string& tree,
                                   masking::ReplacedValues* replaced) {
  return std::make_unique<FilesMask>(*context.masking, tree, FilesMask::Others::kDrop, replaced);
}

class SecretsRestore final : public RestoreComponent {
 public:
  SecretsRestore(std::vector<config::FilesEndpoint> trees, std::string name)
      : trees_(std::move(trees)), name_(std::move(name)) {}

  std::string name() const override { return name_; }
  bool writes_in_place(const RestoreContext& context) const override { return context.masking == nullptr; }
  Result<void> search(RestoreContext&, const LeakScan& scan) override { return staged_.search(scan); }
  Result<void> reveal(RestoreContext& context, TargetDoors&) override {
    ASSIGN_OR_RETURN(const auto reports, staged_.put_in_place());
    for (const auto& [tree, report] : reports) tell(context, tree, report);
    return {};
  }
  Result<LockedStore> lock(RestoreContext&) override { return staged_.discard(name_); }

  // Opens the seal, so that a wrong key shows before anything is overwritten.
  Result<PlanStep> plan(RestoreContext& context) override {
    ASSIGN_OR_RETURN(const auto targets, tree_targets(context, name_, trees_));
    ASSIGN_OR_RETURN(const std::string artifact, secrets_artifact(context, name_));
    RETURN_IF_ERROR(open_sealed_archive(context, artifact));
    std::optional<MetRules> met;
    if (context.masking != nullptr) {
      ASSIGN_OR_RETURN(met, look_through(context));
    }
    ASSIGN_OR_RETURN(auto step, plan_trees(context, targets, Part::kSecret));
    step.met = std::move(met);
    if (context.masking != nullptr)
      step.notes.emplace_back("only files whose entries have rules for masking: other secrets stay out");
    return step;
  }

  Result<void> restore(RestoreContext& context, const std::optional<config::EnvironmentMarker>&) override {
    ASSIGN_OR_RETURN(const auto targets, tree_targets(context, name_, trees_));
    const auto phase = context.reporter.phase(name_, "restoring secret files");
    std::map<std::string, std::unique_ptr<FilesMask>> masks;
    std::map<std::string, std::unique_ptr<files::TreeRestore>> restores;
    for (const auto& target : targets) {
      // A tree without secrets that is not there needs not be created for them.
      if (target.record.files == 0 && !fs::exists(target.endpoint.root)) continue;
      auto& mask = masks[target.name];
      if (context.masking != nullptr) mask = mask_of(context, target.name, context.masking->replaced);
      ASSIGN_OR_RETURN(restores[target.name],
                       begin_tree(context, target, Part::kSecret, phase.get(), mask.get()), "in tree {}",
                       target.name);
    }
    RETURN_IF_ERROR(for_each_entry(context, name_, [&](ArchiveEntry& entry, ArchiveReader& reader) {
      return unpack(entry, reader, restores);
    }));
    // Only now the whole archive is known to be authentic. Masked files stay aside until reveal().
    for (const auto& target : targets) {
      const auto tree = restores.find(target.name);
      if (tree == restores.end()) continue;
      if (context.masking != nullptr) {
        staged_.add(target, std::move(masks[target.name]), std::move(tree->second));
        continue;
      }
      ASSIGN_OR_RETURN(const auto report, tree->second->finish(), "in tree {}", target.name);
      tell(context, target.name, report);
    }
    return {};
  }

  Result<std::vector<Difference>> compare(RestoreContext& context) override {
    ASSIGN_OR_RETURN(const auto targets, tree_targets(context, name_, trees_));
    if (context.masking != nullptr) return compare_masked(context, targets);
    ASSIGN_OR_RETURN(const auto manifest, for_each_entry(context, name_, [](ArchiveEntry&, ArchiveReader&) {
                       return Result<void>();
                     }));
    std::vector<Difference> differences;
    for (const auto& target : targets) {
      const auto expected = manifest.trees.find(target.name);
      if (expected == manifest.trees.end())
        return Error(Code::kCorrupt, "the manifest of the secrets lacks tree {}", target.name);
      auto found = read_target(context, target, Part::kSecret, nullptr);
      if (!found.ok() && found.error().code() == Code::kNotFound && expected->second.count == 0) continue;
      if (!found.ok()) return std::move(found).error();
      for (const auto& problem : found->problems)
        differences.push_back({"secrets of tree " + target.name, "every file readable", problem});
      const auto& fingerprint = found->fingerprint;
      // Counts only: a hash of secrets is not for logs.
      if (fingerprint.count() != expected->second.count || fingerprint.hex() != expected->second.hash)
        differences.push_back(
            {"secrets of tree " + target.name, fmt::format("{} entries as backed up", expected->second.count),
             fmt::format("{} entries, other names, modes or content", fingerprint.count())});
    }
    return differences;
  }

  Result<std::vector<std::string>> probe(RestoreContext& context) override {
    ASSIGN_OR_RETURN(const auto targets, tree_targets(context, name_, trees_));
    RETURN_IF_ERROR(check_finished(targets));
    uint64_t files = 0;
    for (const auto& target : targets) {
      auto found = read_target(context, target, Part::kSecret, nullptr);
      if (!found.ok() && found.error().code() == Code::kNotFound) continue;
      if (!found.ok()) return std::move(found).error();
      if (!found->problems.empty()) return Error(Code::kMismatch, "{}", found->problems.front());
      files += found->files;
    }
    return std::vector<std::string>{fmt::format("{} secret files readable", files)};
  }

 private:
  static void tell(const RestoreContext& context, const std::string& tree,
                   const files::RestoreReport& report) {
    if (report.dropped > 0)
      context.reporter.info(
          fmt::format("{}: {} secret files without rules for masking stay out", tree, report.dropped));
    for (const auto& note : report.notes) context.reporter.warn(fmt::format("{}: {}", tree, note));
  }

  Result<MetRules> look_through(const RestoreContext& context) const {
    masking::Findings findings(context.masking->rules, context.masking->level);
    RETURN_IF_ERROR(look_through_secrets(context, name_, findings));
    RETURN_IF_ERROR(findings.verdict("files"));
    return MetRules{.rules = findings.met(), .reduced = {}};
  }

  // Of the files that are brought, the entries that rules replace: a line with the sealing key is the
  // target's.
  Result<std::vector<Difference>> compare_masked(const RestoreContext& context,
                                                 const std::vector<TreeTarget>& targets) const {
    std::vector<Difference> differences;
    RETURN_IF_ERROR(
        for_each_entry(context, name_, [&](ArchiveEntry& entry, ArchiveReader& reader) -> Result<void> {
          std::string tree;
          std::string inner;
          if (!split_tree_path(entry.path, tree, inner) || entry.type != ArchiveEntry::Type::kFile) return {};
          const auto target = std::ranges::find(targets, tree, &TreeTarget::name);
          const auto mask = mask_of(context, tree, nullptr);
          if (target == targets.end() || mask->action(inner) == files::ContentEditor::Action::kDrop)
            return {};
          ASSIGN_OR_RETURN(const auto text, read_text(entry, reader));
          ASSIGN_OR_RETURN(const auto expected, mask->edit(inner, text));
          ASSIGN_OR_RETURN(const auto path, mask->new_path(inner));
          const auto found = read_file(target->endpoint.root / path);
          if (found.ok() && files::without_key_lines(*found) == files::without_key_lines(expected)) return {};
          differences.push_back({"secrets of tree " + tree, path + " as the rules make it",
                                 found.ok() ? "another content" : "nothing to read"});
          return {};
        }));
    return differences;
  }

  static Result<void> unpack(ArchiveEntry& entry, ArchiveReader& reader,
                             const std::map<std::string, std::unique_ptr<files::TreeRestore>>& restores) {
    std::string tree;
    std::string inner;
    if (!split_tree_path(entry.path, tree, inner)) return {};  // a contribution: its store asks for it
    const auto restore = restores.find(tree);
    if (restore == restores.end())
      return Error(Code::kCorrupt, "{} is of a tree that is not recorded", entry.path);
    if (entry.type == ArchiveEntry::Type::kHardLink) {
      std::string other;
      std::string target;
      if (!split_tree_path(entry.target, other, target) || other != tree)
        return Error(Code::kCorrupt, "{} is a link into another tree", entry.path);
      entry.target = target;
    }
    return restore->second->unpack(inner, entry, reader);
  }

  const std::vector<config::FilesEndpoint> trees_;
  const std::string name_;
  StagedTrees staged_;  // masked: from restore() to reveal()
};

}  // namespace

std::unique_ptr<RestoreComponent> make_secrets_restore(std::vector<config::FilesEndpoint> trees,
                                                       std::string name) {
  return std::make_unique<SecretsRestore>(std::move(trees), std::move(name));
}

Result<void> look_through_secrets(const RestoreContext& context, const std::string& component,
                                  masking::Findings& findings) {
  RETURN_IF_ERROR(
      for_each_entry(context, component, [&](ArchiveEntry& entry, ArchiveReader& reader) -> Result<void> {
        std::string tree;
        std::string inner;
        if (!split_tree_path(entry.path, tree, inner)) return {};
        return mask_of(context, tree, nullptr)->look_through(inner, entry, reader, findings);
      }));
  return {};
}

Result<std::map<std::string, Secret>> read_secret_contributions(const RestoreContext& context,
                                                                const std::string& component) {
  std::map<std::string, Secret> contributions;
  const auto* record = context.backup.metadata().find(component);
  if (record == nullptr || record->artifacts.empty()) return contributions;
  RETURN_IF_ERROR(
      for_each_entry(context, component, [&](ArchiveEntry& entry, ArchiveReader& reader) -> Result<void> {
        if (!entry.path.starts_with(backup::kContributionsPrefix)) return {};
        ASSIGN_OR_RETURN(std::string text, read_text(entry, reader));
        contributions.emplace(entry.path.substr(backup::kContributionsPrefix.size()),
                              Secret(std::move(text)));
        return {};
      }));
  return contributions;
}

}  // namespace summit::recovery
