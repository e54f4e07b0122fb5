// Backs up the databases of one PostgreSQL server, and says which of its tables are hypertables.
#pragma once

#include <memory>
#include <string>

#include "backup/component.h"
#include "config/backup_set.h"
#include "config/endpoint.h"

namespace summit::backup {

// One archive a database: `postgres-full.dump` for the main one of the main endpoint, else
// `postgres-<endpoint>-<database>.dump`; roles in `postgres-globals.sql` (`postgres-<endpoint>-globals.sql`),
// without passwords. Snapshots of all databases are exported in cut(); fingerprints and archive come from the
// same snapshot.
//
// Details: "databases" (comma separated, main one first), and for each database D "archive:D", "instant:D",
// "lsn:D", "bytes:D", "extensions:D" ("timescaledb 2.19.3, vector 0.8.0").
std::unique_ptr<Component> make_postgres_component(const config::ComponentSpec& spec,
                                                   const config::PostgresEndpoint& endpoint,
                                                   std::string name);

// Checks that the tables of `spec` are hypertables. Their rows are in the archive of the PostgreSQL
// component: this one writes none, and records what they are. Cut kind kNone. Without the extension it says
// so and claims no hypertable.
std::unique_ptr<Component> make_timescaledb_component(const config::ComponentSpec& spec,
                                                      const config::PostgresEndpoint& endpoint,
                                                      std::string name);

}  // namespace summit::backup
