#include "repository/packed/chunker.h"

#include <algorithm>
#include <bit>
#include <string>

#include "repository/packed/key_derivation.h"

namespace summit::repository::packed {
namespace {

// The hash at a place covers this many bytes before it: older ones were shifted out of its 64 bits.
constexpr size_t kWindow = 64;

// Boundaries are this much rarer before the target size, and more frequent after it, in powers of two: sizes
// gather around the target.
constexpr int kNormalisation = 2;

// Searched together, so that the processor works on one lane while another waits for its table.
constexpr size_t kLanes = 4;
constexpr size_t kLaneSize = 512;

uint64_t top_bits(int count) { return ~uint64_t{0} << (64 - count); }

}  // namespace

Chunker::Chunker(const Table& table, Limits limits)
    : table_(table),
      limits_(limits),
      before_target_(top_bits(std::countr_zero(limits.target_size) + kNormalisation)),
      after_target_(top_bits(std::countr_zero(limits.target_size) - kNormalisation)) {}

Result<Chunker> Chunker::create(const Secret& key, Limits limits) {
  if (!std::has_single_bit(limits.target_size) || limits.min_size < kWindow ||
      limits.target_size < limits.min_size || limits.max_size < limits.target_size)
    return Error(Code::kUsage, "chunks of {} to {} bytes around {} are not possible", limits.min_size,
                 limits.max_size, limits.target_size);
  Table table{};
  for (size_t row = 0; row < table.size(); row += 4) {
    ASSIGN_OR_RETURN(const Secret bytes, derive_key(key, {}, "gear " + std::to_string(row / 4)));
    for (size_t i = 0; i < 32; ++i)
      table[row + i / 8] |= static_cast<uint64_t>(static_cast<unsigned char>(bytes.reveal()[i]))
                            << (8 * (i % 8));
  }
  return Chunker(table, limits);
}

// A place from which on, before `to`, the search has to look byte by byte: before it there is no boundary.
// Starts at `from`.
size_t Chunker::skip(const unsigned char* bytes, size_t from, size_t to, uint64_t mask) const {
  size_t place = from;
  for (; place + kLanes * kLaneSize <= to; place += kLanes * kLaneSize) {
    std::array<const unsigned char*, kLanes> lane{};
    for (size_t k = 0; k < kLanes; ++k) lane[k] = bytes + place + k * kLaneSize;
    std::array<uint64_t, kLanes> hash{};
    for (size_t i = 0; i < kWindow; ++i) {
      for (size_t k = 0; k < kLanes; ++k) hash[k] = (hash[k] << 1) + table_[*(lane[k] - kWindow + i)];
    }
    for (size_t i = 0; i < kLaneSize; ++i) {
      bool found = false;
      for (size_t k = 0; k < kLanes; ++k) {
        found |= (hash[k] & mask) == 0;
        hash[k] = (hash[k] << 1) + table_[lane[k][i]];
      }
      // In whichever lane: it is rare enough to search all of them again.
      if (found) [[unlikely]]
        return place;
    }
  }
  return place;
}

// The first place in [from, to) whose hash, of the bytes before it, has no bit of the mask; `to` when there
// is none.
size_t Chunker::find(const unsigned char* bytes, size_t from, size_t to, uint64_t mask) const {
  size_t place = skip(bytes, from, to, mask);
  uint64_t hash = 0;
  for (size_t at = place - kWindow; at < place; ++at) hash = (hash << 1) + table_[bytes[at]];
  for (; place < to; ++place) {
    if ((hash & mask) == 0) return place;
    hash = (hash << 1) + table_[bytes[place]];
  }
  return to;
}

std::optional<size_t> Chunker::next_boundary(ByteView window, EndOfStream end) const {
  const auto* bytes = reinterpret_cast<const unsigned char*>(window.data());
  const size_t known = std::min<size_t>(window.size(), limits_.max_size);
  if (known > limits_.min_size) {
    const size_t target = std::min<size_t>(known, limits_.target_size);
    const size_t early = find(bytes, limits_.min_size, target, before_target_);
    if (early < target) return early;
    if (known > target) {
      const size_t late = find(bytes, target, known, after_target_);
      if (late < known) return late;
    }
  }
  if (known == limits_.max_size) return known;
  if (end == EndOfStream::kYes && known != 0) return known;
  return std::nullopt;
}

}  // namespace summit::repository::packed
