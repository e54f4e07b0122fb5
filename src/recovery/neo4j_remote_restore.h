// A graph file restored over Bolt, into a server whose files cannot be reached from here (neo4j_restore.h
// exchanges files): in a container, in a pod.
//
// The database must be empty but for the marker, because here nothing could put old data back. Users and
// roles stay the target's. Masked it is refused: others would see what is not certified yet.
#pragma once

#include <memory>
#include <string>

#include "config/endpoint.h"
#include "recovery/component.h"

namespace summit::recovery {

std::unique_ptr<RestoreComponent> make_neo4j_remote_restore(const config::Neo4jEndpoint& endpoint,
                                                            std::string component_name);

}  // namespace summit::recovery
