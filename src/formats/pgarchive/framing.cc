#include "formats/pgarchive/framing.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace summit::pgarchive {

namespace {

// Of the whole row: the ends of many rows are alike (a time of loading, a default).
uint64_t hash_of(std::string_view row) {
  constexpr uint64_t kMultiplier = 0x9e3779b97f4a7c15;
  uint64_t hash = row.size() * kMultiplier;
  for (; !row.empty(); row.remove_prefix(std::min(row.size(), sizeof(uint64_t)))) {
    uint64_t word = 0;
    std::memcpy(&word, row.data(), std::min(row.size(), sizeof word));
    hash = (hash ^ word) * kMultiplier;
    hash ^= hash >> 32;
  }
  return hash;
}

// The longer a row, the likelier it is one: so such rows lie kSpacing bytes apart, whatever their width. Of
// the hash the highest bits count, which alone depend on every bit of the row.
bool may_end_a_chunk(std::string_view row) {
  constexpr uint64_t kStep = (uint64_t{1} << 32) / RowFraming::kSpacing;
  return hash_of(row) >> 32 < row.size() * kStep;
}

// After the last line end in `text`, or its beginning.
size_t last_row_begin(std::string_view text) {
  const auto* found = static_cast<const char*>(::memrchr(text.data(), '\n', text.size()));
  return found == nullptr ? 0 : static_cast<size_t>(found - text.data()) + 1;
}

}  // namespace

size_t RowFraming::next(std::string_view window) {
  const std::string_view seen = window.substr(0, kLargest);
  if (seen.size() < kSmallest) return 0;
  if (searched_ == 0) {
    searched_ = kSmallest;
    row_begin_ = last_row_begin(seen.substr(0, kSmallest));
  }
  while (searched_ < seen.size()) {
    const auto* found =
        static_cast<const char*>(std::memchr(seen.data() + searched_, '\n', seen.size() - searched_));
    if (found == nullptr) {
      searched_ = seen.size();
      break;
    }
    const size_t begin = row_begin_;
    searched_ = row_begin_ = last_end_ = static_cast<size_t>(found - seen.data()) + 1;
    if (may_end_a_chunk(seen.substr(begin, last_end_ - begin))) return cut(last_end_);
  }
  if (seen.size() < kLargest) return 0;
  return cut(last_end_ == 0 ? kLargest : last_end_);
}

size_t RowFraming::cut(size_t length) {
  reset();
  return length;
}

}  // namespace summit::pgarchive
