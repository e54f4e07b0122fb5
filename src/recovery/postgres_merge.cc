#include "recovery/postgres_merge.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "recovery/backup_owner.h"
#include "stores/postgres/merge/merge.h"
#include "stores/postgres/probe.h"

namespace summit::recovery {

using postgres::merge::MergeReport;
using postgres::merge::MergeRequest;
using postgres::merge::RowMerge;

namespace {

// One database of the backup and the live one that takes its rows.
struct MergePart {
  std::string target;
  std::string artifact;
  uint64_t bytes = 0;
  std::optional<RowMerge> merge;  // staged; after plan()
};

std::vector<RowChanges> changes_in(const MergeReport& report, const std::string& prefix) {
  std::vector<RowChanges> rows;
  for (const auto& [table, changes] : report.tables) {
    rows.push_back({prefix + table.display(), changes.owned, changes.insert, changes.change, changes.remove,
                    changes.lend});
  }
  return rows;
}

class PostgresMerge final : public RestoreComponent {
 public:
  PostgresMerge(config::PostgresEndpoint endpoint, std::string name)
      : endpoint_(std::move(endpoint)), name_(std::move(name)) {}

  std::string name() const override { return name_; }

  Result<PlanStep> plan(RestoreContext& context) override {
    RETURN_IF_ERROR(open(context));
    PlanStep step;
    for (auto& part : parts_) {
      ASSIGN_OR_RETURN(const auto preview, part.merge->preview());
      describe(part, preview, step);
    }
    step.target = fmt::format("rows of {} {} in {}", owner_.kind, owner_.id, step.target);
    bool writes = false;
    uint64_t here = 0;  // rows of the owner, as they are now
    for (const auto& rows : step.rows) {
      writes = writes || rows.inserted + rows.changed + rows.deleted + rows.lent > 0;
      here += rows.backed_up + rows.deleted - rows.inserted;
    }
    step.overwrites_something = writes && here > 0;
    if (writes && here == 0)
      step.notes.push_back(
          fmt::format("{} {} has no row here now: there is nothing to save, and to put back later",
                      owner_.kind, owner_.id));
    return step;
  }

  Result<void> restore(RestoreContext& context, const std::optional<config::EnvironmentMarker>&) override {
    if (parts_.empty()) RETURN_IF_ERROR(open(context));
    rows_.clear();
    proofs_.clear();
    for (auto& part : parts_) {
      ASSIGN_OR_RETURN(const auto report, part.merge->apply());
      const auto rows = changes_in(report, prefix_of(part));
      rows_.insert(rows_.end(), rows.begin(), rows.end());
      proofs_.push_back(
          fmt::format("{}: the rows of {} {} are those of the backup; {} rows of others in the tables "
                      "written are as they were",
                      part.target, owner_.kind, owner_.id, report.others_proven));
      for (const auto& move : report.sequences)
        context.reporter.info(fmt::format("{}: moved sequence {} on from {} to {}", name_,
                                          move.sequence.display(), move.from, move.to));
      for (const auto& note : report.notes) context.reporter.warn(fmt::format("{}: {}", name_, note));
    }
    return {};
  }

  // The merge compared every row in the transaction that wrote it. From its end on the rows are live, and to
  // change is no difference.
  Result<std::vector<Difference>> compare(RestoreContext&) override { return std::vector<Difference>(); }

  Result<std::vector<std::string>> probe(RestoreContext& context) override {
    std::vector<std::string> lines = proofs_;
    for (const auto& part : parts_) {
      ASSIGN_OR_RETURN(const auto found, postgres::probe(endpoint_, part.target, context.cancellation));
      lines.insert(lines.end(), found.begin(), found.end());
    }
    return lines;
  }

  std::vector<RowChanges> rows() const override { return rows_; }

 private:
  Result<void> open(RestoreContext& context) {
    const auto& metadata = context.backup.metadata();
    owner_ = owner_of(metadata).value_or(BackupOwner());
    ASSIGN_OR_RETURN(const auto* rules, merge_rules(context.configuration, metadata, name_));
    ASSIGN_OR_RETURN(parts_, find_parts(metadata));
    for (auto& part : parts_) {
      MergeRequest request;
      request.database = part.target;
      request.rules = rules->rows;
      request.id = owner_.id;
      request.one_of_several = parts_.size() > 1;
      ASSIGN_OR_RETURN(part.merge, RowMerge::open(endpoint_, request, context.cancellation));
      auto phase = context.reporter.phase(name_, "reading the backup's rows of " + part.target);
      RETURN_IF_ERROR(part.merge->stage(
          [&](const auto& consume) {
            return context.backup.read(part.artifact, consume, context.cancellation);
          },
          phase.get()));
    }
    return {};
  }

  Result<std::vector<MergePart>> find_parts(const repository::BackupMetadata& metadata) const {
    const auto* record = metadata.find(name_);
    const auto detail = [&](const std::string& key) {
      const auto found =
          record ? record->details.find(key) : std::map<std::string, std::string>::const_iterator();
      return record && found != record->details.end() ? found->second : std::string();
    };
    std::vector<MergePart> parts;
    const std::string databases = detail("databases");
    for (size_t start = 0; start < databases.size();) {
      const size_t end = std::min(databases.find(',', start), databases.size());
      const std::string source = databases.substr(start, end - start);
      start = end + 1;
      MergePart part;
      part.target = parts.empty() && !endpoint_.databases.empty() ? endpoint_.databases.front() : source;
      part.artifact = detail("archive:" + source);
      if (part.artifact.empty()) break;
      for (const auto& artifact : record->artifacts) {
        if (artifact.name == part.artifact) part.bytes = artifact.size;
      }
      parts.push_back(std::move(part));
    }
    if (!parts.empty()) return parts;
    return Error(Code::kCorrupt, "the metadata of backup {} name no archive for {}", metadata.id, name_)
        .hint(fmt::format("run `summit-dr verify {}`", metadata.id));
  }

  // Before the names of tables, where there are several databases.
  std::string prefix_of(const MergePart& part) const {
    return parts_.size() > 1 ? part.target + "/" : std::string();
  }

  void describe(const MergePart& part, const MergeReport& preview, PlanStep& step) const {
    // Measured on two cores: rows are copied in, matched, and read once more by the proof.
    constexpr double kBytesPerSecond = 10e6;
    step.target += fmt::format("{}{}", step.target.empty() ? "database " : ", ", part.target);
    step.overwrites +=
        fmt::format("{}{} rows changed and {} deleted, {} inserted", step.overwrites.empty() ? "" : "; ",
                    preview.changed(), preview.deleted(), preview.inserted() + preview.lent());
    step.bytes += part.bytes;
    step.predicted += Seconds(1.0 + static_cast<double>(part.bytes) / kBytesPerSecond);
    const auto rows = changes_in(preview, prefix_of(part));
    step.rows.insert(step.rows.end(), rows.begin(), rows.end());
    for (const auto& move : preview.sequences) {
      step.notes.push_back(
          fmt::format("sequence {} moves on from {} to {}", move.sequence.display(), move.from, move.to));
    }
    step.notes.insert(step.notes.end(), preview.notes.begin(), preview.notes.end());
  }

  config::PostgresEndpoint endpoint_;
  std::string name_;
  BackupOwner owner_;
  std::vector<MergePart> parts_;
  std::vector<RowChanges> rows_;
  std::vector<std::string> proofs_;
};

}  // namespace

std::unique_ptr<RestoreComponent> make_postgres_merge(const config::PostgresEndpoint& endpoint,
                                                      std::string component_name) {
  return std::make_unique<PostgresMerge>(endpoint, std::move(component_name));
}

}  // namespace summit::recovery
