// Fingerprints of a graph and its schema. Format: docs/formats/fingerprint.md, "Neo4j graph".
#pragma once

#include <string_view>
#include <vector>

#include "config/endpoint.h"
#include "core/cancellation.h"
#include "core/files.h"
#include "core/fingerprint.h"
#include "core/progress.h"
#include "core/result.h"

namespace summit::neo4j {

// Reads all nodes once and all relationships once. Kinds "graph" (nodes, relationships), "label",
// "relationship_type", "index", "constraint", ordered by kind and name. The environment marker is left out.
// Exact only when nobody writes meanwhile: kBusy when a relationship's node was not there when the nodes were
// read. `scratch` takes 16 bytes a node.
Result<std::vector<Fingerprint>> fingerprint_graph(const config::Neo4jEndpoint& endpoint,
                                                   std::string_view store, const fs::path& scratch,
                                                   Reporter& reporter, const Cancellation& cancellation);

}  // namespace summit::neo4j
