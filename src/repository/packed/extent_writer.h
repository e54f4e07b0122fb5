// Stores files whose bytes stay where they are (store files of databases) in fixed extents, compared with the
// previous content.
//
// An extent that equals the previous one at its place is taken over; one with few changed pages becomes a
// patch on it. Which pages changed is known from the local cache of page hashes: without it the extent is
// stored whole, never read back from the repository.
#pragma once

#include <optional>

#include "repository/packed/content_writer.h"

namespace summit::repository::packed {

class ExtentWriter : public ContentWriter {
 public:
  // A new file begins here: extents count from here on. `previous_offset`: where its bytes began in the
  // previous content, when they were there; these offsets never decrease.
  virtual Result<void> begin_file(std::optional<uint64_t> previous_offset) = 0;

  // Brings bytes of the file: from an offset in it, exactly so many.
  using ReadFile = std::function<Result<void>(uint64_t offset, std::span<std::byte> bytes)>;

  // Instead of write(): the whole file, `length` bytes, read straight to where it is worked on.
  virtual Result<void> write_file(uint64_t length, const ReadFile& read) = 0;

  // Instead of write(): the whole file, `length` bytes, is proven to be as it was at previous_offset. What is
  // no longer in a usable pack, or has other extents than before, is read and written after all.
  virtual Result<void> take_over(uint64_t length, const ReadFile& read) = 0;
};

}  // namespace summit::repository::packed
