#include "backup/files_component.h"

#include <algorithm>

#include "repository/backup_id.h"
#include "stores/files/archive.h"
#include "stores/files/capture.h"
#include "stores/files/file_reader.h"
#include "stores/files/tree_record.h"

namespace summit::backup {
namespace {

using repository::ComponentRecord;
using repository::Status;

constexpr std::string_view kAuditChain = "audit_chain";

class FilesComponent final : public Component {
 public:
  FilesComponent(const config::ComponentSpec& spec, std::vector<config::FilesEndpoint> trees,
                 std::string name)
      : filter_(spec.filter), part_(spec.files), trees_(std::move(trees)), name_(std::move(name)) {}

  std::string name() const override { return name_; }
  std::string kind() const override { return "files"; }
  CutKind cut_kind() const override { return CutKind::kNone; }

  std::vector<std::string> describe() const override {
    std::vector<std::string> lines;
    for (const auto& tree : trees_)
      lines.push_back(
          fmt::format("files below {} into {}{}", tree.root.string(), artifact_name(tree),
                      tree.include.empty() ? "" : fmt::format(" ({})", fmt::join(tree.include, ", "))));
    for (const auto& path : part_.paths) lines.push_back(fmt::format("of them only {}", path));
    for (const auto& record : part_.records)
      lines.push_back(fmt::format("of {} the lines by {}", record.files, record.field));
    return lines;
  }

  Result<uint64_t> predict_size(CaptureContext& context) override {
    uint64_t bytes = 0;
    for (const auto& tree : trees_) {
      ASSIGN_OR_RETURN(const auto options, options_of(tree, context));
      auto scan = scan_of(options);
      if (scan.ok())
        bytes += scan->bytes - scan->secret_bytes;
      else if (scan.error().code() != Code::kNotFound)
        return std::move(scan).error();
    }
    return bytes;
  }

  Result<void> prepare(CaptureContext&) override { return {}; }
  Result<Instant> cut(CaptureContext&) override { return now(); }

  Result<ComponentRecord> transfer(CaptureContext& context) override {
    ComponentRecord record;
    record.instant = now();
    record.status = Status::kComplete;
    std::vector<std::string> missing;
    std::vector<std::string> without_part;
    for (const auto& tree : trees_) {
      ASSIGN_OR_RETURN(auto options, options_of(tree, context));
      auto scan = scan_of(options);
      if (!scan.ok() && scan.error().code() != Code::kNotFound) return std::move(scan).error();
      if (!scan.ok()) {
        missing.push_back(fmt::format("{} is not there", tree.root.string()));
      } else if (scan->files == 0 && !is_part()) {
        missing.push_back(fmt::format("no file of tree {} is in {}", tree.name, tree.root.string()));
      } else {
        ASSIGN_OR_RETURN(const bool taken, capture(context, tree, std::move(options), *scan, record),
                         "in tree {}", tree.name);
        if (!taken)
          without_part.push_back(fmt::format("no file of tree {} belongs to this {}", tree.name, filter_));
      }
    }
    settle(std::move(missing), without_part, record);
    return record;
  }

 private:
  bool is_part() const { return !part_.paths.empty() || !part_.records.empty(); }

  static Result<files::TreeScan> scan_of(const files::CaptureOptions& options) {
    return files::scan_tree(options.root, files::Selection(files::walked_patterns(options)),
                            options.cancellation);
  }

  Result<files::CaptureOptions> options_of(const config::FilesEndpoint& tree,
                                           const CaptureContext& context) const {
    files::CaptureOptions options;
    options.root = tree.root;
    options.patterns = files::TreePatterns::of(tree);
    options.key = context.sealing_key ? &context.sealing_key->passphrase : nullptr;
    options.check_chain = tree.name == kAuditChain;
    options.cancellation = context.cancellation;
    if (is_part()) RETURN_IF_ERROR(choose_part(context.scope, options));
    return options;
  }

  // Part of a name is all that a value may become: a slash in it would lead to other files.
  Result<void> choose_part(const Scope& scope, files::CaptureOptions& options) const {
    const auto owner = owner_of(filter_, scope);
    if (owner.find('/') != std::string::npos)
      return Error(Code::kUsage, "`{}` names no files: it has a slash in it", owner)
          .hint("leave the component out with --datastores, or take the set `full`");
    options.patterns.only = with_values(part_.paths, scope);
    options.records.suffix = fmt::format(".{}-{}", filter_, repository::safe_id_part(owner));
    for (const auto& record : part_.records)
      options.records.rules.push_back({with_values({record.files}, scope).front(), record.field, owner});
    for (auto& pattern : options.records.made_patterns()) options.patterns.only.push_back(std::move(pattern));
    return {};
  }

  std::string artifact_name(const config::FilesEndpoint& tree) const {
    std::string stem = name_;
    std::ranges::replace(stem, '/', '-');
    return trees_.size() == 1 ? stem + ".tar.zst" : fmt::format("{}-{}.tar.zst", stem, tree.name);
  }

  // False when nothing of the tree is part of the backup; there is no artifact of it then.
  Result<bool> capture(CaptureContext& context, const config::FilesEndpoint& tree,
                       files::CaptureOptions options, const files::TreeScan& scan,
                       ComponentRecord& record) const {
    const auto phase = context.reporter.phase(name_, fmt::format("archiving {}", tree.name));
    phase->set_total(scan.bytes - scan.secret_bytes);
    options.progress = phase.get();

    ASSIGN_OR_RETURN(const auto sink, context.writer.create(artifact_name(tree), name_));
    ASSIGN_OR_RETURN(const auto archive,
                     files::ArchiveWriter::create([&](ByteView bytes) { return sink->write(bytes); }));
    ASSIGN_OR_RETURN(const auto report, files::capture_tree(options, archive.get()));
    RETURN_IF_ERROR(archive->finish());
    if (is_part() && report.files == 0 && report.problems.empty()) return false;
    ASSIGN_OR_RETURN(auto artifact, sink->finish());

    files::TreeRecord kept{artifact.name, tree.root.string(), options.patterns,
                           report.files,  report.bytes,       {}};
    kept.sealed_paths.insert(report.sealed_paths.begin(), report.sealed_paths.end());
    record.details[std::string(files::kTreeDetailPrefix) + tree.name] = files::to_json(kept);
    record.artifacts.push_back(std::move(artifact));
    record.fingerprints.push_back(
        {name_, "tree", tree.name, report.fingerprint.count(), report.fingerprint.hex()});
    for (const auto& note : report.notes) record.notes.push_back(note);
    if (report.files == 0) record.notes.emplace_back("all files of it are secrets: they are in secrets.enc");
    if (report.records > 0)
      record.notes.push_back(
          fmt::format("{} lines of the {} were taken out of shared files", report.records, filter_));
    note_problems(report, record);
    note_chain(report, record);
    return true;
  }

  static void note_problems(const files::CaptureReport& report, ComponentRecord& record) {
    if (report.problems.empty()) return;
    record.status = Status::kPartial;
    record.reason = report.problems.size() == 1 ? report.problems.front()
                                                : fmt::format("{} (and {} more)", report.problems.front(),
                                                              report.problems.size() - 1);
    record.hint =
        "give this user the right to read the tree, or exclude these files in config/environments.yaml";
    for (const auto& problem : report.problems) record.notes.push_back("not in the backup: " + problem);
  }

  // A broken chain is evidence: it is kept, and never called complete.
  void note_chain(const files::CaptureReport& report, ComponentRecord& record) const {
    if (!report.chain) return;
    const auto& chain = *report.chain;
    // Lines of one owner are no chain: a restore has nothing to hold against these.
    const std::string_view whole = is_part() ? "whole_" : "";
    record.details[fmt::format("{}chain_entries", whole)] = fmt::format("{}", chain.entries);
    record.details[fmt::format("{}chain_head", whole)] = chain.head;
    for (const auto& note : chain.notes) record.notes.push_back(note);
    if (!chain.problem) return;
    record.status = Status::kPartial;
    record.reason = "the audit chain is broken: " + *chain.problem;
    record.hint = "compare it with an older backup: summit-dr list";
  }

  // A tree that is not there is a gap; one that holds nothing of an owner is none, unless all are so.
  void settle(std::vector<std::string> missing, const std::vector<std::string>& without_part,
              ComponentRecord& record) const {
    const bool nothing = missing.size() + without_part.size() == trees_.size();
    auto& told = nothing ? missing : record.notes;
    told.insert(told.end(), without_part.begin(), without_part.end());
    if (missing.empty()) return;
    const std::string reason = fmt::format("{}", fmt::join(missing, "; "));
    if (nothing) {
      record.status = Status::kAbsent;
      record.instant.reset();
    } else {
      record.status = Status::kPartial;
    }
    record.reason = record.reason.empty() ? reason : record.reason + "; " + reason;
    if (record.hint.empty() && missing.size() > without_part.size())
      record.hint = "set its root under files in config/environments.yaml";
  }

  const std::string filter_;
  const config::FileSpec part_;
  const std::vector<config::FilesEndpoint> trees_;
  const std::string name_;
};

}  // namespace

std::unique_ptr<Component> make_files_component(const config::ComponentSpec& spec,
                                                std::vector<config::FilesEndpoint> trees, std::string name) {
  return std::make_unique<FilesComponent>(spec, std::move(trees), std::move(name));
}

}  // namespace summit::backup
