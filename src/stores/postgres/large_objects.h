// Large objects, read through their own interface in pieces.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "core/fingerprint.h"
#include "core/result.h"
#include "stores/postgres/connection.h"

namespace summit::postgres {

// Up to 1 MiB of one.
struct LargeObjectPart {
  uint32_t oid = 0;
  ByteView bytes;  // valid during the call only
  bool first = false;
  bool last = false;
};

// The oids that the connection's snapshot shows, ascending.
Result<std::vector<uint32_t>> list_large_objects(Connection& connection);

// Gives the parts of one object after the other, in any order of objects; kCorrupt when one of them is not
// there. The connection streams in binary form (Connection::Options::binary_results). Holds
// one part.
Result<void> read_large_objects(Connection& connection, std::span<const uint32_t> objects,
                                const std::function<Result<void>(const LargeObjectPart&)>& consume);

// One element for each large object. Format: docs/formats/fingerprint.md, "PostgreSQL rows".
class LargeObjectHasher {
 public:
  void add(const LargeObjectPart& part);
  const SetHash& hash() const { return hash_; }

 private:
  Sha256 content_;
  SetHash hash_;
};

// Adds one element for each large object that the connection's snapshot shows.
Result<void> hash_large_objects(Connection& connection, SetHash& hash);

}  // namespace summit::postgres
