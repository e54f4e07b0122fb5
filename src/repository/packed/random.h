// Random bytes for keys, salts, ids and names.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "core/secret.h"

namespace summit::repository::packed {

// From OpenSSL's generator, seeded by the kernel. Thread-safe. Ends the program when there is no randomness:
// nothing that needs it may go on with bytes that somebody could guess.
void fill_random(std::span<std::byte> bytes);

template <size_t Size>
std::array<std::byte, Size> random_bytes() {
  std::array<std::byte, Size> bytes{};
  fill_random(bytes);
  return bytes;
}

// 32 random bytes.
Secret random_key();

}  // namespace summit::repository::packed
