// Restores selected tables of an archive into a database that stays, in one transaction.
//
// Tables that are there are emptied and filled again; those that are not are created, with their indexes,
// constraints, triggers and grants. Readers of these tables wait for the end; everybody else goes on. Foreign
// keys from and to other tables are checked anew at the end: should one not hold, nothing has changed.
#pragma once

#include <chrono>
#include <set>
#include <string>
#include <vector>

#include "config/endpoint.h"
#include "core/cancellation.h"
#include "core/files.h"
#include "core/progress.h"
#include "core/result.h"
#include "formats/pgarchive/contents.h"
#include "stores/postgres/catalog.h"
#include "stores/postgres/load.h"
#include "stores/postgres/table_selection.h"

namespace summit::postgres {

struct ForeseenTables {
  std::vector<RelationName> replaced;  // emptied and filled again, partitioned tables with their partitions
  std::vector<RelationName> created;
  std::vector<std::string> sentences;  // for the plan
};

struct SelectedRestore {
  std::string database;  // exists
  ArchiveSource archive;
  TableSelection selection;
  uint64_t archive_bytes = 0;                // for progress; 0: not known
  const ForeseenTables* foreseen = nullptr;  // of the plan that somebody agreed to; null: none
  bool terminate_connections = false;
  std::chrono::milliseconds lock_timeout{10'000};  // for tables that others hold and may keep
  fs::path workspace;
};

struct SelectedRestored {
  Loaded loaded;
  std::set<RelationName> tables;
  std::set<RelationName> not_compared;  // of these: a part of a partitioned table has no hash in the backup
  std::vector<std::string> notes;
};

// Partitions that the archive does not know keep their rows. kRefused when a foreign key would not hold, or
// when other tables are there than were foreseen; kBusy when somebody holds one of the tables, kNotFound for
// a database or table that is not there. Values of sequences that belong to the tables never go back: a
// number that was given out is not given out again.
Result<SelectedRestored> restore_selected(const config::PostgresEndpoint& endpoint,
                                          const SelectedRestore& restore, Reporter& reporter,
                                          const std::string& store, const Cancellation& cancellation);

// What such a restore would do, found without changing anything.
Result<ForeseenTables> foresee_selected(const config::PostgresEndpoint& endpoint, const std::string& database,
                                        const pgarchive::Contents& contents, const TableSelection& selection);

}  // namespace summit::postgres
