// Cuts uncompressed data into chunks at places that depend only on the rows near them.
//
// A change in a table then moves the lengths that stand between the chunks only near it, and a repository
// that stores equal bytes once finds all others again. Any reader takes any framing; this one is explained in
// docs/formats/postgresql-archive.md.
#pragma once

#include <cstddef>
#include <string_view>

#include "core/bytes.h"

namespace summit::pgarchive {

// One thread at a time; one object per stream of rows.
class RowFraming {
 public:
  static constexpr size_t kSmallest = 32 * KiB;  // but for the last chunk
  static constexpr size_t kLargest = 256 * KiB;
  static constexpr size_t kSpacing = 64 * KiB;  // between places where a cut may be, on the average

  // The length of the chunk at the front of `window`, or 0 when more bytes are needed to tell. The window
  // begins where the last chunk ended; after a 0 it begins at the same place and is not shorter.
  size_t next(std::string_view window);
  // Before another stream.
  void reset() { *this = RowFraming(); }

 private:
  size_t cut(size_t length);

  size_t searched_ = 0;   // up to here there is nothing to be found any more
  size_t row_begin_ = 0;  // of the row that goes on there
  size_t last_end_ = 0;   // of a row, at kSmallest or later; 0: none yet
};

}  // namespace summit::pgarchive
