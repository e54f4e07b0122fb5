#include "backup/secrets_component.h"

#include "backup/secrets_manifest.h"
#include "stores/files/archive.h"
#include "stores/files/capture.h"
#include "stores/files/file_reader.h"
#include "stores/files/tree_record.h"

namespace summit::backup {
namespace {

using repository::ComponentRecord;
using repository::Status;

Error no_key() {
  return Error(Code::kKeyMissing, "secrets cannot be sealed: no encryption key is set")
      .hint("run `summit-dr key init`, or set BACKUP_ENCRYPTION_KEY_FILE");
}

class SecretsComponent final : public Component {
 public:
  SecretsComponent(std::vector<config::FilesEndpoint> trees, std::vector<SecretContribution> contributions,
                   std::string name)
      : trees_(std::move(trees)), contributions_(std::move(contributions)), name_(std::move(name)) {}

  std::string name() const override { return name_; }
  std::string kind() const override { return "secrets"; }
  CutKind cut_kind() const override { return CutKind::kNone; }

  std::vector<std::string> describe() const override {
    std::vector<std::string> lines;
    lines.reserve(trees_.size() + contributions_.size());
    for (const auto& tree : trees_)
      lines.push_back(
          fmt::format("secret files below {}, sealed into {}", tree.root.string(), kSecretsArtifact));
    for (const auto& contribution : contributions_)
      lines.push_back(fmt::format("{}, sealed into {}", contribution.name, kSecretsArtifact));
    return lines;
  }

  Result<uint64_t> predict_size(CaptureContext& context) override {
    uint64_t bytes = 64 * KiB;
    for (const auto& tree : trees_) {
      auto scan =
          files::scan_tree(tree.root, files::Selection(files::TreePatterns::of(tree)), context.cancellation);
      if (scan.ok())
        bytes += scan->secret_bytes;
      else if (scan.error().code() != Code::kNotFound)
        return std::move(scan).error();
    }
    return bytes;
  }

  Result<void> prepare(CaptureContext& context) override {
    return context.sealing_key ? Result<void>() : Result<void>(no_key());
  }
  Result<Instant> cut(CaptureContext&) override { return now(); }

  Result<ComponentRecord> transfer(CaptureContext& context) override {
    if (!context.sealing_key) return no_key();
    ComponentRecord record;
    record.instant = now();
    record.status = Status::kComplete;

    ASSIGN_OR_RETURN(const auto sink, context.writer.create(std::string(kSecretsArtifact), name_));
    ASSIGN_OR_RETURN(const auto seal,
                     repository::SealWriter::create(*context.sealing_key,
                                                    [&](ByteView sealed) { return sink->write(sealed); }));
    ASSIGN_OR_RETURN(const auto archive,
                     files::ArchiveWriter::create([&](ByteView plain) { return seal->write(plain); }));
    ASSIGN_OR_RETURN(auto manifest, make_secrets_manifest());
    uint64_t entries = 0;
    for (const auto& tree : trees_) {
      ASSIGN_OR_RETURN(const uint64_t files, add_tree(context, tree, *archive, manifest, record),
                       "in tree {}", tree.name);
      entries += files;
    }
    for (const auto& contribution : contributions_) {
      ASSIGN_OR_RETURN(const bool added, add_contribution(contribution, *archive, record));
      if (added) ++entries;
    }
    if (entries == 0 && record.status == Status::kComplete) return nothing_secret(std::move(record));

    RETURN_IF_ERROR(add_entry(*archive, std::string(kManifestEntry), to_json(manifest)));
    RETURN_IF_ERROR(archive->finish());
    RETURN_IF_ERROR(seal->finish());
    ASSIGN_OR_RETURN(auto artifact, sink->finish());
    record.artifacts.push_back(std::move(artifact));
    record.details["entries"] = fmt::format("{}", entries);
    record.details["sealed_with"] = "AES-256-GCM, Argon2id";
    return record;
  }

 private:
  static ComponentRecord nothing_secret(ComponentRecord record) {
    record.status = Status::kAbsent;
    record.instant.reset();
    record.reason = "no file of its trees is secret";
    return record;
  }

  static void partial(ComponentRecord& record, const std::string& what, const std::string& hint) {
    record.status = Status::kPartial;
    record.reason = record.reason.empty() ? what : record.reason + "; " + what;
    if (record.hint.empty()) record.hint = hint;
  }

  static Result<void> add_entry(files::ArchiveWriter& archive, std::string path, const std::string& content) {
    files::ArchiveEntry entry;
    entry.path = std::move(path);
    entry.mode = 0600;
    entry.size = content.size();
    entry.modified.tv_sec =
        std::chrono::duration_cast<std::chrono::seconds>(now().time_since_epoch()).count();
    RETURN_IF_ERROR(archive.begin(entry));
    return archive.write(as_bytes(content));
  }

  Result<uint64_t> add_tree(CaptureContext& context, const config::FilesEndpoint& tree,
                            files::ArchiveWriter& archive, SecretsManifest& manifest,
                            ComponentRecord& record) const {
    const auto phase = context.reporter.phase(name_, fmt::format("sealing secrets of {}", tree.name));
    files::CaptureOptions options;
    options.root = tree.root;
    options.patterns = files::TreePatterns::of(tree);
    options.part = files::Part::kSecret;
    options.prefix = fmt::format("{}{}/", kSecretTreesPrefix, tree.name);
    options.key = &context.sealing_key->passphrase;
    options.progress = phase.get();
    options.cancellation = context.cancellation;
    auto captured = files::capture_tree(options, &archive);
    if (!captured.ok() && captured.error().code() == Code::kNotFound)
      return uint64_t{0};  // the files component says so
    if (!captured.ok()) return std::move(captured).error();

    const auto& report = *captured;
    files::TreeRecord kept{"", tree.root.string(), options.patterns, report.files, report.bytes, {}};
    kept.sealed_paths.insert(report.sealed_paths.begin(), report.sealed_paths.end());
    record.details[std::string(files::kTreeDetailPrefix) + tree.name] = files::to_json(kept);
    manifest.trees[tree.name] = {report.fingerprint.count(), report.fingerprint.hex()};
    record.fingerprints.push_back({name_, "secret_tree", tree.name, report.fingerprint.count(),
                                   blinded(manifest, report.fingerprint.hex())});
    for (const auto& note : report.notes) record.notes.push_back(fmt::format("{}: {}", tree.name, note));
    for (const auto& problem : report.problems)
      partial(record, problem, "give this user the right to read the tree's secret files");
    return report.files;
  }

  // A server that does not answer costs its own secrets only.
  static Result<bool> add_contribution(const SecretContribution& contribution, files::ArchiveWriter& archive,
                                       ComponentRecord& record) {
    auto content = contribution.read();
    if (!content.ok()) {
      partial(record, fmt::format("{}: {}", contribution.name, content.error().message()),
              content.error().hint());
      return false;
    }
    const Secret kept(*std::move(content));
    RETURN_IF_ERROR(add_entry(archive, std::string(kContributionsPrefix) + contribution.name, kept.reveal()));
    return true;
  }

  const std::vector<config::FilesEndpoint> trees_;
  const std::vector<SecretContribution> contributions_;
  const std::string name_;
};

}  // namespace

std::unique_ptr<Component> make_secrets_component(const config::ComponentSpec& /*spec*/,
                                                  std::vector<config::FilesEndpoint> trees,
                                                  std::vector<SecretContribution> contributions,
                                                  std::string name) {
  return std::make_unique<SecretsComponent>(std::move(trees), std::move(contributions), std::move(name));
}

}  // namespace summit::backup
