// The roles of a backed up PostgreSQL server, which a restore creates where they are missing.
#pragma once

#include <string>

#include "config/endpoint.h"
#include "core/result.h"
#include "recovery/component.h"
#include "repository/metadata.h"

namespace summit::recovery {

// The statements that create them; with passwords, unless the restore is masked or the backup's secrets
// cannot be read, which is a warning then. Empty when the backup holds none.
Result<std::string> globals_text(const RestoreContext& context, const repository::ComponentRecord& record,
                                 const config::PostgresEndpoint& endpoint);

// What is there stays as it is.
Result<void> create_roles(const RestoreContext& context, const repository::ComponentRecord& record,
                          const config::PostgresEndpoint& endpoint);

}  // namespace summit::recovery
