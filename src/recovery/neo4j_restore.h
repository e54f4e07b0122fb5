// Neo4j in a restore. The new data are loaded beside the old while the server goes on; it stands still only
// while directories are renamed and while it starts. The old data stay aside until the new database is
// online, and come back when it is not.
#pragma once

#include <memory>
#include <string>

#include "config/endpoint.h"
#include "recovery/component.h"

namespace summit::recovery {

std::unique_ptr<RestoreComponent> make_neo4j_restore(const config::Neo4jEndpoint& endpoint,
                                                     std::string component_name);

}  // namespace summit::recovery
