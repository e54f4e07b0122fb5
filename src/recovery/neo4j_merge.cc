#include "recovery/neo4j_merge.h"

#include <algorithm>

#include "backup/neo4j_graph.h"
#include "recovery/backup_owner.h"
#include "recovery/graph_store.h"
#include "stores/neo4j/graph_merge.h"
#include "stores/neo4j/server.h"

namespace summit::recovery {

namespace {

std::vector<RowChanges> rows_in(const neo4j::GraphMergeReport& report) {
  std::vector<RowChanges> rows;
  for (const auto& one : report.changes)
    rows.push_back({one.name, one.backed_up, one.created, one.changed, one.deleted, 0});
  return rows;
}

class Neo4jMerge final : public RestoreComponent {
 public:
  Neo4jMerge(config::Neo4jEndpoint endpoint, std::string name)
      : endpoint_(std::move(endpoint)), name_(std::move(name)) {}

  std::string name() const override { return name_; }

  Result<PlanStep> plan(RestoreContext& context) override {
    RETURN_IF_ERROR(open(context));
    ASSIGN_OR_RETURN(const auto preview, neo4j::preview_merge(endpoint_, source(context), options(context),
                                                              context.reporter, context.cancellation));
    PlanStep step;
    step.target = fmt::format("the graph of {} {} in database {} at {}", owner_.kind, owner_.id,
                              endpoint_.database, endpoint_.bolt_uri);
    step.rows = rows_in(preview);
    step.bytes = artifact_->size;
    describe(preview, step);
    return step;
  }

  Result<void> restore(RestoreContext& context, const std::optional<config::EnvironmentMarker>&) override {
    RETURN_IF_ERROR(open(context));
    ASSIGN_OR_RETURN(const auto report, neo4j::merge_graph(endpoint_, source(context), options(context),
                                                           context.reporter, context.cancellation));
    rows_ = rows_in(report);
    proofs_ = {fmt::format("the graph of {} {} is that of the backup", owner_.kind, owner_.id)};
    if (report.writes() && !report.others_changed) {
      proofs_.push_back(fmt::format("{} nodes and {} relationships of others are as they were{}",
                                    report.others_after.nodes, report.others_after.relationships,
                                    report.others_compared ? "" : ", by their counts"));
    }
    if (report.writes() && !report.others_changed && report.nodes_of_several > 0) {
      proofs_.push_back(
          fmt::format("{} nodes that belong to others too are as they were, {} of them not as in the backup",
                      report.nodes_of_several, report.differing_of_several));
    }
    if (report.others_changed) {
      context.reporter.warn(
          fmt::format("{}: the graph of others changed meanwhile, from {} nodes and {} relationships to {} "
                      "and {}: somebody else wrote",
                      name_, report.others_before.nodes, report.others_before.relationships,
                      report.others_after.nodes, report.others_after.relationships));
    }
    return {};
  }

  // The merge compared every element in the transaction that wrote it. From its end on the graph is live, and
  // to change is no difference.
  Result<std::vector<Difference>> compare(RestoreContext&) override { return std::vector<Difference>(); }

  Result<std::vector<std::string>> probe(RestoreContext& context) override {
    std::vector<std::string> lines = proofs_;
    ASSIGN_OR_RETURN(auto bolt, neo4j::BoltConnection::open(endpoint_, context.cancellation));
    ASSIGN_OR_RETURN(const auto indexes, neo4j::index_states(bolt));
    const auto online =
        std::count_if(indexes.begin(), indexes.end(), [](const auto& one) { return one.state == "ONLINE"; });
    lines.push_back(fmt::format("neo4j {} answers, {} of {} indexes are online", neo4j::server_version(bolt),
                                online, indexes.size()));
    return lines;
  }

  std::vector<RowChanges> rows() const override { return rows_; }

 private:
  Result<void> open(const RestoreContext& context) {
    const auto& metadata = context.backup.metadata();
    owner_ = owner_of(metadata).value_or(BackupOwner());
    const auto* record = metadata.find(name_);
    artifact_ = record ? graph_artifact(*record) : nullptr;
    if (artifact_ == nullptr) {
      return Error(Code::kNotFound, "backup {} holds no graph of {}", metadata.id, name_)
          .hint(fmt::format("summit-dr info {}", metadata.id));
    }
    if (context.masking != nullptr) {
      return Error(Code::kRefused, "the graph of one {} is put back beside others only as it is, not masked",
                   owner_.kind)
          .hint("restore a backup of the set full, which is masked as a whole");
    }
    ASSIGN_OR_RETURN(const auto* rules, merge_rules(context.configuration, metadata, name_));
    filter_ = backup::graph_filter(*rules, owner_.id);
    return {};
  }

  neo4j::GraphSource source(RestoreContext& context) const {
    return [&context, name = artifact_->name](const std::function<Result<void>(ByteView)>& consume) {
      return context.backup.read(name, consume, context.cancellation);
    };
  }

  neo4j::GraphMergeOptions options(const RestoreContext& context) const {
    neo4j::GraphMergeOptions options;
    options.store = name_;
    options.filter = filter_;
    options.scratch = context.workspace;
    return options;
  }

  void describe(const neo4j::GraphMergeReport& preview, PlanStep& step) const {
    // Measured on two cores: elements are compared, written, and read once more by the proof.
    constexpr double kBytesPerSecond = 5e6;
    uint64_t created = 0;
    uint64_t changed = 0;
    uint64_t deleted = 0;
    for (const auto& one : preview.changes) {
      created += one.created;
      changed += one.changed;
      deleted += one.deleted;
    }
    step.overwrites = fmt::format("{} nodes changed, {} nodes and relationships deleted, {} created", changed,
                                  deleted, created);
    step.overwrites_something = preview.writes() && preview.owned_nodes > 0;
    step.predicted = Seconds(1.0 + static_cast<double>(step.bytes) / kBytesPerSecond);
    if (preview.writes() && preview.owned_nodes == 0) {
      step.notes.push_back(
          fmt::format("{} {} has no node here now: there is nothing to save, and to put back later",
                      owner_.kind, owner_.id));
    }
    if (preview.differing_of_several > 0) {
      step.notes.push_back(
          fmt::format("{} nodes that belong to others too differ from the backup, and stay as "
                      "they are",
                      preview.differing_of_several));
    }
    for (const auto& [type, count] : preview.severed) {
      step.notes.push_back(fmt::format(
          "{} relationships of type {} to nodes of others go with the nodes that are deleted", count, type));
    }
  }

  config::Neo4jEndpoint endpoint_;
  std::string name_;
  BackupOwner owner_;
  neo4j::GraphFilter filter_;
  const repository::Artifact* artifact_ = nullptr;  // of the backup's metadata, which outlives this
  std::vector<RowChanges> rows_;
  std::vector<std::string> proofs_;
};

}  // namespace

std::unique_ptr<RestoreComponent> make_neo4j_merge(const config::Neo4jEndpoint& endpoint,
                                                   std::string component_name) {
  return std::make_unique<Neo4jMerge>(endpoint, std::move(component_name));
}

}  // namespace summit::recovery
