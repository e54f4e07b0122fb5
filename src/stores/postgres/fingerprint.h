// Fingerprints of a database's data: one a table, one a sequence, one for all large objects.
// Format: docs/formats/fingerprint.md, "PostgreSQL rows". Schema: schema_facts.h.
#pragma once

#include <string>
#include <vector>

#include "core/cancellation.h"
#include "core/fingerprint.h"
#include "core/progress.h"
#include "core/result.h"
#include "formats/pgarchive/contents.h"
#include "stores/postgres/catalog.h"
#include "stores/postgres/snapshot.h"

namespace summit::postgres {

struct FingerprintScope {
  std::string store;   // Fingerprint::store
  std::string prefix;  // before each name: empty for the main database, else "database/"
};

// Reads every table of `inventory`, and the large objects, in the exported snapshot `snapshot`, on up to
// `jobs` connections, largest first. Reports bytes of the server's storage to `phase` when it is given.
// kDenied when a row-level policy would hide rows, kBusy when a schema change keeps a table locked for
// `lock_timeout`.
Result<std::vector<Fingerprint>> fingerprint_data(const config::PostgresEndpoint& endpoint,
                                                  const std::string& database, const std::string& snapshot,
                                                  const Inventory& inventory, const FingerprintScope& scope,
                                                  size_t jobs, const Cancellation& cancellation,
                                                  Phase* phase = nullptr,
                                                  std::chrono::milliseconds lock_timeout = kLockPatience);

// As they are recorded.
Fingerprint table_fingerprint(const Table& table, const FingerprintScope& scope, const SetHash& rows);
Fingerprint large_objects_fingerprint(const FingerprintScope& scope, const SetHash& objects);

// The rows that the query of a materialized view gives now, as if it had just been refreshed.
Result<Fingerprint> fingerprint_refreshed_view(Connection& connection, const Table& view,
                                               const FingerprintScope& scope);

// Sequences are outside of transactions: their values are those that the dump took, so they are read from its
// table of contents when a backup is made, and from the server when a restore is compared.
Result<std::vector<Fingerprint>> fingerprint_sequences(const pgarchive::Contents& contents,
                                                       const FingerprintScope& scope);
Result<std::vector<Fingerprint>> fingerprint_sequences(Connection& connection, const FingerprintScope& scope);

}  // namespace summit::postgres
