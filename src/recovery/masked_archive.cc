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

std::vector<HeldArchive> held_archives(const repository::BackupMetadata& metadata) {
  constexpr std::string_view kArchive = "archive:";
  std::vector<HeldArchive> archives;
  for (const auto& component : metadata.components) {
    if (component.kind != "postgresql") continue;
    for (const auto& [name, value] : component.details) {
      if (name.starts_with(kArchive))
        archives.push_back({component.name, name.substr(kArchive.size()), value});
    }
  }
  return archives;
}

postgres::ArchiveSource source_of(const repository::BackupReader& backup, const HeldArchive& archive,
                                  const Cancellation& cancellation) {
  return
      [&backup, name = archive.artifact, cancellation](const std::function<Result<void>(ByteView)>& consume) {
        return backup.read(name, consume, cancellation);
      };
}

}  // namespace summit::recovery
