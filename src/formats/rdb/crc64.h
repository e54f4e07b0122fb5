// The checksum of RDB files and DUMP payloads: CRC-64 with Jones' polynomial 0xad93d23594c935a9, reflected,
// start 0.
#pragma once

#include <cstdint>

#include "core/bytes.h"

namespace summit::rdb {

// The checksum of the bytes so far (`crc`, 0 at the start) and `bytes`.
uint64_t crc64(uint64_t crc, ByteView bytes);

}  // namespace summit::rdb
