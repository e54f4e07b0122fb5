// What RESTORE takes: type byte, raw value, RDB version, checksum. The value's bytes are those of the file.
#pragma once

#include <string>

#include "core/bytes.h"
#include "core/result.h"
#include "formats/rdb/reader.h"

namespace summit::rdb {

// The ten bytes that follow the value: version and checksum, both little-endian.
std::string payload_trailer(uint8_t type, ByteView value, int version);

// A whole payload, for values that are small.
std::string make_payload(uint8_t type, ByteView value, int version);

// A payload that DUMP gave. kCorrupt when its checksum is wrong.
struct Payload {
  uint8_t type = 0;
  ByteView value{};
  int version = 0;
};
Result<Payload> parse_payload(ByteView payload);

}  // namespace summit::rdb
