// Which rows a reduced environment keeps: by the hash of a key, by time, and by what refers to them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/secret.h"
#include "core/time.h"
#include "masking/keyed_digest.h"

namespace summit::masking {

// Keeps the same keys in every run under one key of the environment. Thread-safe.
class KeySampler {
 public:
  // `percent` of all keys, 0 to 100. kKeyMissing for a key that is too short.
  static Result<KeySampler> create(const Secret& key, unsigned percent);

  bool keeps(std::string_view key) const { return digest_of(key_, key).high % 100 < percent_; }

 private:
  KeySampler(const DigestKey& key, unsigned percent) : key_(key), percent_(percent) {}
  DigestKey key_;
  unsigned percent_;
};

// Keys in 8 MiB, however many there are. What was added is contained; of what was not, one in a hundred looks
// so once five million keys are in it, and more beyond. Many readers at once, or one writer.
class KeySet {
 public:
  KeySet() : bits_(kWords) {}
  // False when it was contained already.
  bool add(std::string_view key);
  bool contains(std::string_view key) const;

 private:
  static constexpr size_t kWords = size_t{1} << 20;
  template <typename Visit>
  static bool all_bits(std::string_view key, Visit visit);
  std::vector<uint64_t> bits_;
};

// "2026-11-21 03:10:48.5+00", as PostgreSQL writes a timestamp or date in ISO style; without a zone in UTC.
// Nothing for anything else, years after 9999 and BC among it.
std::optional<Instant> instant_of(std::string_view text);

// Whether such a text is of an instant before a limit. Immutable.
class InstantLimit {
 public:
  explicit InstantLimit(Instant limit);
  // False for what is no instant: it is not known to be old.
  bool is_before(std::string_view text) const;

 private:
  Instant limit_;
  std::string text_;  // in UTC to the second, as PostgreSQL writes it; empty where it has no such text
};

}  // namespace summit::masking
