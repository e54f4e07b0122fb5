#include "masking/path_progress.h"

#include <algorithm>

namespace summit::masking {

using config::JsonStep;

PathProgress::PathProgress(const std::vector<config::JsonPath>& paths) : paths_(&paths) {
  for (size_t i = 0; i < paths.size(); ++i) places_.push_back({i, 0});
}

// `..a` in an object inside an object gets to the same place in several ways.
void PathProgress::add(Place place) {
  const bool known = std::any_of(places_.begin(), places_.end(), [&](const Place& other) {
    return other.path == place.path && other.step == place.step;
  });
  if (!known) places_.push_back(place);
}

PathProgress PathProgress::below(const std::string* key, size_t index) const {
  PathProgress next(paths_);
  for (const auto& [path, step] : places_) {
    if (step == (*paths_)[path].size()) continue;
    const JsonStep& wanted = (*paths_)[path][step];
    const bool anywhere = wanted.kind == JsonStep::Kind::kAnywhere;
    const bool named = wanted.kind == JsonStep::Kind::kKey || anywhere;
    if ((named && key != nullptr && *key == wanted.name) || wanted.kind == JsonStep::Kind::kAnyChild ||
        (wanted.kind == JsonStep::Kind::kElement && key == nullptr && index == wanted.index))
      next.add({path, step + 1});
    if (anywhere) next.add({path, step});
  }
  return next;
}

std::optional<size_t> PathProgress::reached() const {
  std::optional<size_t> first;
  for (const auto& [path, step] : places_) {
    if (step == (*paths_)[path].size() && (!first || path < *first)) first = path;
  }
  return first;
}

}  // namespace summit::masking
