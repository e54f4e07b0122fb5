// What the fuzz targets share: the input in the forms that parsers take, and promises that must hold.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "core/bytes.h"

namespace summit::fuzz {

inline ByteView bytes_of(const uint8_t* bytes, size_t size) {
  return ByteView(reinterpret_cast<const std::byte*>(bytes), size);
}
inline std::string_view text_of(const uint8_t* bytes, size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

// Ends the program, which is how a fuzzer learns of a defect.
inline void require(bool promise, const char* what) {
  if (promise) return;
  std::fprintf(stderr, "broken promise: %s\n", what);
  std::abort();
}

// Gives `input` to `feed` in blocks of uneven sizes, until it returns false.
template <typename Feed>
void feed_in_blocks(ByteView input, Feed feed) {
  for (size_t block = 1; !input.empty(); block = block * 2 + 1) {
    const size_t size = std::min(block, input.size());
    if (!feed(input.first(size))) return;
    input = input.subspan(size);
  }
}

}  // namespace summit::fuzz
