// Turns the RDB that a replica receives into the artifact, and learns everything about it on the way: one
// pass.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/bytes.h"
#include "core/fingerprint.h"
#include "core/result.h"
#include "core/time.h"
#include "formats/rdb/reader.h"
#include "formats/rdb/rewriter.h"
#include "stores/redis/fingerprint.h"

namespace summit::redis {

struct CaptureReport {
  int rdb_version = 0;
  std::optional<Instant> created;  // when the server began its RDB, by its own clock, in whole seconds
  uint64_t keys = 0;
  uint64_t expiring = 0;                  // of them, with an expiry
  uint64_t excluded = 0;                  // left out by a pattern
  uint64_t module_values = 0;             // of the keys; a restore needs the same modules
  std::vector<Fingerprint> fingerprints;  // of what the artifact holds
};

// Not thread-safe.
class Capture {
 public:
  // `output` gets the artifact's bytes: the RDB without our own keys and without keys that match one of
  // `exclude_keys` (as KEYS matches). `store` goes into the fingerprints.
  Capture(std::string store, std::vector<std::string> exclude_keys,
          std::function<Result<void>(ByteView)> output);
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

  Result<void> feed(ByteView bytes) { return reader_.feed(bytes); }
  // kCorrupt when the RDB is not complete.
  Result<CaptureReport> finish();

 private:
  Result<void> take(const rdb::Record& record);
  // False for a key that is to be left out.
  bool count(const rdb::Record& entry);

  std::string store_;
  std::vector<std::string> exclude_keys_;
  rdb::Reader reader_;
  rdb::Rewriter rewriter_;
  Fingerprinter fingerprinter_;
  CaptureReport report_;
};

}  // namespace summit::redis
