#include "stores/neo4j/graph_export.h"

#include <algorithm>
#include <optional>
#include <tuple>

#include "stores/neo4j/graph_digests.h"
#include "stores/neo4j/graph_file.h"
#include "stores/neo4j/graph_schema.h"
#include "stores/neo4j/range_reader.h"
#include "stores/neo4j/step_counter.h"

namespace summit::neo4j {

namespace {

Error unexpected() { return Error(Code::kCorrupt, "neo4j gave a row of another shape than was asked for"); }

class Exporter {
 public:
  Exporter(std::span<BoltConnection> connections, const GraphExportOptions& options, GraphWriter& writer,
           GraphDigests digests)
      : connections_(connections),
        bolt_(connections.front()),
        options_(options),
        writer_(writer),
        digests_(std::move(digests)),
        rewrite_(options.rewriter) {}

  Result<void> write_head();
  Result<void> write_nodes(uint64_t expected, StepCounter& counter, const Cancellation& cancellation);
  Result<void> write_relationships(uint64_t expected, StepCounter& counter, const Cancellation& cancellation);
  Result<void> write_cut();
  GraphExport report();

 private:
  const GraphFilter& filter() const { return options_.filter; }
  std::string selected_nodes() const {
    return fmt::format("MATCH {} WHERE {} ", node_pattern(filter(), "n"), node_condition(filter(), "n"));
  }
  // All rows of `match` and `give`; of many elements in ranges of `id`, over all connections.
  struct Query {
    std::string match;
    std::string condition;
    std::string_view id;  // "id(n)"
    std::string_view give;
    uint64_t expected = 0;  // rows; 0: not known
  };
  Result<void> stream(const Query& query, StepCounter& counter, const Cancellation& cancellation,
                      const BoltConnection::RowConsumer& take);
  Result<std::optional<int64_t>> highest(const Query& query);
  Result<void> take_node(bolt::Cursor row);
  Result<void> take_relationship(bolt::Cursor row);
  Result<void> count_incoming();

  std::span<BoltConnection> connections_;
  BoltConnection& bolt_;  // the first of them
  const GraphExportOptions& options_;
  GraphWriter& writer_;
  GraphDigests digests_;
  std::map<std::string, uint64_t, std::less<>> cut_;
  std::vector<Fingerprint> fingerprints_;
  ElementRewrite rewrite_;
};

Result<void> Exporter::write_head() {
  const char* consistency = options_.consistency == Consistency::kSnapshot ? "snapshot" : "read committed";
  RETURN_IF_ERROR(writer_.facts(GraphRecord::kHeader, {{"consistency", Value{std::string(consistency)}},
                                                       {"database", Value{bolt_.database()}},
                                                       {"filtered", Value{!filter().takes_everything()}},
                                                       {"server", Value{bolt_.server()}}}));
  ASSIGN_OR_RETURN(const auto items, read_schema(bolt_, filter()));
  for (const auto& item : items) {
    const bool is_index = item.kind == SchemaKind::kIndex;
    if (options_.rewriter != nullptr) RETURN_IF_ERROR(options_.rewriter->schema(item.facts()));
    RETURN_IF_ERROR(writer_.facts(is_index ? GraphRecord::kIndex : GraphRecord::kConstraint, item.facts()));
    fingerprints_.push_back(schema_fingerprint(options_.store, item.kind, item.identity));
  }
  return {};
}

// The highest id, where ranges of ids are worth reading; nothing where most ids are of elements that are
// gone, or where the server would be silent for minutes: it looks at all elements for it.
Result<std::optional<int64_t>> Exporter::highest(const Query& query) {
  constexpr uint64_t kFewIds = 100'000;
  constexpr uint64_t kMostElements = 100'000'000;
  if (connections_.size() == 1 || !filter().takes_all_nodes() || query.expected > kMostElements)
    return std::optional<int64_t>();
  ASSIGN_OR_RETURN(const auto id, bolt_.scalar(fmt::format("{} RETURN max({})", query.match, query.id)));
  const int64_t highest = id.integer_or(-1);
  if (highest >= 0 && static_cast<uint64_t>(highest) / 4 > query.expected + kFewIds)
    return std::optional<int64_t>();
  return std::optional(highest);
}

Result<void> Exporter::stream(const Query& query, StepCounter& counter, const Cancellation& cancellation,
                              const BoltConnection::RowConsumer& take) {
  const auto counted = [&](bolt::Cursor row) -> Result<void> {
    counter.count();
    RETURN_IF_ERROR(cancellation.check());
    return take(row);
  };
  const auto parameters = filter_parameters(filter());
  ASSIGN_OR_RETURN(const auto highest, this->highest(query));
  if (highest) {
    const auto ranged = fmt::format("{} WHERE {} IN range($first, $last) AND {} RETURN {}", query.match,
                                    query.id, query.condition, query.give);
    return read_in_ranges(connections_, {ranged, parameters, *highest}, counted, cancellation);
  }
  ASSIGN_OR_RETURN(const auto packed, pack(parameters));
  return bolt_.stream(fmt::format("{} WHERE {} RETURN {}", query.match, query.condition, query.give),
                      as_bytes(packed), counted, BoltConnection::Access::kRead);
}

Result<void> Exporter::write_nodes(uint64_t expected, StepCounter& counter,
                                   const Cancellation& cancellation) {
  const Query query{"MATCH " + node_pattern(filter(), "n"), node_condition(filter(), "n"), "id(n)",
                    "id(n), labels(n), properties(n)", expected};
  return stream(query, counter, cancellation, [this](bolt::Cursor row) { return take_node(row); });
}

Result<void> Exporter::take_node(bolt::Cursor row) {
  uint32_t columns = 0;
  int64_t id = 0;
  ByteView labels;
  ByteView properties;
  if (!row.list(columns) || columns != 3 || !row.integer(id) || id < 0 || !row.raw(labels) ||
      !row.raw(properties))
    return unexpected();
  RETURN_IF_ERROR(rewrite_.node(id, labels, properties));
  RETURN_IF_ERROR(digests_.add_node(id, labels, properties));
  return writer_.node(id, labels, properties);
}

Result<void> Exporter::write_relationships(uint64_t expected, StepCounter& counter,
                                           const Cancellation& cancellation) {
  const bool all = filter().takes_all_nodes();
  const std::string relationships = fmt::format("MATCH (n)-{}->(m)", relationship_pattern(filter(), "r"));
  const Query query{all ? relationships : selected_nodes() + relationships, "true", "id(r)",
                    "id(r), id(n), id(m), type(r), properties(r)", expected};
  RETURN_IF_ERROR(
      stream(query, counter, cancellation, [this](bolt::Cursor row) { return take_relationship(row); }));
  return all ? Result<void>() : count_incoming();
}

Result<void> Exporter::take_relationship(bolt::Cursor row) {
  uint32_t columns = 0;
  int64_t id = 0;
  int64_t start = 0;
  int64_t end = 0;
  std::string_view type;
  ByteView properties;
  if (!row.list(columns) || columns != 5 || !row.integer(id) || !row.integer(start) || !row.integer(end) ||
      start < 0 || end < 0 || !row.text(type) || !row.raw(properties))
    return unexpected();
  if (digests_.has_node(start) && digests_.has_node(end)) {
    RETURN_IF_ERROR(rewrite_.relationship(id, type, properties));
    RETURN_IF_ERROR(digests_.add_relationship(start, end, type, properties));
    return writer_.relationship(id, start, end, type, properties);
  }
  if (filter().takes_all_nodes() && options_.consistency == Consistency::kSnapshot) {
    return Error(Code::kBusy, "the graph changed while it was read").hint("stop its writers, and try again");
  }
  const auto found = cut_.find(type);
  ++(found != cut_.end() ? found->second : cut_[std::string(type)]);
  return {};
}

// Outgoing relationships show their cut while they are read; these are the others.
Result<void> Exporter::count_incoming() {
  ASSIGN_OR_RETURN(
      const auto rows,
      bolt_.run(fmt::format("{}MATCH (n)<-{}-(m) WHERE NOT {} RETURN type(r), count(*)", selected_nodes(),
                            relationship_pattern(filter(), "r"), is_selected(filter(), "m")),
                filter_parameters(filter())));
  for (const auto& row : rows)
    cut_[std::string(row[0].text())] += static_cast<uint64_t>(row[1].integer_or(0));
  return {};
}

Result<void> Exporter::write_cut() {
  for (const auto& [type, count] : cut_) RETURN_IF_ERROR(writer_.cut(type, count));
  return writer_.finish();
}

GraphExport Exporter::report() {
  GraphExport result;
  result.nodes = writer_.nodes();
  result.relationships = writer_.relationships();
  result.cut.insert(cut_.begin(), cut_.end());
  digests_.report(options_.store, fingerprints_);
  result.fingerprints = std::move(fingerprints_);
  std::sort(result.fingerprints.begin(), result.fingerprints.end(),
            [](const Fingerprint& a, const Fingerprint& b) {
              return std::tie(a.kind, a.name) < std::tie(b.kind, b.name);
            });
  return result;
}

// How much is to come, for progress: 0 where only reading it would tell.
Result<std::pair<uint64_t, uint64_t>> expected_elements(BoltConnection& bolt, const GraphFilter& filter) {
  if (!filter.takes_all_nodes()) return std::pair(uint64_t{0}, uint64_t{0});
  ASSIGN_OR_RETURN(const auto nodes, bolt.scalar("MATCH (n) RETURN count(n)"));
  ASSIGN_OR_RETURN(const auto relationships, bolt.scalar(fmt::format("MATCH ()-{}->() RETURN count(r)",
                                                                     relationship_pattern(filter, "r"))));
  return std::pair(static_cast<uint64_t>(nodes.integer_or(0)),
                   static_cast<uint64_t>(relationships.integer_or(0)));
}

}  // namespace

Result<GraphExport> export_graph(std::span<BoltConnection> connections, const GraphExportOptions& options,
                                 const std::function<Result<void>(ByteView)>& consume, Reporter& reporter,
                                 const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(const auto expected, expected_elements(connections.front(), options.filter),
                   "while counting the graph");
  ASSIGN_OR_RETURN(auto digests, GraphDigests::create(options.scratch));
  GraphWriter writer(consume);
  Exporter exporter(connections, options, writer, std::move(digests));
  RETURN_IF_ERROR(exporter.write_head(), "while {} the schema", options.activity);
  {
    StepCounter counter(reporter.phase(options.store, options.activity + " nodes", "nodes"), expected.first);
    RETURN_IF_ERROR(exporter.write_nodes(expected.first, counter, cancellation), "while {} nodes",
                    options.activity);
  }
  {
    StepCounter counter(reporter.phase(options.store, options.activity + " relationships", "relationships"),
                        expected.second);
    RETURN_IF_ERROR(exporter.write_relationships(expected.second, counter, cancellation),
                    "while {} relationships", options.activity);
  }
  RETURN_IF_ERROR(exporter.write_cut());
  return exporter.report();
}

}  // namespace summit::neo4j
