// The values that were replaced, as keyed digests, ready to be looked up by many threads.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/files.h"
#include "core/result.h"
#include "masking/keyed_digest.h"

namespace summit::masking {

// What is kept of one value: nothing of its text.
struct ReplacedRecord {
  enum Kind : uint16_t {
    kAnywhere = 1,
    kOwnPlace = 2,
    kStandIn = 4,  // something was replaced by it
    kCanary = 8,
  };
  ValueDigest digest;
  uint32_t first = 0;      // fingerprint_of_eight()
  uint32_t beginning = 0;  // fingerprint_of_beginning() of its class
  uint32_t place = 0;
  uint16_t length = 0;  // of the normalised text that the digest is of
  uint16_t kinds = 0;

  bool is(Kind kind) const { return (kinds & kind) != 0; }
  // What the check looks for. A value that also is a stand-in may stand in a masked target.
  bool sought() const { return !is(kStandIn) && kinds != 0; }
};
static_assert(sizeof(ReplacedRecord) == 32);

// Three bits a fingerprint, all in the word that its high bits choose: one cache line whatever the answer.
// Says "perhaps" or "no".
class BitFilter {
 public:
  BitFilter() = default;
  // About `bits_per_value` bits for each of `values`, at least 1 Ki and at most `largest` bits.
  BitFilter(uint64_t values, unsigned bits_per_value, uint64_t largest);

  void set(uint32_t fingerprint) { words_[word(fingerprint)] |= bits(fingerprint); }
  bool test(uint32_t fingerprint) const {
    const uint64_t sought = bits(fingerprint);
    return (words_[word(fingerprint)] & sought) == sought;
  }
  void prefetch(uint32_t fingerprint) const { __builtin_prefetch(&words_[word(fingerprint)]); }
  uint64_t bytes() const { return words_.size() * sizeof(uint64_t); }
  // As small as about `bits_per_value` bits for each that is set allow: many values begin alike, and a small
  // filter stays in the processor's caches.
  void shrink(unsigned bits_per_value);

 private:
  size_t word(uint32_t fingerprint) const { return uint64_t{fingerprint} >> shift_; }
  // By all bits of the fingerprint, or those in one word would be much the same.
  static uint64_t bits(uint32_t fingerprint) {
    const uint32_t mixed = fingerprint * 0x9e3779b1;
    return uint64_t{1} << (mixed >> 26) | uint64_t{1} << (mixed >> 20 & 63) |
           uint64_t{1} << (mixed >> 14 & 63);
  }
  std::vector<uint64_t> words_;
  unsigned shift_ = 32;
};

// How many values, each once.
struct ReplacedCounts {
  uint64_t anywhere = 0;       // looked for everywhere
  uint64_t own_place = 0;      // looked for where they stood
  uint64_t not_sought = 0;     // dates
  uint64_t also_stand_in = 0;  // left out: masking gave the same to another
  uint64_t canaries = 0;

  friend bool operator==(const ReplacedCounts&, const ReplacedCounts&) = default;
};

// Immutable, thread-safe. The sorted records are an unlinked file of mode 0600, read through the page cache;
// filters take 10 bytes a value, at most 0.4 GiB whatever the count. The file ends with the object or the
// process.
class ReplacedTable {
 public:
  struct Parts {
    DigestKey key;
    std::vector<std::string> places;  // by number
    std::string public_texts;         // normalised, parted by line ends
    uint64_t not_sought = 0;
    std::vector<uint64_t> leads;  // a bit for each fingerprint_of_four() of what may be sought anywhere
  };
  // Gives records to `next` in the order of their digests, each digest once, until there is nothing.
  // `most` is an upper bound of their number.
  using NextRecord = std::function<Result<std::optional<ReplacedRecord>>()>;
  static Result<ReplacedTable> build(Parts parts, const fs::path& directory, uint64_t most,
                                     const NextRecord& next);
  ReplacedTable(ReplacedTable&&) noexcept = default;
  ~ReplacedTable() = default;

  const DigestKey& key() const { return parts_.key; }
  const ReplacedCounts& counts() const { return counts_; }
  const std::string& place(uint32_t number) const { return parts_.places[number]; }
  const std::vector<std::string>& places() const { return parts_.places; }

  // Whether anything that is sought anywhere may begin like this: in 32 KiB, which stay in the nearest cache.
  bool has_lead(uint32_t fingerprint) const {
    return (parts_.leads[fingerprint / 64] >> (fingerprint % 64) & 1) != 0;
  }
  const BitFilter& first_filter() const { return first_; }
  const BitFilter& beginning_filter() const { return beginning_; }
  // Lengths of values of this class, ascending.
  const std::vector<uint16_t>& lengths(size_t length_class) const { return lengths_[length_class]; }
  // Null unless it is sought.
  const ReplacedRecord* find(const ValueDigest& digest) const;
  // Part of what the rules write themselves: their constants and templates.
  bool is_public(std::string_view normalized) const;
  // Whether anything is sought in this place alone.
  bool has_own_values(uint32_t place) const { return own_places_[place]; }
  // Nothing when no value came from there.
  std::optional<uint32_t> place_number(std::string_view name) const;

 private:
  struct Unmap {
    size_t bytes;
    void operator()(const ReplacedRecord* records) const;
  };
  explicit ReplacedTable(Parts parts) : parts_(std::move(parts)) {}
  Result<void> write(const fs::path& directory, uint64_t most, const NextRecord& next);
  void count(const ReplacedRecord& record);
  void fill_filters(std::span<const ReplacedRecord> sought);
  Result<void> map(int fd, uint64_t count, const fs::path& path);

  Parts parts_;
  ReplacedCounts counts_;
  BitFilter first_;
  BitFilter beginning_;
  BitFilter digests_;
  std::array<std::vector<uint16_t>, kBeginnings.size()> lengths_;
  std::vector<bool> own_places_;
  std::unique_ptr<const ReplacedRecord, Unmap> mapped_{nullptr, Unmap{0}};
  std::span<const ReplacedRecord> records_;  // the mapped ones
};

// The digest of a value that is sought in one place only.
ValueDigest digest_in_place(const DigestKey& key, std::string_view place, std::string_view normalized);

}  // namespace summit::masking
