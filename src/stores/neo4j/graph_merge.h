// Puts one owner's nodes and relationships back into a live graph, beside those of others.
//
// What is as in the file is not written; missing elements are created, different ones changed, others of the
// owner deleted; what belongs to several is created where it is missing, and never more. All in one
// transaction, which proves its work before it commits. So a merge that is killed has changed nothing, and
// nothing of ours is ever in the graph.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/endpoint.h"
#include "core/cancellation.h"
#include "core/files.h"
#include "core/progress.h"
#include "core/result.h"
#include "stores/neo4j/graph_comparison.h"
#include "stores/neo4j/graph_filter.h"
#include "stores/neo4j/graph_import.h"

namespace summit::neo4j {

struct GraphMergeOptions {
  std::string store = "neo4j";  // for progress
  GraphFilter filter{};         // with an owner; the one that the file was made with
  size_t batch_rows = 5000;
  fs::path scratch;  // a directory for some 100 bytes an element
};

struct GraphMergeReport {
  std::vector<ElementChanges> changes;
  // By type: relationships of nodes that go to nodes of others. They go, too.
  std::map<std::string, uint64_t> severed;
  uint64_t owned_nodes = 0;  // of the owner, before
  // Of them, those that belong to others too: never changed or deleted; and how many of these differ from the
  // file, or are not in it.
  uint64_t nodes_of_several = 0;
  uint64_t differing_of_several = 0;
  // After a merge: nodes and relationships of others, before and after. Nodes of several owners are among
  // them, with their relationships to nodes of others alone.
  GraphSelection others_before;
  GraphSelection others_after;
  // Whether all properties of others were compared too: not in a graph of more than five million elements.
  bool others_compared = false;
  bool others_changed = false;  // somebody wrote meanwhile

  bool writes() const;
};

// What merge_graph would do now; changes nothing. kRefused for a filter without owner, when nodes of others
// have unique values now that the file's need, and when relationships lead from them to nodes that would go;
// kBusy and errors of export_graph() and import_graph() as theirs.
Result<GraphMergeReport> preview_merge(const config::Neo4jEndpoint& endpoint, const GraphSource& backup,
                                       const GraphMergeOptions& options, Reporter& reporter,
                                       const Cancellation& cancellation);

// Reads the file several times. What passes by itself (a deadlock with other writers, an element that
// changed since it was read) is tried again from the start, with pauses. kRefused as preview_merge, kFailed
// when somebody else takes a unique value of the file meanwhile.
Result<GraphMergeReport> merge_graph(const config::Neo4jEndpoint& endpoint, const GraphSource& backup,
                                     const GraphMergeOptions& options, Reporter& reporter,
                                     const Cancellation& cancellation);

}  // namespace summit::neo4j
