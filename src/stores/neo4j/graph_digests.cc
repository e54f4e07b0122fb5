#include "stores/neo4j/graph_digests.h"

namespace summit::neo4j {

Result<GraphDigests> GraphDigests::create(const fs::path& scratch) {
  ASSIGN_OR_RETURN(auto digests, NodeDigests::create(scratch));
  return GraphDigests(std::move(digests));
}

SetHash& GraphDigests::set_of(Sets& sets, std::string_view name) {
  const auto found = sets.find(name);
  return found != sets.end() ? found->second : sets.emplace(name, SetHash()).first->second;
}

Result<void> GraphDigests::add_node(int64_t id, ByteView labels, ByteView properties) {
  ASSIGN_OR_RETURN(const auto digest,
                   digester_.node(bolt::Cursor(labels), bolt::Cursor(properties), labels_of_node_));
  return add_node(id, labels_of_node_, digest);
}

Result<void> GraphDigests::add_node(int64_t id, const std::vector<std::string_view>& labels,
                                    const Sha256Digest& digest) {
  nodes_.add(digest);
  for (const auto label : labels) set_of(labels_, label).add(digest);
  if (labels.empty()) set_of(labels_, "").add(digest);
  return digests_.set(static_cast<uint64_t>(id), digest);
}

Result<void> GraphDigests::add_relationship(int64_t start, int64_t end, std::string_view type,
                                            ByteView properties) {
  const auto start_digest = digests_.get(static_cast<uint64_t>(start));
  const auto end_digest = digests_.get(static_cast<uint64_t>(end));
  if (!start_digest || !end_digest)
    return Error(Code::kCorrupt, "a relationship has an end that has not come");
  ASSIGN_OR_RETURN(const auto digest,
                   digester_.relationship(type, bolt::Cursor(properties), *start_digest, *end_digest));
  relationships_.add(digest);
  set_of(types_, type).add(digest);
  return {};
}

void GraphDigests::report(std::string_view store, std::vector<Fingerprint>& fingerprints) const {
  const auto add = [&](const char* kind, std::string_view name, const SetHash& set) {
    fingerprints.push_back({std::string(store), kind, std::string(name), set.count(), set.hex()});
  };
  add("graph", "nodes", nodes_);
  add("graph", "relationships", relationships_);
  for (const auto& [label, set] : labels_) add("label", label, set);
  for (const auto& [type, set] : types_) add("relationship_type", type, set);
}

}  // namespace summit::neo4j
