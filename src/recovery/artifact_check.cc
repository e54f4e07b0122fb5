#include "recovery/artifact_check.h"

#include "core/task_group.h"

namespace summit::recovery {

Result<void> check_artifacts(const RestorePlan& plan, Reporter& reporter, const Cancellation& cancellation) {
  std::vector<const repository::Artifact*> artifacts;
  uint64_t bytes = 0;
  for (const auto& planned : plan.components) {
    const auto* record = plan.backup->metadata().find(planned.name);
    if (record == nullptr) continue;
    for (const auto& artifact : record->artifacts) {
      artifacts.push_back(&artifact);
      bytes += artifact.size;
    }
  }
  const auto phase = reporter.phase("backup", "checking its artifacts");
  phase->set_total(bytes);
  return parallel_for(
      artifacts.size(), plan.request.jobs,
      [&](size_t index) {
        const auto count = [&](ByteView block) -> Result<void> {
          phase->advance(block.size());
          return {};
        };
        return plan.backup->read(artifacts[index]->name, count, cancellation);
      },
      cancellation);
}

}  // namespace summit::recovery
