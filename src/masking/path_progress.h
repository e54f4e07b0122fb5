// How far the paths of a rule have come while somebody walks down a document.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/sanitization.h"

namespace summit::masking {

class PathProgress {
 public:
  // At the document's root. `paths` outlive this, and what is made of it.
  explicit PathProgress(const std::vector<config::JsonPath>& paths);

  // In the child of this key, or of this index when there is no key.
  PathProgress below(const std::string* key, size_t index) const;

  // The first path whose place this is; nothing: none.
  std::optional<size_t> reached() const;

 private:
  // `step` steps of the path have fitted.
  struct Place {
    size_t path;
    size_t step;
  };
  // Nowhere yet.
  explicit PathProgress(const std::vector<config::JsonPath>* paths) : paths_(paths) {}
  void add(Place place);

  const std::vector<config::JsonPath>* paths_;
  std::vector<Place> places_;
};

}  // namespace summit::masking
