// Fixed-width integers in byte order, from and to unaligned memory.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <string>

namespace summit::rdb {

template <std::unsigned_integral T>
constexpr T byte_swapped(T value) {
  T swapped = 0;
  for (size_t i = 0; i < sizeof(T); ++i) {
    swapped = static_cast<T>(static_cast<T>(swapped << 8) | static_cast<T>(value & 0xff));
    value = static_cast<T>(value >> 8);
  }
  return swapped;
}

template <>
constexpr uint8_t byte_swapped(uint8_t value) {
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

}  // namespace summit::rdb
