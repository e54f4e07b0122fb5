// Restores the databases of one PostgreSQL server (stores/postgres/restore.h) and compares them with the
// backup.
#pragma once

#include <memory>
#include <string>

#include "config/endpoint.h"
#include "recovery/component.h"

namespace summit::recovery {

// `component_name` is the backup's component. Its main database becomes the endpoint's main one, whatever
// both are called; the others keep their names. Roles that are missing are created first, with their
// passwords when the backup's secrets hold them and the key is at hand.
std::unique_ptr<RestoreComponent> make_postgres_restore(const config::PostgresEndpoint& endpoint,
                                                        std::string component_name);

}  // namespace summit::recovery
