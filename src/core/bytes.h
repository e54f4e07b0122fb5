// Byte views and units.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace summit {

using ByteView = std::span<const std::byte>;

inline constexpr uint64_t KiB = 1024;
inline constexpr uint64_t MiB = 1024 * KiB;
inline constexpr uint64_t GiB = 1024 * MiB;

inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// "0 B", "1.5 KiB", "37 GiB": three significant digits, for people.
std::string human_bytes(uint64_t bytes);

// "40 GB", "500MB", "12 KiB", "1024" to bytes (decimal and binary units); nothing when it is no size.
bool parse_bytes(std::string_view text, uint64_t& bytes);

std::string to_hex(ByteView bytes);
// False when `hex` is not an even number of hexadecimal digits.
bool from_hex(std::string_view hex, std::string& bytes);

}  // namespace summit
