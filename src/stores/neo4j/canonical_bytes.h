// The pieces of canonical bytes. Internal to canonical.cc and canonical_packed.cc.
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

namespace summit::neo4j {

// One byte before each value. The numbers are part of the format.
enum class CanonicalTag : char {
  kNull = 0,
  kBoolean = 1,
  kInteger = 2,
  kFloat = 3,
  kString = 4,
  kBytes = 5,
  kList = 6,
  kMap = 7,
  kDate = 8,
  kLocalTime = 9,
  kTime = 10,
  kLocalDateTime = 11,
  kDateTime = 12,
  kZonedDateTime = 13,
  kDuration = 14,
  kPoint = 15,
};

inline void append_tag(CanonicalTag tag, std::string& bytes) { bytes += static_cast<char>(tag); }

// All integers are 8 bytes, the lowest first.
inline void append_integer(int64_t value, std::string& bytes) {
  std::array<char, 8> eight{};
  auto rest = static_cast<uint64_t>(value);
  for (char& byte : eight) {
    byte = static_cast<char>(rest & 0xff);
    rest >>= 8;
  }
  bytes.append(eight.data(), eight.size());
}

inline void append_size(size_t size, std::string& bytes) {
  append_integer(static_cast<int64_t>(size), bytes);
}

inline void append_text(std::string_view text, std::string& bytes) {
  append_size(text.size(), bytes);
  bytes += text;
}

// The bits of the number: minus zero differs from zero, and all NaN are one.
inline void append_float(double value, std::string& bytes) {
  constexpr uint64_t kOneNan = 0x7ff8000000000000;
  append_integer(static_cast<int64_t>(std::isnan(value) ? kOneNan : std::bit_cast<uint64_t>(value)), bytes);
}

}  // namespace summit::neo4j
