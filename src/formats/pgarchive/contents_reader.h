// Reads header and table of contents from a stream, without waiting for a byte more than they have.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.h"
#include "formats/pgarchive/contents.h"
#include "formats/pgarchive/primitives.h"

namespace summit::pgarchive {

// What the header's last byte says of an archive in custom format.
inline constexpr uint8_t kCustomFormat = 1;

// One thread at a time. Memory: the table of contents, of which at most 1 GiB is read, and the largest entry
// once more.
class ContentsReader {
 public:
  // True once the table of contents is complete; not to be called again then. Errors as read_contents().
  Result<bool> feed(std::string_view bytes);

  // Once complete.
  Contents& contents() { return contents_; }
  // The bytes fed that belong to what follows, and the number of those before them.
  std::string_view rest() const { return buffer_; }
  uint64_t length() const { return consumed_; }

 private:
  Result<bool> advance();
  Result<bool> read_header();
  Result<bool> read_entries();
  Result<bool> stopped(const Cursor& cursor, const Entry* entry);
  void consume(size_t size);

  Contents contents_;
  std::string buffer_;     // not understood yet
  uint64_t consumed_ = 0;  // bytes before those
  size_t wanted_ = 0;      // there is no use in looking at the buffer before it has this size
  bool has_header_ = false;
  int64_t entries_left_ = 0;
};

}  // namespace summit::pgarchive
