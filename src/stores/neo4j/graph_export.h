// Captures a graph, or a part of it, over Bolt as a graph file (docs/formats/graph.md), and fingerprints it
// in the same pass.
//
// Reads are read committed: a snapshot only on a server that nobody writes to, such as a scratch server on a
// hot copy. What is recorded is what the caller says.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/bytes.h"
#include "core/cancellation.h"
#include "core/files.h"
#include "core/fingerprint.h"
#include "core/progress.h"
#include "core/result.h"
#include "stores/neo4j/bolt_connection.h"
#include "stores/neo4j/graph_filter.h"
#include "stores/neo4j/graph_rewrite.h"

namespace summit::neo4j {

enum class Consistency { kSnapshot, kReadCommitted };

struct GraphExportOptions {
  std::string store = "neo4j";         // in fingerprints and progress
  std::string activity = "exporting";  // in progress and errors
  GraphFilter filter{};
  Consistency consistency = Consistency::kSnapshot;
  fs::path scratch;                   // a directory for 16 bytes a node
  GraphRewriter* rewriter = nullptr;  // null: as they are; else fingerprints are of what it makes
};

struct GraphExport {
  uint64_t nodes = 0;
  uint64_t relationships = 0;
  // By type: relationships left out because one end was not selected; on a server that is written to, also
  // those whose end came or went meanwhile.
  std::map<std::string, uint64_t> cut;
  // Of what was written; sorted by kind and name.
  std::vector<Fingerprint> fingerprints;
};

// Servers use one core a connection; more than these would take too much of one that others work with.
inline constexpr size_t kExportConnections = 2;

// `consume` gets whole records, about 256 KiB at a time; of the same graph always the same ones in the same
// order. kBusy when the graph changes under a snapshot. `connections`, one at least, are to the same
// database: the elements of a whole graph are read over all of them, those of a part over the first.
Result<GraphExport> export_graph(std::span<BoltConnection> connections, const GraphExportOptions& options,
                                 const std::function<Result<void>(ByteView)>& consume, Reporter& reporter,
                                 const Cancellation& cancellation);
inline Result<GraphExport> export_graph(BoltConnection& bolt, const GraphExportOptions& options,
                                        const std::function<Result<void>(ByteView)>& consume,
                                        Reporter& reporter, const Cancellation& cancellation) {
  return export_graph(std::span(&bolt, 1), options, consume, reporter, cancellation);
}

}  // namespace summit::neo4j
