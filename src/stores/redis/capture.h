// Turns the RDB that a replica receives into the artifact, and learns everything about it on the way: one
// pass.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/selection.h"
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
  uint64_t excluded = 0;                  // left out by the choice
  uint64_t module_values = 0;             // of the keys; a restore needs the same modules
  std::vector<Fingerprint> fingerprints;  // of what the artifact holds
};

// Which keys a capture takes. Values are not decoded for it.
struct KeyChoice {
  std::vector<std::string> include;  // patterns as KEYS understands them; empty: all
  std::vector<std::string> exclude;  // wins
  config::KeySpec limits{};

  bool takes(std::string_view key) const;
  // `at` is the instant of the data, which `expires_within` counts from.
  bool takes(const rdb::Record& entry, Instant at) const;
};

// Not thread-safe.
class Capture {
 public:
  // `output` gets the artifact's bytes: the RDB with the keys that are chosen, without our own. `store` goes
  // into the fingerprints.
  Capture(std::string store, KeyChoice choice, std::function<Result<void>(ByteView)> output);
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
  KeyChoice choice_;
  Instant begun_ = now();
  rdb::Reader reader_;
  rdb::Rewriter rewriter_;
  Fingerprinter fingerprinter_;
  CaptureReport report_;
};

}  // namespace summit::redis
