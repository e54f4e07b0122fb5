#include "recovery/masked_archive.h"

#include "recovery/masking_conflicts.h"
#include "stores/postgres/archive_reading.h"

namespace summit::recovery {

Result<std::unique_ptr<MaskedArchive>> prepare_masked(const postgres::ArchiveSource& source,
                                                      const masking::Session& session, const Looking& looking,
                                                      Reporter& reporter, const Cancellation& cancellation) {
  auto archive = std::make_unique<MaskedArchive>();
  ASSIGN_OR_RETURN(archive->contents, postgres::read_contents(source));
  archive->schema = postgres::read_archive_schema(archive->contents);
  RETURN_IF_ERROR(check_rules_fit(archive->schema, session));
  ASSIGN_OR_RETURN(auto reduction,
                   RowReduction::plan(source, archive->schema, session, reporter, cancellation));
  archive->reduction = std::make_unique<RowReduction>(std::move(reduction));
  ASSIGN_OR_RETURN(archive->audit,
                   audit_archive(source, archive->contents, archive->schema, *archive->reduction, session,
                                 looking, reporter, cancellation));
  return archive;
}

}  // namespace summit::recovery
