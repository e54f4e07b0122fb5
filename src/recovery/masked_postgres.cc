#include <fmt/format.h>

#include <algorithm>

#include "recovery/masked_archive.h"
#include "recovery/masked_rows.h"
#include "recovery/masked_store.h"
#include "stores/postgres/archive_rewrite.h"

namespace summit::recovery {
namespace {

// Rows that are INSERT statements are no rows to a mask.
Result<void> check_rows(const pgarchive::Contents& contents) {
  for (const auto& entry : contents.entries) {
    if (!entry.is("TABLE DATA") || !entry.has_block() || entry.copy) continue;
    return Error(Code::kUnsupported, "the rows of {} are INSERT statements, which cannot be masked",
                 entry.tag.value_or(""))
        .hint("make a backup with summit-dr: its archives hold rows as COPY takes them");
  }
  return {};
}

class MaskedPostgres final : public MaskedStore {
 public:
  MaskedPostgres(RestoreContext& context, const repository::ComponentRecord& record)
      : context_(context), record_(record) {
    for (auto& held : held_archives(context.backup.metadata())) {
      if (held.component == record.name) held_.push_back(std::move(held));
    }
  }

  const std::string& component() const override { return record_.name; }

  Result<StoreAudit> audit() override {
    MaskingAudit all;
    for (const auto& held : held_) {
      ASSIGN_OR_RETURN(const auto* archive, prepared(held), "{}", held.artifact);
      all.add(archive->audit);
    }
    StoreAudit audit{.component = record_.name, .list = "postgresql"};
    audit.counts = {{"ruled", all.ruled},
                    {"harmless", all.harmless},
                    {"unknown", all.unknown},
                    {"rows_sampled", all.rows_sampled}};
    audit.looked_at = fmt::format("{} columns are ruled, {} declared harmless, {} others; {} rows sampled",
                                  all.ruled, all.harmless, all.unknown, all.rows_sampled);
    for (const auto& [table, counted] : all.reduced) audit.reduced.push_back(describe(table, counted));
    audit.gaps = std::move(all.gaps);
    audit.findings = std::move(all.findings);
    audit.met = std::move(all.met);
    return audit;
  }

  Result<std::vector<PreviewedValue>> preview(size_t count) override {
    std::vector<PreviewedValue> values;
    for (const auto& held : held_) {
      const auto source = source_of(context_.backup, held, context_.cancellation);
      ASSIGN_OR_RETURN(
          auto found,
          preview_masking(source, *context_.masking, count, context_.reporter, context_.cancellation), "{}",
          held.artifact);
      values.insert(values.end(), std::make_move_iterator(found.begin()),
                    std::make_move_iterator(found.end()));
    }
    return values;
  }

  std::vector<repository::Artifact> files() const override {
    std::vector<repository::Artifact> files;
    for (const auto& artifact : record_.artifacts) {
      if (held(artifact.name) != nullptr) files.push_back(artifact);
    }
    return files;
  }

  Result<void> write(const std::string& artifact,
                     const std::function<Result<void>(ByteView)>& consume) override {
    const auto* const wanted = held(artifact);
    if (wanted == nullptr)
      return Error(Code::kNotFound, "{} holds no PostgreSQL archive {}", record_.name, artifact);
    ASSIGN_OR_RETURN(const auto* archive, prepared(*wanted));
    RETURN_IF_ERROR(check_audit(archive->audit, context_.backup.metadata().id));
    MaskedRows rows(*context_.masking, archive->schema, *archive->reduction, {record_.name, ""});
    const auto phase = context_.reporter.phase(record_.name, "masking " + artifact);
    for (const auto& file : files()) {
      if (file.name == artifact) phase->set_total(file.size);
    }
    const postgres::ArchiveRewrite rewrite{
        .chosen = enters_masked_target, .editing = &rows, .without_owners = true, .jobs = context_.jobs};
    const auto source = source_of(context_.backup, *wanted, context_.cancellation);
    ASSIGN_OR_RETURN(const auto written,
                     postgres::rewrite_archive(source, rewrite, consume, phase.get(), context_.cancellation));
    for (const auto& [table, counted] : rows.reduced())
      context_.reporter.detail(fmt::format("{}: kept of {}", artifact, describe(table, counted)));
    context_.reporter.detail(fmt::format("{}: {} rows of {} tables", artifact, written.rows, written.tables));
    return {};
  }

 private:
  const HeldArchive* held(const std::string& artifact) const {
    const auto found = std::ranges::find(held_, artifact, &HeldArchive::artifact);
    return found == held_.end() ? nullptr : &*found;
  }

  // Looked through once.
  Result<const MaskedArchive*> prepared(const HeldArchive& held) {
    const auto known = archives_.find(held.artifact);
    if (known != archives_.end()) return known->second.get();
    const auto source = source_of(context_.backup, held, context_.cancellation);
    ASSIGN_OR_RETURN(auto archive,
                     prepare_masked(source, *context_.masking, {held.database, context_.count_rows},
                                    context_.reporter, context_.cancellation));
    RETURN_IF_ERROR(check_rows(archive->contents));
    return archives_.emplace(held.artifact, std::move(archive)).first->second.get();
  }

  RestoreContext& context_;
  const repository::ComponentRecord& record_;
  std::vector<HeldArchive> held_;
  std::map<std::string, std::unique_ptr<MaskedArchive>> archives_;  // by artifact
};

}  // namespace

std::unique_ptr<MaskedStore> make_masked_postgres(RestoreContext& context,
                                                  const repository::ComponentRecord& record) {
  return std::make_unique<MaskedPostgres>(context, record);
}

}  // namespace summit::recovery
