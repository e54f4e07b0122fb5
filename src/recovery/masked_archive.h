// One PostgreSQL archive of a backup, looked through and ready to be masked.
#pragma once

#include <memory>

#include "masking/session.h"
#include "recovery/masking_audit.h"
#include "recovery/row_reduction.h"
#include "stores/postgres/archive_schema.h"
#include "stores/postgres/archive_source.h"

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

}  // namespace summit::recovery
