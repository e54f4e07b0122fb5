// The release of a Neo4j, and what the statements we send depend on in it.
//
// All that differs between the supported releases (5.8 to 5.26) is told here, by the version that the server
// gives when it is connected to; nothing is found out by a statement that fails.
#pragma once

#include <compare>
#include <cstdint>
#include <string_view>

namespace summit::neo4j {

struct Release {
  int64_t major = 0;
  int64_t minor = 0;
  int64_t patch = 0;

  // "5.26.30", "5.27-aura"; what is no number counts as 0.
  static Release of(std::string_view version);

  auto operator<=>(const Release&) const = default;

  // Whether constraints on the type of a property exist, and SHOW CONSTRAINTS has the column `propertyType`.
  bool knows_property_types() const { return *this >= Release{5, 9, 0}; }
};

}  // namespace summit::neo4j
