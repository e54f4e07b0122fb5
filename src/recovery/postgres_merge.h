// Puts the rows of one tenant or project back into the live databases of one PostgreSQL server, beside those
// of others (stores/postgres/merge/merge.h).
#pragma once

#include <memory>
#include <string>

#include "config/endpoint.h"
#include "recovery/component.h"

namespace summit::recovery {

// plan() reads the backup into temporary tables of a session of its own and compares, which takes as long as
// reading the backup; restore() uses what lies there. Goes by merge_rules() of backup_owner.h.
std::unique_ptr<RestoreComponent> make_postgres_merge(const config::PostgresEndpoint& endpoint,
                                                      std::string component_name);

}  // namespace summit::recovery
