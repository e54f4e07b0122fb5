#include "formats/rdb/payload.h"

#include "core/byte_order.h"
#include "formats/rdb/crc64.h"

namespace summit::rdb {

namespace {

constexpr size_t kTrailerSize = 10;

}  // namespace

std::string payload_trailer(uint8_t type, ByteView value, int version) {
  std::string trailer;
  append_little_endian(trailer, static_cast<uint16_t>(version));
  const auto type_byte = static_cast<std::byte>(type);
  const uint64_t checksum = crc64(crc64(crc64(0, {&type_byte, 1}), value), as_bytes(trailer));
  append_little_endian(trailer, checksum);
  return trailer;
}

std::string make_payload(uint8_t type, ByteView value, int version) {
  std::string payload(1, static_cast<char>(type));
  payload += as_text(value);
  return payload + payload_trailer(type, value, version);
}

Result<Payload> parse_payload(ByteView payload) {
  if (payload.size() < kTrailerSize + 1)
    return Error(Code::kCorrupt, "a dumped value of {} bytes is too short", payload.size());
  const ByteView trailer = payload.last(kTrailerSize);
  const ByteView checked = payload.first(payload.size() - 8);
  if (load_little_endian<uint64_t>(trailer.data() + 2) != crc64(0, checked))
    return Error(Code::kCorrupt, "the checksum of a dumped value is wrong");
  return Payload{std::to_integer<uint8_t>(payload[0]), payload.subspan(1, payload.size() - kTrailerSize - 1),
                 load_little_endian<uint16_t>(trailer.data())};
}

}  // namespace summit::rdb
