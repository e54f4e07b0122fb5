// What a restored PostgreSQL database is compared with, and where it differs.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/fingerprint.h"
#include "core/result.h"
#include "recovery/component.h"
#include "stores/postgres/archive_schema.h"
#include "stores/postgres/catalog.h"
#include "stores/postgres/connection.h"
#include "stores/postgres/fingerprint.h"
#include "stores/postgres/passing_rows.h"

namespace summit::recovery {

// What was masked has the fingerprints of the masking stream, in which hypertables are tables yet; everything
// else those of the backup.
std::vector<Fingerprint> expected_after(const std::vector<Fingerprint>& recorded,
                                        const std::vector<Fingerprint>& masked);

// Of a masked restore, after which every large object is there, and nothing in it.
Fingerprint empty_large_objects(const pgarchive::Contents& contents, const postgres::FingerprintScope& scope);

// A view whose rows were out of date when the backup was made comes back refreshed: that is no difference.
// Its rows then are those that its query gives on the restored tables, which are compared for themselves.
Result<void> accept_refreshed_views(postgres::Connection& connection, const postgres::Inventory& inventory,
                                    const postgres::FingerprintScope& scope,
                                    const std::vector<Fingerprint>& recorded,
                                    std::vector<Fingerprint>& found);

// For a search of the database, which reads all of its rows. Null where it reads them in another encoding
// than fingerprints are of.
Result<std::unique_ptr<postgres::PassingRows>> passing_rows(const config::PostgresEndpoint& endpoint,
                                                            const std::string& database,
                                                            const Cancellation& cancellation);
// Of the rows that passed (null: none) nothing is read again. The other tables and the large objects are read
// in the exported snapshot, as fingerprint_data() does.
Result<std::vector<Fingerprint>> fingerprint_unread(const config::PostgresEndpoint& endpoint,
                                                    postgres::Snapshot& snapshot,
                                                    const postgres::Inventory& inventory,
                                                    const postgres::PassingRows* passed,
                                                    const postgres::FingerprintScope& scope, size_t jobs,
                                                    const Cancellation& cancellation, Phase* phase);

// The fingerprints of some tables alone.
std::vector<Fingerprint> of_tables(const std::vector<Fingerprint>& recorded,
                                   const std::set<postgres::RelationName>& tables);

// The backup of a part of a database records no materialized views, whose rows are those of their queries on
// the part, and of core tables no definitions either.
void leave_out_unrecorded(const std::vector<Fingerprint>& recorded, std::vector<Fingerprint>& found);

// Of a component's fingerprints those of one of its databases. `others`: prefixes of the names of the other
// ones; that of the main database is empty.
std::vector<Fingerprint> of_database(const std::vector<Fingerprint>& fingerprints, const std::string& prefix,
                                     const std::vector<std::string>& others);

// Which of a database's fingerprints are compared: a database gets its own grants and comment when it takes
// its place, and not before.
enum class Extent { kWhole, kBeforeItsPlace, kInItsPlace };
void keep(Extent extent, std::vector<Fingerprint>& fingerprints);
// Those of definitions.
std::vector<std::string_view> schema_groups(Extent extent);

// Where definitions were left out, materialized views may have no rows: those are not compared.
void leave_out_empty_views(std::vector<Fingerprint>& recorded, const std::vector<Fingerprint>& found);

// Of targets that some comments do not enter.
void leave_out_comments(std::vector<Fingerprint>& fingerprints);

// Everything that is on one side only or not the same on both; definitions only `with_schema`.
std::vector<Difference> differences(const std::vector<Fingerprint>& recorded,
                                    const std::vector<Fingerprint>& found, bool with_schema);

}  // namespace summit::recovery
