// Puts the graph of one tenant or project back into the live graph of a Neo4j server, beside those of others
// (stores/neo4j/graph_merge.h).
#pragma once

#include <memory>
#include <string>

#include "config/endpoint.h"
#include "recovery/component.h"

namespace summit::recovery {

// plan() and restore() each read the backup and the owner's part of the live graph, and compare. kConfig when
// no set of the configuration says by which rules the nodes were chosen.
std::unique_ptr<RestoreComponent> make_neo4j_merge(const config::Neo4jEndpoint& endpoint,
                                                   std::string component_name);

}  // namespace summit::recovery
