// Neo4j in a backup by the vendor's own online backup, for the Enterprise edition: `method: command` runs the
// endpoint's backup_command (stores/neo4j/vendor_command.h), and what that leaves becomes the artifacts.
//
// A file is called as the command called it, with the component before it when that is not plainly `neo4j`;
// one that is no .backup gets `.vendor` behind it. The instant is the command's own and known only to lie
// between its begin and end; there are no fingerprints, because nothing here reads the vendor's format.
#pragma once

#include <memory>
#include <string>

#include "backup/component.h"
#include "config/endpoint.h"

namespace summit::backup {

std::unique_ptr<Component> make_command_graph_component(const config::Neo4jEndpoint& endpoint,
                                                        std::string name);

}  // namespace summit::backup
