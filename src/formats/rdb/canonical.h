// One digest for one key: what a client would see of it, whatever the encoding. Format:
// docs/formats/fingerprint.md, "Redis keys".
#pragma once

#include <cstdint>
#include <optional>

#include "core/digest.h"
#include "core/result.h"
#include "formats/rdb/reader.h"

namespace summit::rdb {

// Digests keys one after the other. Not thread-safe; cheap to reuse.
class KeyDigester {
 public:
  // Keys and hash fields that expire before `not_expired_at_ms` (since the Unix epoch) count as not there.
  explicit KeyDigester(std::optional<int64_t> not_expired_at_ms = {})
      : not_expired_at_ms_(not_expired_at_ms) {}

  // The digest of an entry record; nothing for a key that counts as not there. kCorrupt when its value cannot
  // be decoded.
  Result<std::optional<Sha256Digest>> digest(const Record& entry);

 private:
  std::optional<int64_t> not_expired_at_ms_;
  Sha256 hasher_;
};

}  // namespace summit::rdb
