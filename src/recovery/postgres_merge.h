// Puts the rows of one tenant or project back into the live databases of one PostgreSQL server, beside those
// of others (stores/postgres/merge/merge.h).
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "config/endpoint.h"
#include "recovery/component.h"

namespace summit::recovery {

// Whose rows a backup holds.
struct BackupOwner {
  std::string kind;  // "tenant", "project"
  std::string id;
};
// Nothing for a backup that belongs to nobody alone.
std::optional<BackupOwner> owner_of(const repository::BackupMetadata& metadata);

// The set by whose rules the rows were chosen: that of the backup, or, for a safety backup, the one that asks
// for the same id. Null when there is none.
const config::BackupSet* set_of(const config::Configuration& configuration,
                                const repository::BackupMetadata& metadata);

// plan() reads the backup into temporary tables of a session of its own and compares, which takes as long as
// reading the backup; restore() uses what lies there. kConfig when no set of the configuration says by which
// rules the rows were chosen.
std::unique_ptr<RestoreComponent> make_postgres_merge(const config::PostgresEndpoint& endpoint,
                                                      std::string component_name);

}  // namespace summit::recovery
