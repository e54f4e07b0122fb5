// The platform's audit log: entry after entry, each with the hash of the one before
// (docs/formats/audit-chain.md).
//
// The file and the table are written from two walks over the same chain.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "devtools/sample/world.h"

namespace summit::sample {

struct AuditEntry {
  uint64_t seq = 0;
  int64_t at = 0;  // microseconds since 1970
  std::string tenant;
  std::string actor;
  std::string action;
  std::optional<std::string> target;
  std::optional<std::string> ip;
  std::string prev_hash;
  std::string hash;

  // As a line of the file, without the line end.
  std::string to_json() const;
};

class AuditChain {
 public:
  explicit AuditChain(const World& world) : world_(world) {}

  uint64_t length() const { return world_.scaled(2000); }
  // Call it length() times.
  AuditEntry next();

 private:
  const World& world_;
  uint64_t seq_ = 0;
  std::string last_hash_ = std::string(64, '0');
};

}  // namespace summit::sample
