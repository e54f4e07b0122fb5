// The mark that says which environment a store belongs to. `summit-dr env adopt` writes it into each store;
// it stays out of backups, and a restore rewrites it, because every other identity of a server is cloned by a
// restore.
#pragma once

#include <string>

namespace summit::config {

struct EnvironmentMarker {
  std::string environment;  // "dev"
  std::string kind;         // name_of(EnvironmentClass)
  std::string adopted_at;   // RFC 3339
  std::string identity;     // random, 32 hexadecimal digits, one per adoption

  friend bool operator==(const EnvironmentMarker&, const EnvironmentMarker&) = default;
};

}  // namespace summit::config
