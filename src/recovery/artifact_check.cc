#include "recovery/artifact_check.h"

namespace summit::recovery {

ArtifactCheck::ArtifactCheck(const repository::BackupReader& backup,
                             const std::vector<std::string>& components, size_t jobs, Reporter& reporter,
                             const Cancellation& cancellation)
    : reading_(cancellation) {
  std::vector<const repository::Artifact*> artifacts;
  for (const auto& name : components) {
    const auto* record = backup.metadata().find(name);
    if (record == nullptr) continue;
    for (const auto& artifact : record->artifacts) artifacts.push_back(&artifact);
  }
  reading_.spawn([this, &backup, &reporter, jobs, artifacts = std::move(artifacts)]() -> Result<void> {
    const auto phase = reporter.phase("backup", "checking its artifacts");
    uint64_t bytes = 0;
    for (const auto* artifact : artifacts) bytes += artifact->size;
    phase->set_total(bytes);
    const auto count = [&phase](ByteView block) -> Result<void> {
      phase->advance(block.size());
      return {};
    };
    return parallel_for(
        artifacts.size(), jobs,
        [&](size_t index) { return backup.read(artifacts[index]->name, count, reading_.cancellation()); },
        reading_.cancellation());
  });
}

}  // namespace summit::recovery
