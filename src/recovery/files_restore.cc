#include "recovery/files_restore.h"

#include <algorithm>

#include "core/digest.h"
#include "recovery/archive_source.h"
#include "recovery/files_mask.h"
#include "recovery/staged_trees.h"
#include "recovery/tree_target.h"

namespace summit::recovery {
namespace {

using files::Part;

class FilesRestore final : public RestoreComponent {
 public:
  FilesRestore(std::vector<config::FilesEndpoint> trees, std::string name)
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

  Result<PlanStep> plan(RestoreContext& context) override {
    ASSIGN_OR_RETURN(const auto targets, tree_targets(context, name_, trees_));
    // What stops a masked restore must stop it before any store is touched.
    std::optional<MetRules> met;
    if (context.masking != nullptr) {
      ASSIGN_OR_RETURN(met, look_through(context, targets));
    }
    ASSIGN_OR_RETURN(auto step, plan_trees(context, targets, Part::kOpen));
    if (met) step.notes.emplace_back("masked on the way in");
    step.met = std::move(met);
    return step;
  }

  Result<void> restore(RestoreContext& context, const std::optional<config::EnvironmentMarker>&) override {
    ASSIGN_OR_RETURN(const auto targets, tree_targets(context, name_, trees_));
    for (const auto& target : targets)
      RETURN_IF_ERROR(restore_tree(context, target), "in tree {}", target.name);
    return {};
  }

  Result<std::vector<Difference>> compare(RestoreContext& context) override {
    ASSIGN_OR_RETURN(const auto targets, tree_targets(context, name_, trees_));
    const auto* record = context.backup.metadata().find(name_);
    std::vector<Difference> differences;
    if (context.masking != nullptr) return compare_masked(context, targets);
    for (const auto& target : targets) {
      const auto expected = std::ranges::find(record->fingerprints, target.name, &Fingerprint::name);
      if (expected == record->fingerprints.end())
        return Error(Code::kCorrupt, "the backup has no fingerprint of tree {}", target.name);
      const auto phase = context.reporter.phase(name_, fmt::format("comparing {}", target.name));
      phase->set_total(target.record.bytes);
      ASSIGN_OR_RETURN(const auto found, read_target(context, target, Part::kOpen, phase.get()));
      for (const auto& problem : found.problems)
        differences.push_back({"tree " + target.name, "every file readable", problem});
      if (found.fingerprint.count() != expected->count || found.fingerprint.hex() != expected->hash)
        differences.push_back({"tree " + target.name, describe(expected->count, expected->hash),
                               describe(found.fingerprint.count(), found.fingerprint.hex())});
    }
    return differences;
  }

  Result<std::vector<std::string>> probe(RestoreContext& context) override {
    ASSIGN_OR_RETURN(const auto targets, tree_targets(context, name_, trees_));
    RETURN_IF_ERROR(check_finished(targets));
    std::vector<std::string> lines;
    for (const auto& target : targets) {
      ASSIGN_OR_RETURN(const auto found, read_target(context, target, Part::kOpen, nullptr));
      if (!found.problems.empty()) return Error(Code::kMismatch, "{}", found.problems.front());
      lines.push_back(fmt::format("{}: {} files readable", target.name, found.files));
      // In a masked target the chain is the target's own.
      if (!found.chain || context.masking != nullptr) continue;
      if (found.chain->problem)
        return Error(Code::kMismatch, "the audit chain is broken: {}", *found.chain->problem)
            .hint("it may have been broken when it was backed up: summit-dr info " +
                  context.backup.metadata().id);
      RETURN_IF_ERROR(check_head(context, *found.chain));
      lines.push_back(fmt::format("audit chain intact: {} entries", found.chain->entries));
    }
    return lines;
  }

 private:
  static std::string describe(uint64_t count, const std::string& hash) {
    return fmt::format("{} entries, hash {}", count, hash.substr(0, 16));
  }

  // A chain that was cut off at its end holds together; only its recorded head shows it. It may have grown
  // since.
  Result<void> check_head(const RestoreContext& context, const files::ChainReport& chain) const {
    const auto& details = context.backup.metadata().find(name_)->details;
    const auto recorded = details.find("chain_entries");
    if (recorded == details.end() || chain.entries >= std::strtoull(recorded->second.c_str(), nullptr, 10))
      return {};
    return Error(Code::kMismatch, "the audit chain has {} entries, recorded {}", chain.entries,
                 recorded->second);
  }

  // Every file of the backup, masked, must be there with that content; what the rules leave out is not looked
  // for, and the target may have it.
  static Result<std::vector<Difference>> compare_masked(RestoreContext& context,
                                                        const std::vector<TreeTarget>& targets) {
    std::vector<Difference> differences;
    for (const auto& target : targets) {
      FilesMask mask(*context.masking, target.name, FilesMask::Others::kPass, nullptr);
      ASSIGN_OR_RETURN(const auto archive, open_archive(context, target.record.artifact));
      while (true) {
        ASSIGN_OR_RETURN(const auto entry, archive->next());
        if (!entry) break;
        if (entry->type != files::ArchiveEntry::Type::kFile ||
            mask.action(entry->path) == files::ContentEditor::Action::kDrop)
          continue;
        ASSIGN_OR_RETURN(const auto expected, mask.digest(*entry, *archive));
        ASSIGN_OR_RETURN(const auto path, mask.new_path(entry->path));
        const auto found = sha256_of_file(target.endpoint.root / path);
        if (found.ok() && *found == expected) continue;
        differences.push_back({fmt::format("file {} of tree {}", path, target.name), "the masked content",
                               found.ok() ? "another content" : "nothing to read"});
      }
    }
    return differences;
  }

  static Result<MetRules> look_through(RestoreContext& context, const std::vector<TreeTarget>& targets) {
    masking::Findings findings(context.masking->rules, context.masking->level);
    for (const auto& target : targets) {
      const auto phase = context.reporter.phase(target.name, "looking for private values");
      phase->set_total(target.record.bytes);
      FilesMask mask(*context.masking, target.name, FilesMask::Others::kPass, nullptr);
      ASSIGN_OR_RETURN(const auto archive, open_archive(context, target.record.artifact));
      while (true) {
        RETURN_IF_ERROR(context.cancellation.check());
        ASSIGN_OR_RETURN(const auto entry, archive->next());
        if (!entry) break;
        RETURN_IF_ERROR(mask.look_through(entry->path, *entry, *archive, findings), "in tree {}",
                        target.name);
        phase->advance(entry->size);
      }
    }
    RETURN_IF_ERROR(findings.verdict("files"));
    return MetRules{.rules = findings.met(), .reduced = {}};
  }

  // Masked files stay aside until reveal().
  Result<void> restore_tree(RestoreContext& context, const TreeTarget& target) {
    const auto phase = context.reporter.phase(target.name, "restoring files");
    phase->set_total(target.record.bytes);
    std::unique_ptr<FilesMask> mask;
    if (context.masking != nullptr)
      mask = std::make_unique<FilesMask>(*context.masking, target.name, FilesMask::Others::kPass,
                                         context.masking->replaced);
    ASSIGN_OR_RETURN(const auto archive, open_archive(context, target.record.artifact));
    ASSIGN_OR_RETURN(auto tree, begin_tree(context, target, Part::kOpen, phase.get(), mask.get()));
    while (true) {
      ASSIGN_OR_RETURN(const auto entry, archive->next());
      if (!entry) break;
      RETURN_IF_ERROR(tree->unpack(entry->path, *entry, *archive));
    }
    if (mask != nullptr) {
      staged_.add(target, std::move(mask), std::move(tree));
      return {};
    }
    ASSIGN_OR_RETURN(const auto report, tree->finish());
    tell(context, target.name, report);
    return {};
  }

  static void tell(const RestoreContext& context, const std::string& tree,
                   const files::RestoreReport& report) {
    for (const auto& note : report.notes) context.reporter.warn(fmt::format("{}: {}", tree, note));
    if (report.dropped > 0)
      context.reporter.info(
          fmt::format("{}: {} files are left out by the rules for masking", tree, report.dropped));
    context.reporter.detail(fmt::format("{}: {} files restored, {} removed that the backup does not hold",
                                        tree, report.files, report.removed));
  }

  const std::vector<config::FilesEndpoint> trees_;
  const std::string name_;
  StagedTrees staged_;  // masked: from restore() to reveal()
};

}  // namespace

std::unique_ptr<RestoreComponent> make_files_restore(std::vector<config::FilesEndpoint> trees,
                                                     std::string name) {
  return std::make_unique<FilesRestore>(std::move(trees), std::move(name));
}

}  // namespace summit::recovery
