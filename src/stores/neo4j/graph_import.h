// Fills a database from a graph file (docs/formats/graph.md) over Bolt, into an empty one or beside what is
// there.
//
// Nothing of ours is left in the graph: where each node went is kept in a file beside us. An interrupted
// import leaves whole batches behind; delete_selected() or an empty database is where to begin again.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "config/endpoint.h"
#include "core/bytes.h"
#include "core/cancellation.h"
#include "core/files.h"
#include "core/progress.h"
#include "core/result.h"

namespace summit::neo4j {

struct GraphImportOptions {
  std::string store = "neo4j";  // for progress
  size_t connections = 2;       // that create elements; relationships use two at most (creation_rounds.h)
  size_t batch_rows = 5000;
  bool with_schema = true;  // constraints and indexes, after the data
  fs::path scratch;         // a directory for 8 bytes a node
};

struct GraphImport {
  uint64_t nodes = 0;
  uint64_t relationships = 0;
  std::vector<std::string> created;  // constraints and indexes that the target did not have
};

// Gives the whole graph file in order to `consume`.
using GraphSource = std::function<Result<void>(const std::function<Result<void>(ByteView)>& consume)>;

// The file is read once. kAlreadyExists, before anything is written, when the target has another index or
// constraint of the same name; kCorrupt for a file that is none or has no end; kFailed with the server's code
// when a constraint of the target is violated.
Result<GraphImport> import_graph(const config::Neo4jEndpoint& endpoint, const GraphSource& source,
                                 const GraphImportOptions& options, Reporter& reporter,
                                 const Cancellation& cancellation);

}  // namespace summit::neo4j
