// Keyed digests of normalised texts: SipHash-2-4 with 128 bits (Aumasson and Bernstein, 2012), and the quick
// fingerprints of beginnings that choose where it is worth computing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "core/result.h"
#include "masking/eight_signs.h"

namespace summit::masking {

// Never written anywhere; wiped at the end.
class DigestKey {
 public:
  // Made for one run.
  static Result<DigestKey> random();
  explicit DigestKey(const std::array<uint64_t, 6>& words) : words_(words) {}
  DigestKey(DigestKey&&) noexcept = default;
  DigestKey(const DigestKey&) = default;
  DigestKey& operator=(const DigestKey&) = delete;
  ~DigestKey();

  uint64_t word(size_t index) const { return words_[index]; }

 private:
  std::array<uint64_t, 6> words_{};  // two of SipHash, four of fingerprints
};

struct ValueDigest {
  uint64_t high = 0;
  uint64_t low = 0;
  friend bool operator==(const ValueDigest&, const ValueDigest&) = default;
  friend auto operator<=>(const ValueDigest&, const ValueDigest&) = default;
};

// The digests of the beginnings of one text, each longer than the last, for little more than that of the
// longest.
class BeginningDigest {
 public:
  BeginningDigest(const DigestKey& key, const char* text);
  // Of the first `length` bytes; `length` never falls.
  ValueDigest of(size_t length);

 private:
  struct State {
    uint64_t v0, v1, v2, v3;
    // In the caller's registers: a call for each would take longer than the round.
    [[gnu::always_inline]] inline void round();
    [[gnu::always_inline]] inline void absorb(uint64_t word);
  };
  const char* text_;
  size_t absorbed_ = 0;
  State state_;
};

ValueDigest digest_of(const DigestKey& key, std::string_view text);

// Of the four bytes at `text`: fewer than kLeads.
inline constexpr unsigned kLeadBits = 18;
inline constexpr size_t kLeads = size_t{1} << kLeadBits;
inline uint32_t fingerprint_of_four(const DigestKey& key, const char* text) {
  uint32_t word;
  std::memcpy(&word, text, sizeof word);
  return (word ^ static_cast<uint32_t>(key.word(2))) * (static_cast<uint32_t>(key.word(3)) | 1) >>
         (32 - kLeadBits);
}

// Of the eight bytes at `text`: cheap enough for every position of everything that is searched.
inline uint32_t fingerprint_of_eight(const DigestKey& key, const char* text) {
  __extension__ using Product = unsigned __int128;
  const Product product = static_cast<Product>(eight_at(text) ^ key.word(2)) * (key.word(3) | 1);
  return static_cast<uint32_t>(static_cast<uint64_t>(product >> 64) ^ static_cast<uint64_t>(product));
}

// The classes of lengths: a value is in the last one that is no longer than it.
inline constexpr std::array<size_t, 6> kBeginnings = {8, 12, 16, 24, 32, 48};
size_t class_of(size_t length);
// Of the first kBeginnings[length_class] bytes.
uint32_t fingerprint_of_beginning(const DigestKey& key, const char* text, size_t length_class);

}  // namespace summit::masking
