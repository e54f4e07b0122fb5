#include "stores/neo4j/release.h"

#include <limits>

#include "core/text.h"

namespace summit::neo4j {

Release Release::of(std::string_view version) {
  // What does not say its number is taken for the newest: it knows everything that we ask.
  if (version.empty() || !is_digit(version.front()))
    return {.major = std::numeric_limits<int64_t>::max(), .minor = 0, .patch = 0};
  Release release;
  for (int64_t* part : {&release.major, &release.minor, &release.patch}) {
    const size_t point = version.find('.');
    *part = parse_number<int64_t>(leading_number(version.substr(0, point))).value_or(0);
    if (point == std::string_view::npos) break;
    version.remove_prefix(point + 1);
  }
  return release;
}

}  // namespace summit::neo4j
