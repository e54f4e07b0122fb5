// Fingerprints of a Redis server's data: one for each database that holds keys, one for its functions.
// Format: docs/formats/fingerprint.md, "Redis keys".
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/fingerprint.h"
#include "core/result.h"
#include "core/time.h"
#include "formats/rdb/canonical.h"
#include "formats/rdb/reader.h"
#include "stores/redis/rdb_source.h"

namespace summit::redis {

// Gathers the fingerprints from the records of an RDB, in one pass, beside whatever else uses them. Own keys
// do not count.
//
// Keys expire while a backup rests: two servers are compared by giving both the same `not_expired_at`, later
// than the instants of both; keys (and fields of hashes) that expire before it count on neither side. Access
// times and frequencies never count. Not thread-safe.
class Fingerprinter {
 public:
  explicit Fingerprinter(std::optional<Instant> not_expired_at = {});

  // Any record, in the order of the file.
  Result<void> add(const rdb::Record& record);

  // Ordered: kind "key_space" with names "db0", "db1", …, and kind "functions" with name "libraries"; none
  // for what is empty.
  std::vector<Fingerprint> finish(const std::string& store) const;

 private:
  rdb::KeyDigester digester_;
  std::map<uint32_t, SetHash> key_spaces_;
  SetHash functions_;
};

// Of a whole RDB, in one pass: all that it holds, and what of it lives at `not_expired_at`.
struct FingerprintPair {
  std::vector<Fingerprint> all;
  std::vector<Fingerprint> not_expired;
};
Result<FingerprintPair> fingerprint(const RdbSource& source, const std::string& store,
                                    Instant not_expired_at);

// Milliseconds since the Unix epoch, as Redis counts.
int64_t to_milliseconds(Instant instant);

}  // namespace summit::redis
