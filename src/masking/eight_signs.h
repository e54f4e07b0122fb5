// Eight signs of a text at once, each in its own byte of a word.
#pragma once

#include <cstdint>

#include "core/byte_order.h"

namespace summit::masking {

inline constexpr uint64_t kEachSign = 0x0101010101010101;  // times a sign: eight of it
inline constexpr uint64_t kHighBits = 0x80 * kEachSign;

// The first sign in the lowest byte.
inline uint64_t eight_at(const char* text) { return load_little_endian<uint64_t>(text); }

// The high bit of each byte in which `signs` is not below `least`. Says nothing of bytes that are not ASCII,
// nor do its other bits.
inline uint64_t at_least(uint64_t signs, uint64_t least) {
  // No byte borrows from the next: its own high bit is set before the subtraction.
  return (signs | kHighBits) - (least & ~kHighBits);
}

// The high bit of each byte that is a decimal digit, and no other.
inline uint64_t digits_among(uint64_t signs) {
  return at_least(signs, '0' * kEachSign) & ~at_least(signs, ('9' + 1) * kEachSign) & ~signs & kHighBits;
}

}  // namespace summit::masking
