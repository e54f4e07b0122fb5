#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "recovery/artifact_stream.h"
#include "recovery/files_mask.h"
#include "recovery/masked_store.h"
#include "recovery/secrets_restore.h"
#include "stores/files/tree_record.h"

namespace summit::recovery {
namespace {

using files::ArchiveEntry;
using files::ArchiveReader;
using files::ArchiveWriter;
using Action = files::ContentEditor::Action;
using Type = ArchiveEntry::Type;

struct HeldTree {
  std::string name;
  std::string artifact;
};

Result<std::vector<HeldTree>> trees_of(const repository::ComponentRecord& record) {
  std::vector<HeldTree> trees;
  for (const auto& [key, value] : record.details) {
    if (!key.starts_with(files::kTreeDetailPrefix)) continue;
    ASSIGN_OR_RETURN(auto tree, files::tree_record_from_json(value), "{}", key);
    trees.push_back({key.substr(files::kTreeDetailPrefix.size()), std::move(tree.artifact)});
  }
  return trees;
}

// Content as the archive has it, the holes as zeros.
Result<void> copy_content(const ArchiveEntry& entry, ArchiveReader& reader, ArchiveWriter& writer) {
  static constexpr std::array<std::byte, 64 * KiB> kZeros{};
  uint64_t written = 0;
  const auto fill_to = [&](uint64_t offset) -> Result<void> {
    while (written < offset) {
      const size_t part = std::min<uint64_t>(offset - written, kZeros.size());
      RETURN_IF_ERROR(writer.write(ByteView(kZeros).first(part)));
      written += part;
    }
    return {};
  };
  const auto take = [&](uint64_t offset, ByteView block) -> Result<void> {
    RETURN_IF_ERROR(fill_to(offset));
    written += block.size();
    return writer.write(block);
  };
  RETURN_IF_ERROR(reader.read(take));
  return fill_to(entry.size);
}

// One tree's archive, masked into another.
class ArchiveCopy {
 public:
  ArchiveCopy(FilesMask& mask, ArchiveWriter& writer) : mask_(mask), writer_(writer) {}

  Result<void> add(ArchiveEntry entry, ArchiveReader& reader) {
    const auto action = mask_.action(entry.path);
    const bool lost = entry.type == Type::kHardLink && dropped_.contains(entry.target);
    if (action == Action::kDrop || lost) {
      dropped_.insert(entry.path);
      return {};
    }
    const auto path = entry.path;
    ASSIGN_OR_RETURN(entry.path, mask_.new_path(path));
    if (entry.type == Type::kHardLink) {
      ASSIGN_OR_RETURN(entry.target, mask_.new_path(entry.target));
    }
    // Names of people who have accounts on production's machines.
    entry.user.clear();
    entry.group.clear();
    if (entry.type == Type::kFile && action == Action::kEdit)
      return add_edited(path, std::move(entry), reader);
    RETURN_IF_ERROR(writer_.begin(entry));
    return entry.type == Type::kFile ? copy_content(entry, reader, writer_) : Result<void>();
  }

  size_t dropped() const { return dropped_.size(); }

 private:
  // `path` is what the backup calls it.
  Result<void> add_edited(const std::string& path, ArchiveEntry entry, ArchiveReader& reader) {
    ASSIGN_OR_RETURN(const auto text, mask_.edited(path, entry, reader));
    entry.size = text.size();
    entry.data.clear();
    RETURN_IF_ERROR(writer_.begin(entry));
    return writer_.write(as_bytes(text));
  }

  FilesMask& mask_;
  ArchiveWriter& writer_;
  std::set<std::string> dropped_;
};

class MaskedFiles final : public AuditedStore {
 public:
  using AuditedStore::AuditedStore;

  Result<std::vector<PreviewedValue>> preview(size_t count) override {
    ReplacedPreview values(count);
    ASSIGN_OR_RETURN(const auto trees, trees_of(record()));
    for (const auto& tree : trees) {
      auto mask = mask_of(tree, &values);
      RETURN_IF_ERROR(
          each_entry("reading", tree, [&](const ArchiveEntry& entry, ArchiveReader& reader) -> Result<void> {
            if (entry.type != Type::kFile || mask.action(entry.path) != Action::kEdit) return {};
            auto edited = mask.edited(entry.path, entry, reader);
            return edited.ok() ? Result<void>() : Result<void>(std::move(edited).error());
          }));
    }
    return values.take();
  }

  std::vector<repository::Artifact> files() const override { return record().artifacts; }

  Result<void> write(const std::string& artifact,
                     const std::function<Result<void>(ByteView)>& consume) override {
    RETURN_IF_ERROR(check_covered());
    ASSIGN_OR_RETURN(const auto trees, trees_of(record()));
    const auto tree = std::ranges::find(trees, artifact, &HeldTree::artifact);
    if (tree == trees.end())
      return Error(Code::kNotFound, "{} holds no archive of files {}", record().name, artifact);
    auto mask = mask_of(*tree, nullptr);
    ASSIGN_OR_RETURN(const auto writer, ArchiveWriter::create(consume));
    ArchiveCopy copy(mask, *writer);
    RETURN_IF_ERROR(each_entry("masking", *tree, [&](const ArchiveEntry& entry, ArchiveReader& reader) {
      return copy.add(entry, reader);
    }));
    if (copy.dropped() > 0)
      context().reporter.info(
          fmt::format("{}: {} entries are left out by the rules for masking", artifact, copy.dropped()));
    return writer->finish();
  }

 private:
  Result<StoreAudit> look_through() override {
    masking::Findings findings(context().masking->rules, context().masking->level);
    StoreAudit audit{.component = record().name, .list = "files"};
    uint64_t count = 0;
    ASSIGN_OR_RETURN(const auto trees, trees_of(record()));
    for (const auto& tree : trees) {
      auto mask = mask_of(tree, nullptr);
      RETURN_IF_ERROR(each_entry("looking through", tree,
                                 [&](const ArchiveEntry& entry, ArchiveReader& reader) -> Result<void> {
                                   if (entry.type == Type::kFile) ++count;
                                   return mask.look_through(entry.path, entry, reader, findings);
                                 }));
    }
    audit.findings = audit_findings(findings);
    audit.met.rules = findings.met();
    audit.counts = {{"files", count}};
    audit.looked_at = fmt::format("{} files", count);
    return audit;
  }

  FilesMask mask_of(const HeldTree& tree, masking::ReplacedValues* replaced) const {
    return {*context().masking, tree.name, FilesMask::Others::kPass, replaced};
  }

  // Reads the archive to its last byte: only there it is known to be what was recorded.
  Result<void> each_entry(std::string_view what, const HeldTree& tree,
                          const std::function<Result<void>(const ArchiveEntry&, ArchiveReader&)>& visit) {
    const auto artifact = std::ranges::find(record().artifacts, tree.artifact, &repository::Artifact::name);
    if (artifact == record().artifacts.end())
      return Error(Code::kCorrupt, "the backup has no archive of tree {}", tree.name)
          .hint("run `summit-dr verify` on this backup");
    const auto phase = begin(what, *artifact);
    ArtifactStream stream(context().backup, tree.artifact, context().cancellation);
    const auto next = [&]() -> Result<ByteView> {
      ASSIGN_OR_RETURN(const auto block, stream.next());
      phase->advance(block.size());
      return block;
    };
    ASSIGN_OR_RETURN(const auto reader, ArchiveReader::open(next), "{}", tree.artifact);
    while (true) {
      RETURN_IF_ERROR(context().cancellation.check());
      ASSIGN_OR_RETURN(const auto entry, reader->next(), "{}", tree.artifact);
      if (!entry) break;
      RETURN_IF_ERROR(visit(*entry, *reader), "in tree {}", tree.name);
    }
    for (;;) {
      ASSIGN_OR_RETURN(const auto rest, next());
      if (rest.empty()) return {};
    }
  }
};

class MaskedSecrets final : public MaskedStore {
 public:
  MaskedSecrets(RestoreContext& context, const repository::ComponentRecord& record)
      : context_(context), record_(record) {}

  const std::string& component() const override { return record_.name; }

  Result<StoreAudit> audit() override {
    masking::Findings findings(context_.masking->rules, context_.masking->level);
    const auto phase = context_.reporter.phase(record_.name, "looking through secret files");
    RETURN_IF_ERROR(look_through_secrets(context_, record_.name, findings));
    StoreAudit audit{.component = record_.name, .list = "files"};
    audit.findings = audit_findings(findings);
    audit.met.rules = findings.met();
    audit.looked_at = "secret files that rules mask; all others stay out";
    return audit;
  }

  // A secret is not for looking at.
  Result<std::vector<PreviewedValue>> preview(size_t) override { return std::vector<PreviewedValue>(); }
  std::vector<repository::Artifact> files() const override { return {}; }
  Result<void> write(const std::string& artifact, const std::function<Result<void>(ByteView)>&) override {
    return Error(Code::kRefused, "{} holds secrets, which stay out", artifact)
        .hint("a masked restore brings the entries of .env files that rules mask");
  }

 private:
  RestoreContext& context_;
  const repository::ComponentRecord& record_;
};

}  // namespace

std::unique_ptr<MaskedStore> make_masked_files(RestoreContext& context,
                                               const repository::ComponentRecord& record) {
  return std::make_unique<MaskedFiles>(context, record);
}

std::unique_ptr<MaskedStore> make_masked_secrets(RestoreContext& context,
                                                 const repository::ComponentRecord& record) {
  return std::make_unique<MaskedSecrets>(context, record);
}

}  // namespace summit::recovery
