// Neo4j in a backup: a hot copy of the running server, recovered in a scratch server, fingerprinted and
// dumped. Of a filtered set a part is read from the scratch server instead (neo4j_graph.h).
//
// Artifacts: `neo4j.dump`, which a stock `neo4j-admin database load` takes, and with a sealing key
// `neo4j-system.dump.enc`, the users and their password hashes. The instant is when the transaction logs were
// cut: everything committed by then is in the dump.
#pragma once

#include <memory>
#include <string>

#include "backup/component.h"
#include "config/backup_set.h"
#include "config/endpoint.h"

namespace summit::backup {

std::unique_ptr<Component> make_neo4j_component(const config::ComponentSpec& spec,
                                                const config::Neo4jEndpoint& endpoint, std::string name);

}  // namespace summit::backup
