// Little-endian integers and byte strings, appended to a text and read back with every length checked.
#pragma once

#include <concepts>
#include <cstring>
#include <string>

#include "core/bytes.h"

namespace summit::repository::packed {

template <std::unsigned_integral Integer>
void put_integer(std::string& to, Integer value) {
  for (size_t i = 0; i < sizeof(Integer); ++i) to.push_back(static_cast<char>(value >> (8 * i) & 0xff));
}

inline void put_bytes(std::string& to, ByteView bytes) { to.append(as_text(bytes)); }

// Reads from the front. After the first read past the end it is failed() and gives zeros.
class WireReader {
 public:
  explicit WireReader(ByteView bytes) : rest_(bytes) {}

  template <std::unsigned_integral Integer>
  Integer integer() {
    const ByteView bytes = take(sizeof(Integer));
    Integer value = 0;
    for (size_t i = 0; i < bytes.size(); ++i)
      value =
          static_cast<Integer>(value | static_cast<Integer>(std::to_integer<Integer>(bytes[i]) << (8 * i)));
    return value;
  }

  template <typename Array>
  Array array() {
    Array result{};
    const ByteView bytes = take(result.size());
    if (!bytes.empty()) std::memcpy(result.data(), bytes.data(), bytes.size());
    return result;
  }

  // Empty when there are fewer.
  ByteView take(size_t size) {
    if (failed_ || size > rest_.size()) {
      failed_ = true;
      return {};
    }
    const ByteView bytes = rest_.first(size);
    rest_ = rest_.subspan(size);
    return bytes;
  }

  bool failed() const { return failed_; }
  size_t left() const { return failed_ ? 0 : rest_.size(); }
  // Everything was read, and nothing more.
  bool finished() const { return !failed_ && rest_.empty(); }

 private:
  ByteView rest_;
  bool failed_ = false;
};

}  // namespace summit::repository::packed
