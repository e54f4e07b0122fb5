// The fingerprints of a graph whose elements stream by: nodes first, then relationships. Definitions:
// docs/formats/fingerprint.md, "Neo4j graph".
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/fingerprint.h"
#include "core/result.h"
#include "formats/bolt/packstream.h"
#include "stores/neo4j/canonical.h"
#include "stores/neo4j/node_digests.h"

namespace summit::neo4j {

// One thread at a time. Memory: the sets; 16 bytes a node are in a file below `scratch`.
class GraphDigests {
 public:
  static Result<GraphDigests> create(const fs::path& scratch);

  // `labels` is an encoded list, `properties` an encoded map.
  Result<void> add_node(int64_t id, ByteView labels, ByteView properties);
  // The same of a node whose digest (ElementDigester::node) is known.
  Result<void> add_node(int64_t id, const std::vector<std::string_view>& labels, const Sha256Digest& digest);
  bool has_node(int64_t id) const { return digests_.get(static_cast<uint64_t>(id)).has_value(); }
  // Both ends must have been added.
  Result<void> add_relationship(int64_t start, int64_t end, std::string_view type, ByteView properties);

  // Of the graph, labels and types; by kind and name.
  void report(std::string_view store, std::vector<Fingerprint>& fingerprints) const;

 private:
  explicit GraphDigests(NodeDigests digests) : digests_(std::move(digests)) {}

  using Sets = std::map<std::string, SetHash, std::less<>>;
  static SetHash& set_of(Sets& sets, std::string_view name);

  NodeDigests digests_;
  ElementDigester digester_;
  std::vector<std::string_view> labels_of_node_;
  SetHash nodes_;
  SetHash relationships_;
  Sets labels_;
  Sets types_;
};

}  // namespace summit::neo4j
