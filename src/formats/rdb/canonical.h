// One digest for one key: what a client would see of it, whatever the encoding. Format:
// docs/formats/fingerprint.md, "Redis keys".
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "core/digest.h"
#include "core/result.h"
#include "formats/rdb/reader.h"

namespace summit::rdb {

// Digests keys one after the other. Not thread-safe; cheap to reuse.
class KeyDigester {
 public:
  // Keys and hash fields that expire before `not_expired_at_ms` (since the Unix epoch) count as not there.
  explicit KeyDigester(std::optional<int64_t> not_expired_at_ms = {});
  ~KeyDigester();
  KeyDigester(KeyDigester&&) noexcept;
  KeyDigester& operator=(KeyDigester&&) noexcept;

  // The digest of an entry record; nothing for a key that counts as not there. kCorrupt when its value cannot
  // be decoded.
  Result<std::optional<Sha256Digest>> digest(const Record& entry);

 private:
  class Content;
  std::optional<int64_t> not_expired_at_ms_;
  std::unique_ptr<Content> content_;
  Sha256 hasher_;
};

}  // namespace summit::rdb
