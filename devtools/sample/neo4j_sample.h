// Fills an empty Neo4j database with the sample platform's graph.
#pragma once

#include "config/endpoint.h"
#include "core/result.h"
#include "devtools/sample/world.h"

namespace summit::sample {

// The graph is tied to PostgreSQL by ids: User.id = users.id, Entity.id = entities.id, Investigation.id =
// investigations.id. kAlreadyExists when there are nodes.
Result<void> fill_neo4j(const config::Neo4jEndpoint& endpoint, const World& world);

}  // namespace summit::sample
