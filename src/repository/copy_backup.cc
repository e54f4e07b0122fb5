#include "repository/copy_backup.h"

namespace summit::repository {
namespace {

Result<void> copy_artifact(const BackupReader& from, const Artifact& artifact, BackupWriter& writer,
                           Phase& phase, const Cancellation& cancellation) {
  if (writer.adopt(artifact)) {
    phase.advance(artifact.size);
    return {};
  }
  ASSIGN_OR_RETURN(const auto sink, writer.create(artifact.name, artifact.component));
  RETURN_IF_ERROR(from.read(
      artifact.name,
      [&](ByteView bytes) {
        phase.advance(bytes.size());
        return sink->write(bytes);
      },
      cancellation));
  ASSIGN_OR_RETURN(const auto written, sink->finish());
  if (written.size == artifact.size && written.sha256 == artifact.sha256) return {};
  return Error(Code::kCorrupt, "{} arrived with another content", artifact.name);
}

}  // namespace

Result<BackupMetadata> copy_backup(const BackupReader& from, BackupRepository& to, Reporter& reporter,
                                   const Cancellation& cancellation) {
  auto metadata = from.metadata();
  metadata.layout = to.layout();
  ASSIGN_OR_RETURN(const auto writer, to.begin_copy(metadata), "while copying {}", metadata.id);
  const auto phase = reporter.phase(metadata.id, fmt::format("copying to {}", to.describe()));
  phase->set_total(metadata.total_size());
  for (const auto& component : metadata.components)
    for (const auto& artifact : component.artifacts)
      RETURN_IF_ERROR(copy_artifact(from, artifact, *writer, *phase, cancellation), "while copying {} of {}",
                      artifact.name, metadata.id);
  RETURN_IF_ERROR(cancellation.check());
  RETURN_IF_ERROR(writer->commit(metadata), "while committing the copy of {}", metadata.id);
  for (const auto& warning : writer->warnings()) reporter.warn(warning);
  return metadata;
}

}  // namespace summit::repository
