// Neo4j in a restore of what the vendor's own backup command left: the files go into a private directory, the
// endpoint's restore_command takes them from there (stores/neo4j/vendor_command.h).
//
// The server is stopped before and started afterwards where the endpoint says how; it is started also when
// the command failed. The old data are the command's to keep or to overwrite. Masked it is refused: nothing
// here reads the vendor's format.
#pragma once

#include <memory>
#include <string>

#include "config/endpoint.h"
#include "recovery/component.h"

namespace summit::recovery {

std::unique_ptr<RestoreComponent> make_neo4j_vendor_restore(const config::Neo4jEndpoint& endpoint,
                                                            std::string component_name);

}  // namespace summit::recovery
