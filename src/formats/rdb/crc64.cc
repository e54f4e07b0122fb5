#include "formats/rdb/crc64.h"

#include <array>
#include <cstring>

#include "core/byte_order.h"

namespace summit::rdb {

namespace {

using Tables = std::array<std::array<uint64_t, 256>, 8>;

// Table k gives the effect of a byte that is followed by k more bytes, so that eight bytes take eight
// independent look-ups.
constexpr Tables make_tables() {
  constexpr uint64_t kReflectedPolynomial = 0x95ac9329ac4bc9b5;
  Tables tables{};
  for (uint64_t byte = 0; byte < 256; ++byte) {
    uint64_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? crc >> 1 ^ kReflectedPolynomial : crc >> 1;
    tables[0][byte] = crc;
  }
  for (size_t byte = 0; byte < 256; ++byte) {
    for (size_t k = 1; k < 8; ++k)
      tables[k][byte] = tables[0][tables[k - 1][byte] & 0xff] ^ tables[k - 1][byte] >> 8;
  }
  return tables;
}

constexpr Tables kTables = make_tables();

}  // namespace

uint64_t crc64(uint64_t crc, ByteView bytes) {
  const std::byte* at = bytes.data();
  size_t left = bytes.size();
  for (; left >= 8; left -= 8, at += 8) {
    crc ^= load_little_endian<uint64_t>(at);
    crc = kTables[7][crc & 0xff] ^ kTables[6][crc >> 8 & 0xff] ^ kTables[5][crc >> 16 & 0xff] ^
          kTables[4][crc >> 24 & 0xff] ^ kTables[3][crc >> 32 & 0xff] ^ kTables[2][crc >> 40 & 0xff] ^
          kTables[1][crc >> 48 & 0xff] ^ kTables[0][crc >> 56];
  }
  for (; left > 0; --left, ++at) crc = kTables[0][(crc ^ std::to_integer<uint64_t>(*at)) & 0xff] ^ crc >> 8;
  return crc;
}

}  // namespace summit::rdb
