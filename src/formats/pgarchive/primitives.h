// The integers, texts and block types of which an archive is made.
//
// An integer is a sign byte (0, 1 for negative) and a magnitude, least significant byte first; a text is its
// length as an integer, -1 for none, and its bytes. Page: docs/formats/postgresql-archive.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/bytes.h"

namespace summit::pgarchive {

// No server holds a longer text.
inline constexpr int64_t kLongestText = int64_t{GiB};

// The first byte of a data block: what it holds.
inline constexpr uint8_t kTableBlock = 1;
inline constexpr uint8_t kLargeObjectsBlock = 3;

// Reads from bytes that may end early. At the first problem it stops: from there on it gives zeros, and
// either wanted() or damage() says why.
class Cursor {
 public:
  Cursor(std::string_view bytes, size_t position, int integer_size)
      : bytes_(bytes), position_(position), integer_size_(static_cast<size_t>(integer_size)) {}

  uint8_t byte();
  // Only what write_integer() makes: anything else would not come back the same.
  int64_t integer();
  std::optional<std::string> text();
  std::string_view raw(size_t size);

  size_t position() const { return position_; }
  bool stopped() const { return wanted_ > 0 || !damage_.empty(); }
  // The size that all bytes together must have at least before the reading can go on; 0: it can.
  size_t wanted() const { return wanted_; }
  // Why these are no bytes of an archive; empty: they are.
  std::string_view damage() const { return damage_; }
  void stop(std::string_view damage);

 private:
  bool has(size_t size);

  std::string_view bytes_;
  size_t position_;
  size_t integer_size_;
  size_t wanted_ = 0;
  std::string_view damage_;
};

void write_integer(std::string& output, int64_t value, int integer_size);
void write_text(std::string& output, const std::optional<std::string>& text, int integer_size);

}  // namespace summit::pgarchive
