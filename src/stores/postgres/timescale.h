// What a restore of a database with TimescaleDB does beside others.
#pragma once

#include <string>

#include "config/endpoint.h"
#include "core/cancellation.h"
#include "core/result.h"
#include "formats/pgarchive/contents.h"
#include "stores/postgres/connection.h"
#include "stores/postgres/load_plan.h"

namespace summit::postgres {

// Whether the database of `connection` has the extension.
Result<bool> has_timescale(Connection& connection);

// Creates the extension, in the source's version because its catalogs are restored as data, and puts the
// database into the state in which they may be. `version` empty: the server's default. Gives the schema that
// the extension is in.
Result<std::string> begin_timescale_restore(const config::PostgresEndpoint& endpoint,
                                            const std::string& database, const pgarchive::Contents& contents,
                                            const std::string& version, const Cancellation& cancellation);
// Jobs change rows, and what they change would not be what was backed up: where `jobs_wait`, they stay
// stopped until start_timescale_workers().
Result<void> end_timescale_restore(const config::PostgresEndpoint& endpoint, const std::string& database,
                                   const std::string& schema, bool jobs_wait,
                                   const Cancellation& cancellation);
Result<void> start_timescale_workers(Connection& connection);

// Takes out of `plan` the foreign keys that refer to hypertables, with their comments: TimescaleDB looks into
// the chunks, and copies the keys to them, only when it is at work again, after end_timescale_restore().
struct KeysToHypertables {
  LoadPlan::Entries keys;
  LoadPlan::Entries comments;
};
Result<KeysToHypertables> take_keys_to_hypertables(const config::PostgresEndpoint& endpoint,
                                                   const std::string& database, LoadPlan& plan,
                                                   const Cancellation& cancellation);

// What begin_timescale_restore() has made already.
bool made_by_timescale(const pgarchive::Entry& entry, const std::string& schema);

}  // namespace summit::postgres
