// Fixed-width integers in byte order, from and to unaligned memory.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <string>

namespace summit {

// Compilers make one instruction of it.
template <std::unsigned_integral T>
constexpr T byte_swapped(T value) {
  if constexpr (sizeof(T) == 2) return __builtin_bswap16(value);
  if constexpr (sizeof(T) == 4) return __builtin_bswap32(value);
  if constexpr (sizeof(T) == 8) return __builtin_bswap64(value);
  return value;
}

// `bytes` must hold sizeof(T) bytes.
template <std::unsigned_integral T>
T load_little_endian(const void* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return std::endian::native == std::endian::little ? value : byte_swapped(value);
}

template <std::unsigned_integral T>
T load_big_endian(const void* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return std::endian::native == std::endian::big ? value : byte_swapped(value);
}

// `bytes` must have room for sizeof(T) bytes.
template <std::unsigned_integral T>
void store_big_endian(void* bytes, T value) {
  if constexpr (std::endian::native == std::endian::little) value = byte_swapped(value);
  std::memcpy(bytes, &value, sizeof value);
}

template <std::unsigned_integral T>
void append_little_endian(std::string& out, T value) {
  if constexpr (std::endian::native == std::endian::big) value = byte_swapped(value);
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <std::unsigned_integral T>
void append_big_endian(std::string& out, T value) {
  if constexpr (std::endian::native == std::endian::little) value = byte_swapped(value);
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

}  // namespace summit
