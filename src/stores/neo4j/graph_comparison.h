// What differs between the part of a graph in a file and the same part of a live graph.
//
// Nodes are the same that a uniqueness constraint of the live graph says are; others when labels and
// properties are equal. Relationships are the same when their ends, type and properties are. Which of several
// equal ones is meant makes no difference.
//
// What belongs to several owners (is_of_several) is only ever missing: such a node is never to be changed or
// deleted, nor a relationship between two of them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/files.h"
#include "core/fingerprint.h"
#include "stores/neo4j/graph_export.h"
#include "stores/neo4j/graph_import.h"
#include "stores/neo4j/graph_schema.h"
#include "stores/neo4j/id_map.h"
#include "stores/neo4j/id_table.h"
#include "stores/neo4j/spilled_records.h"

namespace summit::neo4j {

// What becomes of the elements of one kind.
struct ElementChanges {
  std::string name;  // "(:Entity:Person)", "-[:RELATED_TO]->"
  uint64_t backed_up = 0;
  uint64_t created = 0;
  uint64_t changed = 0;  // nodes; a relationship that differs is deleted and created
  uint64_t deleted = 0;
};

// One thread at a time. Memory: one of each kind of element; the rest, some 100 bytes an element, is in files
// below the scratch directory.
class GraphComparison {
 public:
  // Reads the file and the part of the live graph that the filter selects, each once. `options` are those of
  // an export of that part.
  static Result<GraphComparison> make(BoltConnection& live, const GraphSource& backup,
                                      const GraphExportOptions& options, Reporter& reporter,
                                      const Cancellation& cancellation);

  // The live node that is the node of the file, if there is one.
  struct Partner {
    int64_t id = 0;
    bool stays = false;  // it is equal, or of several owners
  };
  std::optional<Partner> partner_of(int64_t node) const;
  // Of the relationships in the order of the file.
  bool lacks_relationship(uint64_t ordinal) const;
  // Ids of live elements that the file does not have. A node's relationships go with it and are not listed.
  Result<std::span<int64_t>> surplus_nodes() { return surplus_nodes_.sorted(); }
  Result<std::span<int64_t>> surplus_relationships() { return surplus_relationships_.sorted(); }

  // Ids of the live part's nodes that belong to several owners.
  Result<std::span<int64_t>> nodes_of_several() { return nodes_of_several_.sorted(); }
  // How many of them differ from the file, or are not in it; and relationships between them. All stay.
  uint64_t differing_nodes_of_several() const { return differing_nodes_of_several_; }
  uint64_t differing_relationships_of_several() const { return differing_relationships_of_several_; }

  // By kind of element, nodes first.
  const std::vector<ElementChanges>& changes() const { return changes_; }
  // How many nodes the part of the live graph has.
  uint64_t live_nodes() const { return live_nodes_; }
  // Indexes and constraints of the file.
  const std::vector<SchemaItem>& schema() const { return schema_; }
  // Of the file: nodes, relationships, labels and types.
  const std::vector<Fingerprint>& fingerprints() const { return fingerprints_; }

 private:
  class Sides;
  GraphComparison(IdMap partners, IdTable lacking, SpilledRecords<int64_t> nodes,
                  SpilledRecords<int64_t> relationships, SpilledRecords<int64_t> nodes_of_several)
      : partners_(std::move(partners)),
        lacking_(std::move(lacking)),
        surplus_nodes_(std::move(nodes)),
        surplus_relationships_(std::move(relationships)),
        nodes_of_several_(std::move(nodes_of_several)) {}

  Result<void> find_nodes_of_several(BoltConnection& live, const GraphFilter& filter);

  IdMap partners_;   // by node of the file; the lowest bit says "stays"
  IdTable lacking_;  // by ordinal: one byte
  SpilledRecords<int64_t> surplus_nodes_;
  SpilledRecords<int64_t> surplus_relationships_;
  SpilledRecords<int64_t> nodes_of_several_;
  uint64_t differing_nodes_of_several_ = 0;
  uint64_t differing_relationships_of_several_ = 0;
  std::vector<ElementChanges> changes_;
  uint64_t live_nodes_ = 0;
  std::vector<SchemaItem> schema_;
  std::vector<Fingerprint> fingerprints_;
};

}  // namespace summit::neo4j
