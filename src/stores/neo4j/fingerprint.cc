#include "stores/neo4j/fingerprint.h"

#include <algorithm>
#include <map>

#include "stores/neo4j/canonical.h"
#include "stores/neo4j/marker.h"
#include "stores/neo4j/node_digests.h"
#include "stores/neo4j/server.h"

namespace summit::neo4j {
namespace {

// Progress is told in steps: one call a row would cost more than the row.
constexpr uint64_t kProgressStep = 1000;

class Counter {
 public:
  Counter(std::unique_ptr<Phase> phase, uint64_t total) : phase_(std::move(phase)) {
    phase_->set_total(total);
  }
  ~Counter() { phase_->advance(pending_); }
  Counter(const Counter&) = delete;
  Counter& operator=(const Counter&) = delete;

  void count() {
    if (++pending_ < kProgressStep) return;
    phase_->advance(std::exchange(pending_, 0));
  }

 private:
  std::unique_ptr<Phase> phase_;
  uint64_t pending_ = 0;
};

using Sets = std::map<std::string, SetHash, std::less<>>;

SetHash& set_of(Sets& sets, std::string_view name) {
  const auto found = sets.find(name);
  return found != sets.end() ? found->second : sets.emplace(name, SetHash()).first->second;
}

class GraphReader {
 public:
  GraphReader(HttpApi& api, NodeDigests digests) : api_(api), digests_(std::move(digests)) {}

  Result<void> read_nodes(Counter& counter, const Cancellation& cancellation) {
    const auto take = [&](const Row& row) -> Result<void> {
      counter.count();
      return take_node(row);
    };
    return api_.stream("MATCH (n) RETURN id(n), labels(n), properties(n)", {}, take, cancellation);
  }

  Result<void> read_relationships(Counter& counter, const Cancellation& cancellation) {
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

// What makes two indexes or constraints the same, as canonical bytes of a list of the named columns.
Fingerprint schema_fingerprint(std::string_view store, const char* kind, const Row& row) {
  std::string bytes;
  append_canonical(Value{Value::List(row.begin(), row.end())}, bytes);
  SetHash set;
  set.add(as_bytes(bytes));
  return {std::string(store), kind, std::string(row.front().text()), 1, set.hex()};
}

Result<void> read_schema(HttpApi& api, std::string_view store, std::vector<Fingerprint>& fingerprints,
                         const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(
      const auto indexes,
      api.run(
          "SHOW INDEXES YIELD name, type, entityType, labelsOrTypes, properties, owningConstraint, options "
          "RETURN name, type, entityType, labelsOrTypes, properties, owningConstraint, options",
          {}, cancellation));
  for (const auto& row : indexes) fingerprints.push_back(schema_fingerprint(store, "index", row));
  ASSIGN_OR_RETURN(
      const auto constraints,
      api.run("SHOW CONSTRAINTS YIELD name, type, entityType, labelsOrTypes, properties, ownedIndex, "
              "propertyType "
              "RETURN name, type, entityType, labelsOrTypes, properties, ownedIndex, propertyType",
              {}, cancellation));
  for (const auto& row : constraints) fingerprints.push_back(schema_fingerprint(store, "constraint", row));
  return {};
}

}  // namespace

Result<std::vector<Fingerprint>> fingerprint_graph(HttpApi& api, std::string_view store,
                                                   const fs::path& scratch, Reporter& reporter,
                                                   const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(const auto counts, count_elements(api, cancellation));
  ASSIGN_OR_RETURN(auto digests, NodeDigests::create(scratch));
  GraphReader reader(api, std::move(digests));
  {
    Counter counter(reporter.phase(store, "fingerprinting nodes", "nodes"), counts.nodes);
    RETURN_IF_ERROR(reader.read_nodes(counter, cancellation), "while fingerprinting nodes");
  }
  {
    Counter counter(reporter.phase(store, "fingerprinting relationships", "relationships"),
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
