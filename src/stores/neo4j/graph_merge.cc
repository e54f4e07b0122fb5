#include "stores/neo4j/graph_merge.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "core/backoff.h"
#include "stores/neo4j/merge_writer.h"
#include "stores/neo4j/nodes_by_id.h"
#include "stores/neo4j/unique_values.h"

namespace summit::neo4j {

namespace {

constexpr RetrySettings kRetries{
    .attempts = 8, .base = std::chrono::milliseconds(200), .longest = std::chrono::seconds(10)};
// Above it, reading everything of others twice would take longer than anybody waits for a tenant.
constexpr uint64_t kMostCompared = 5'000'000;

GraphExportOptions part_of(const GraphMergeOptions& options, bool others) {
  GraphExportOptions part;
  part.store = options.store;
  part.filter = options.filter;
  part.filter.all_others = others;
  part.consistency = Consistency::kReadCommitted;
  part.scratch = options.scratch;
  return part;
}

// Without indexes and constraints, which belong to all. By kind and name, as `all` is.
std::vector<Fingerprint> of_elements(const std::vector<Fingerprint>& all) {
  std::vector<Fingerprint> elements;
  for (const auto& one : all) {
    if (one.kind != "index" && one.kind != "constraint")
      elements.push_back({{}, one.kind, one.name, one.count, one.hash});
  }
  return elements;
}

bool writes(const std::vector<ElementChanges>& changes) {
  return std::any_of(changes.begin(), changes.end(),
                     [](const ElementChanges& one) { return one.created + one.changed + one.deleted > 0; });
}

bool changes_nodes(const std::vector<ElementChanges>& changes) {
  return std::any_of(changes.begin(), changes.end(),
                     [](const ElementChanges& one) { return one.changed > 0; });
}

// What must be the same before and after.
struct Others {
  GraphSelection counts;
  std::vector<Fingerprint> prints;  // empty where reading all of them takes too long
  SetHash of_several;
};

class Merge {
 public:
  Merge(BoltConnection& bolt, const GraphSource& backup, const GraphMergeOptions& options, Reporter& reporter,
        const Cancellation& cancellation)
      : bolt_(bolt), backup_(backup), options_(options), reporter_(reporter), cancellation_(cancellation) {}

  Result<GraphMergeReport> preview() {
    ASSIGN_OR_RETURN(auto comparison, compare());
    return describe(comparison);
  }

  // One attempt. Whatever fails is rolled back.
  Result<GraphMergeReport> apply() {
    ASSIGN_OR_RETURN(auto comparison, compare());
    ASSIGN_OR_RETURN(auto report, describe(comparison));
    if (report.writes()) {
      RETURN_IF_ERROR(bolt_.begin());
      auto written = write(comparison, report);
      if (!written.ok()) {
        static_cast<void>(bolt_.rollback().ok());  // the server does it, too, when the connection ends
        return std::move(written).error();
      }
      RETURN_IF_ERROR(bolt_.commit());
    }
    RETURN_IF_ERROR(complete_schema(comparison));
    return report;
  }

 private:
  Result<GraphComparison> compare() {
    return GraphComparison::make(bolt_, backup_, part_of(options_, false), reporter_, cancellation_);
  }

  Result<GraphMergeReport> describe(GraphComparison& comparison) {
    GraphMergeReport report;
    report.changes = comparison.changes();
    report.owned_nodes = comparison.live_nodes();
    ASSIGN_OR_RETURN(const auto several, comparison.nodes_of_several());
    report.nodes_of_several = several.size();
    report.differing_of_several = comparison.differing_nodes_of_several();
    ASSIGN_OR_RETURN(auto severed, count_severed(bolt_, options_.filter, comparison));
    report.severed = std::move(severed.to_others);
    RETURN_IF_ERROR(refuse_conflicts(comparison, severed));
    return report;
  }

  // What would fail in the middle, or take from others what is theirs.
  Result<void> refuse_conflicts(const GraphComparison& comparison, const SeveredRelationships& severed) {
    std::vector<std::string> conflicts;
    for (const auto& [type, count] : severed.from_others) {
      conflicts.push_back(fmt::format(
          "{} relationships of type {} lead from nodes of others to nodes that the backup does not "
          "have and that would be deleted",
          count, type));
    }
    if (writes(comparison.changes())) {
      ASSIGN_OR_RETURN(const auto keys, live_keys());
      ASSIGN_OR_RETURN(const auto taken,
                       find_taken_values(bolt_, backup_, comparison, options_.filter, keys));
      conflicts.insert(conflicts.end(), taken.begin(), taken.end());
    }
    if (conflicts.empty()) return {};
    return Error(Code::kRefused, "nothing was changed: {}", fmt::join(conflicts, "; "))
        .hint("settle these nodes and relationships by hand, and restore again");
  }

  Result<NodeKeys> live_keys() {
    ASSIGN_OR_RETURN(const auto schema, read_schema(bolt_));
    return NodeKeys(schema);
  }

  Result<void> write(GraphComparison& comparison, GraphMergeReport& report) {
    ASSIGN_OR_RETURN(const auto before, look_at_others(comparison));
    MergeWriter writer(bolt_, comparison, options_.filter, options_.batch_rows);
    RETURN_IF_ERROR(writer.delete_surplus());
    if (changes_nodes(comparison.changes())) {
      ASSIGN_OR_RETURN(const auto keys, live_keys());
      RETURN_IF_ERROR(release_values(bolt_, backup_, comparison, keys));
    }
    {
      const auto phase = reporter_.phase(options_.store, "putting nodes and relationships back", "bytes");
      GraphReader reader(writer);
      const auto consume = [&](ByteView block) -> Result<void> {
        RETURN_IF_ERROR(cancellation_.check());
        phase->advance(block.size());
        return reader.write(block);
      };
      RETURN_IF_ERROR(backup_(consume), "while reading the backup");
      RETURN_IF_ERROR(reader.finish(), "while reading the backup");
    }
    RETURN_IF_ERROR(writer.finish());
    RETURN_IF_ERROR(prove(comparison));
    ASSIGN_OR_RETURN(const auto after, look_at_others(comparison));
    report.others_before = before.counts;
    report.others_after = after.counts;
    report.others_compared = !before.prints.empty() && !after.prints.empty();
    report.others_changed = before.prints != after.prints || before.of_several != after.of_several ||
                            before.counts.nodes != after.counts.nodes ||
                            before.counts.relationships != after.counts.relationships;
    return {};
  }

  // Indexes and constraints belong to all: only where nobody else is, those of the file are made.
  Result<void> complete_schema(const GraphComparison& comparison) {
    const auto& prints = comparison.fingerprints();
    const auto nodes = std::find_if(prints.begin(), prints.end(), [](const Fingerprint& one) {
      return one.kind == "graph" && one.name == "nodes";
    });
    ASSIGN_OR_RETURN(const auto all, bolt_.scalar(fmt::format("MATCH (n) WHERE {} RETURN count(n)",
                                                              node_condition({}, "n"))));
    if (nodes == prints.end() || all.integer_or(-1) != static_cast<int64_t>(nodes->count)) return {};
    ASSIGN_OR_RETURN(const auto present, read_schema(bolt_));
    ASSIGN_OR_RETURN(const auto missing, missing_schema(comparison.schema(), present));
    return create_schema(bolt_, missing, cancellation_);
  }

  // Before the commit: the owner's part of the graph is that of the file, but for what belongs to several.
  Result<void> prove(const GraphComparison& comparison) {
    ASSIGN_OR_RETURN(const auto found, read(part_of(options_, false)));
    if (of_elements(found) == of_elements(comparison.fingerprints())) return {};
    if (comparison.differing_nodes_of_several() + comparison.differing_relationships_of_several() > 0) {
      ASSIGN_OR_RETURN(const auto rest, compare());
      if (!writes(rest.changes())) return {};
    }
    return Error(Code::kBusy, "the owner's part of the graph is not that of the backup after it was written")
        .hint("somebody writes the same nodes: stop the owner's writers, and restore again");
  }

  // Counts, and hashes where that does not take too long. Nodes of several owners are asked for by their ids:
  // which of them are in the owner's part changes with the relationships that go and come.
  Result<Others> look_at_others(GraphComparison& comparison) {
    ASSIGN_OR_RETURN(const auto several, comparison.nodes_of_several());
    auto part = part_of(options_, true);
    part.filter.without.assign(several.begin(), several.end());
    Others others;
    ASSIGN_OR_RETURN(others.counts, count_selected(bolt_, part.filter));
    if (others.counts.nodes + others.counts.relationships <= kMostCompared) {
      ASSIGN_OR_RETURN(const auto found, read(part));
      others.prints = of_elements(found);
    }
    ASSIGN_OR_RETURN(const auto shared, look_at_nodes(bolt_, several, part.filter));
    others.of_several = shared.hash;
    others.counts.nodes += shared.hash.count();
    others.counts.relationships += shared.relationships;
    return others;
  }

  Result<std::vector<Fingerprint>> read(const GraphExportOptions& part) {
    ASSIGN_OR_RETURN(
        auto exported,
        export_graph(bolt_, part, [](ByteView) { return Result<void>(); }, reporter_, cancellation_));
    return std::move(exported.fingerprints);
  }

  BoltConnection& bolt_;
  const GraphSource& backup_;
  const GraphMergeOptions& options_;
  Reporter& reporter_;
  const Cancellation& cancellation_;
};

Result<BoltConnection> open_for(const config::Neo4jEndpoint& endpoint, const GraphMergeOptions& options,
                                const Cancellation& cancellation) {
  if (!options.filter.owner)
    return Error(Code::kRefused, "only an owner's part of a graph is put back beside others");
  return BoltConnection::open(endpoint, cancellation);
}

// A transaction that is too large for the server's memory will not pass by itself.
Result<GraphMergeReport> without_hope(Error error) {
  if (error.message().find("MemoryPoolOutOfMemory") == std::string::npos &&
      error.message().find("TransactionOutOfMemory") == std::string::npos)
    return error;
  return Error(Code::kFailed, "{}", error.message())
      .hint("one transaction holds all changes: raise server.memory.heap.max_size of the server");
}

}  // namespace

bool GraphMergeReport::writes() const { return neo4j::writes(changes); }

Result<GraphMergeReport> preview_merge(const config::Neo4jEndpoint& endpoint, const GraphSource& backup,
                                       const GraphMergeOptions& options, Reporter& reporter,
                                       const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto bolt, open_for(endpoint, options, cancellation));
  return Merge(bolt, backup, options, reporter, cancellation).preview();
}

Result<GraphMergeReport> merge_graph(const config::Neo4jEndpoint& endpoint, const GraphSource& backup,
                                     const GraphMergeOptions& options, Reporter& reporter,
                                     const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto bolt, open_for(endpoint, options, cancellation));
  Backoff backoff(kRetries);
  while (true) {
    auto merged = Merge(bolt, backup, options, reporter, cancellation).apply();
    if (merged.ok() || merged.error().code() != Code::kBusy) return merged;
    auto judged = without_hope(std::move(merged).error());
    if (judged.error().code() != Code::kBusy) return judged;
    reporter.detail(fmt::format("{}: again, because {}", options.store, judged.error().message()));
    ASSIGN_OR_RETURN(const bool again, backoff.wait({}, cancellation));
    if (!again) return judged;
  }
}

}  // namespace summit::neo4j
