#include "stores/neo4j/fingerprint.h"

#include <algorithm>
#include <map>

#include "stores/neo4j/canonical.h"
#include "stores/neo4j/graph_schema.h"
#include "stores/neo4j/marker.h"
#include "stores/neo4j/node_digests.h"
#include "stores/neo4j/server.h"
#include "stores/neo4j/step_counter.h"

namespace summit::neo4j {
namespace {

using Sets = std::map<std::string, SetHash, std::less<>>;

SetHash& set_of(Sets& sets, std::string_view name) {
  const auto found = sets.find(name);
  return found != sets.end() ? found->second : sets.emplace(name, SetHash()).first->second;
}

class GraphFingerprints {
 public:
  GraphFingerprints(HttpApi& api, NodeDigests digests) : api_(api), digests_(std::move(digests)) {}

  Result<void> read_nodes(StepCounter& counter, const Cancellation& cancellation) {
    const auto take = [&](const Row& row) -> Result<void> {
      counter.count();
      return take_node(row);
    };
    return api_.stream("MATCH (n) RETURN id(n), labels(n), properties(n)", {}, take, cancellation);
  }

  Result<void> read_relationships(StepCounter& counter, const Cancellation& cancellation) {
    const auto take = [&](const Row& row) -> Result<void> {
      counter.count();
      return take_relationship(row);
    };
    return api_.stream("MATCH ()-[r]->() RETURN type(r), properties(r), id(startNode(r)), id(endNode(r))", {},
                       take, cancellation);
  }

  void report(std::string_view store, std::vector<Fingerprint>& fingerprints) const {
    const auto add = [&](const char* kind, std::string_view name, const SetHash& set) {
      fingerprints.push_back({std::string(store), kind, std::string(name), set.count(), set.hex()});
    };
    add("graph", "nodes", nodes_);
    add("graph", "relationships", relationships_);
    for (const auto& [label, set] : labels_) add("label", label, set);
    for (const auto& [type, set] : types_) add("relationship_type", type, set);
  }

 private:
  static Error unexpected() {
    return Error(Code::kCorrupt, "neo4j gave a row of another shape than was asked for");
  }

  Result<void> take_node(const Row& row) {
    if (row.size() != 3 || !row[0].as<int64_t>() || !row[1].as<Value::List>()) return unexpected();
    std::vector<std::string> labels;
    for (const auto& label : *row[1].as<Value::List>()) labels.emplace_back(label.text());
    if (std::find(labels.begin(), labels.end(), kMarkerLabel) != labels.end()) return {};
    const auto digest = node_digest(labels, row[2]);
    nodes_.add(digest);
    for (const auto& label : labels) set_of(labels_, label).add(digest);
    if (labels.empty()) set_of(labels_, "").add(digest);
    return digests_.set(static_cast<uint64_t>(*row[0].as<int64_t>()), digest);
  }

  Result<void> take_relationship(const Row& row) {
    if (row.size() != 4 || !row[2].as<int64_t>() || !row[3].as<int64_t>()) return unexpected();
    const auto start = digests_.get(static_cast<uint64_t>(*row[2].as<int64_t>()));
    const auto end = digests_.get(static_cast<uint64_t>(*row[3].as<int64_t>()));
    if (!start || !end) {
      return Error(Code::kBusy, "the graph changed while it was read")
          .hint("stop its writers, and compare again");
    }
    const auto digest = relationship_digest(row[0].text(), row[1], *start, *end);
    relationships_.add(digest);
    set_of(types_, row[0].text()).add(digest);
    return {};
  }

  HttpApi& api_;
  NodeDigests digests_;
  SetHash nodes_;
  SetHash relationships_;
  Sets labels_;
  Sets types_;
};

Result<void> read_schema(HttpApi& api, std::string_view store, std::vector<Fingerprint>& fingerprints,
                         const Cancellation& cancellation) {
  for (const auto kind : {SchemaKind::kIndex, SchemaKind::kConstraint}) {
    ASSIGN_OR_RETURN(
        const auto rows,
        api.run(fmt::format("SHOW {0} YIELD {1} RETURN {1}",
                            kind == SchemaKind::kIndex ? "INDEXES" : "CONSTRAINTS", identity_columns(kind)),
                {}, cancellation));
    for (const auto& row : rows) fingerprints.push_back(schema_fingerprint(store, kind, row));
  }
  return {};
}

}  // namespace

Result<std::vector<Fingerprint>> fingerprint_graph(HttpApi& api, std::string_view store,
                                                   const fs::path& scratch, Reporter& reporter,
                                                   const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(const auto counts, count_elements(api, cancellation));
  ASSIGN_OR_RETURN(auto digests, NodeDigests::create(scratch));
  GraphFingerprints reader(api, std::move(digests));
  {
    StepCounter counter(reporter.phase(store, "fingerprinting nodes", "nodes"), counts.nodes);
    RETURN_IF_ERROR(reader.read_nodes(counter, cancellation), "while fingerprinting nodes");
  }
  {
    StepCounter counter(reporter.phase(store, "fingerprinting relationships", "relationships"),
                        counts.relationships);
    RETURN_IF_ERROR(reader.read_relationships(counter, cancellation), "while fingerprinting relationships");
  }
  std::vector<Fingerprint> fingerprints;
  reader.report(store, fingerprints);
  RETURN_IF_ERROR(read_schema(api, store, fingerprints, cancellation), "while fingerprinting the schema");
  std::sort(fingerprints.begin(), fingerprints.end(), [](const Fingerprint& a, const Fingerprint& b) {
    return std::tie(a.kind, a.name) < std::tie(b.kind, b.name);
  });
  return fingerprints;
}

}  // namespace summit::neo4j
