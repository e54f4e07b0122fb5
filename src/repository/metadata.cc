#include "repository/metadata.h"

#include <algorithm>

namespace summit::repository {

std::string_view name_of(Status status) {
  switch (status) {
    case Status::kComplete:
      return "complete";
    case Status::kPartial:
      return "partial";
    case Status::kFailed:
      return "failed";
    case Status::kAbsent:
      return "absent";
  }
  return "failed";
}

const ComponentRecord* BackupMetadata::find(std::string_view component) const {
  const auto found = std::ranges::find(components, component, &ComponentRecord::name);
  return found == components.end() ? nullptr : &*found;
}

uint64_t BackupMetadata::total_size() const {
  uint64_t total = 0;
  for (const auto& component : components)
    for (const auto& artifact : component.artifacts) total += artifact.size;
  return total;
}

}  // namespace summit::repository
