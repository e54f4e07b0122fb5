// One PostgreSQL archive of a backup, looked through and ready to be masked.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "masking/session.h"
#include "recovery/masking_audit.h"
#include "recovery/row_reduction.h"
#include "repository/backup_repository.h"
#include "stores/postgres/archive_schema.h"
#include "stores/postgres/load.h"

namespace summit::recovery {

// Immutable; the reduction points into its schema, so it stays where it was made.
struct MaskedArchive {
  pgarchive::Contents contents;
  postgres::ArchiveSchema schema;
  std::unique_ptr<RowReduction> reduction;
  MaskingAudit audit;
};

// Reads the archive at least once. kRefused when the rules contradict its definitions (masking_conflicts.h).
// What the audit found is for the caller to judge: check_audit(). `session` outlives it.
Result<std::unique_ptr<MaskedArchive>> prepare_masked(const postgres::ArchiveSource& source,
                                                      const masking::Session& session, const Looking& looking,
                                                      Reporter& reporter, const Cancellation& cancellation);

// A PostgreSQL archive that a backup holds.
struct HeldArchive {
  std::string component;  // "postgresql"
  std::string database;   // "summit_dev"
  std::string artifact;   // "postgres-full.dump"
};
std::vector<HeldArchive> held_archives(const repository::BackupMetadata& metadata);

// Its bytes, always read to their end, which proves them: what is given away masked cannot be taken back.
// `backup` outlives it.
postgres::ArchiveSource source_of(const repository::BackupReader& backup, const HeldArchive& archive,
                                  const Cancellation& cancellation);

}  // namespace summit::recovery
