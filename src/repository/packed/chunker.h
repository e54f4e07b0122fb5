// Splits a byte stream at content-defined boundaries.
//
// The same bytes give the same chunks whatever came before them, so an insertion moves few boundaries. Sizes
// lie in [min_size, max_size] bytes, except for the last chunk of a stream. Immutable, hence thread-safe.
// Format: docs/formats/chunking.md.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "core/bytes.h"
#include "core/result.h"
#include "core/secret.h"

namespace summit::repository::packed {

enum class EndOfStream : bool { kNo, kYes };

class Chunker {
 public:
  struct Limits {
    uint32_t min_size = 16 * KiB;
    uint32_t target_size = 64 * KiB;  // a power of two
    uint32_t max_size = 256 * KiB;
  };

  // `key`: the 32 bytes of the sub-key "chunker". It decides where boundaries fall, so that chunk sizes tell
  // an observer little.
  static Result<Chunker> create(const Secret& key, Limits limits);
  static Result<Chunker> create(const Secret& key) { return create(key, Limits{}); }

  const Limits& limits() const { return limits_; }

  // The length of the next chunk at the front of `window`, which starts where the last chunk ended; nothing
  // when more bytes are needed to decide (`window` is shorter than max_size), or when the window is empty.
  std::optional<size_t> next_boundary(ByteView window, EndOfStream end) const;

 private:
  using Table = std::array<uint64_t, 256>;
  Chunker(const Table& table, Limits limits);
  size_t skip(const unsigned char* bytes, size_t from, size_t to, uint64_t mask) const;
  size_t find(const unsigned char* bytes, size_t from, size_t to, uint64_t mask) const;

  Table table_;
  Limits limits_;
  uint64_t before_target_;  // the bits of the hash that are zero at a boundary
  uint64_t after_target_;
};

}  // namespace summit::repository::packed
