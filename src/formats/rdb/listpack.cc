#include "core/byte_order.h"
#include "formats/rdb/cursor.h"
#include "formats/rdb/packed.h"

namespace summit::rdb {

namespace {

constexpr size_t kHeaderSize = 6;
constexpr uint8_t kEnd = 0xff;

template <int bits>
int64_t sign_extended(uint64_t value) {
  constexpr int kShift = 64 - bits;
  return static_cast<int64_t>(value << kShift) >> kShift;
}

// Whether `bytes` at `position` say backwards that the element before them is `size` bytes long: seven bits a
// byte, the highest first, all but the first with the top bit set.
bool back_length_is(std::string_view bytes, size_t position, size_t size, size_t width) {
  uint64_t value = 0;
  for (size_t i = 0; i < width; ++i) {
    const auto byte = static_cast<uint8_t>(bytes[position + i]);
    if ((byte >= 0x80) != (i > 0)) return false;
    value = value << 7 | (byte & 0x7f);
  }
  return value == size;
}

size_t back_length_width(size_t size) {
  if (size <= 127) return 1;
  if (size < 16383) return 2;
  if (size < 2097151) return 3;
  return size < 268435455 ? 4 : 5;
}

Result<PackedElement> read_text(Cursor& cursor, uint64_t size) {
  ASSIGN_OR_RETURN(const ByteView text, cursor.take(size, "a text in a listpack"));
  return PackedElement(as_text(text));
}

Result<PackedElement> read_element(Cursor& cursor) {
  ASSIGN_OR_RETURN(const uint8_t first, cursor.byte("an element of a listpack"));
  if (first < 0x80) return PackedElement(int64_t{first});
  if (first < 0xc0) return read_text(cursor, first & 0x3f);
  if (first < 0xe0) {
    ASSIGN_OR_RETURN(const uint8_t second, cursor.byte("an element of a listpack"));
    return PackedElement(sign_extended<13>((uint64_t{first} & 0x1f) << 8 | second));
  }
  if (first < 0xf0) {
    ASSIGN_OR_RETURN(const uint8_t second, cursor.byte("an element of a listpack"));
    return read_text(cursor, (uint64_t{first} & 0x0f) << 8 | second);
  }
  switch (first) {
    case 0xf0: {
      ASSIGN_OR_RETURN(const uint32_t size, cursor.little32("an element of a listpack"));
      return read_text(cursor, size);
    }
    case 0xf1: {
      ASSIGN_OR_RETURN(const ByteView two, cursor.take(2, "an element of a listpack"));
      return PackedElement(sign_extended<16>(load_little_endian<uint16_t>(two.data())));
    }
    case 0xf2: {
      ASSIGN_OR_RETURN(const ByteView three, cursor.take(3, "an element of a listpack"));
      const uint64_t low = load_little_endian<uint16_t>(three.data());
      return PackedElement(sign_extended<24>(low | std::to_integer<uint64_t>(three[2]) << 16));
    }
    case 0xf3: {
      ASSIGN_OR_RETURN(const uint32_t value, cursor.little32("an element of a listpack"));
      return PackedElement(sign_extended<32>(value));
    }
    case 0xf4: {
      ASSIGN_OR_RETURN(const uint64_t value, cursor.little64("an element of a listpack"));
      return PackedElement(static_cast<int64_t>(value));
    }
    default:
      return cursor.corrupt(fmt::format("byte {:#04x} begins no element of a listpack, just", first));
  }
}

}  // namespace

Error ListpackReader::corrupt(std::string_view what) const {
  return Error(Code::kCorrupt, "the rdb data are damaged: {} in a listpack at byte {}", what,
               offset_ + position_);
}

Result<ListpackReader> ListpackReader::open(std::string_view bytes, uint64_t offset) {
  ListpackReader reader(bytes, offset);
  if (bytes.size() < kHeaderSize + 1) return reader.corrupt("there is no room for a header");
  if (load_little_endian<uint32_t>(bytes.data()) != bytes.size()) return reader.corrupt("the size is wrong");
  if (static_cast<uint8_t>(bytes.back()) != kEnd) return reader.corrupt("the end is missing");
  reader.position_ = kHeaderSize;
  reader.end_ = bytes.size() - 1;
  return reader;
}

Result<PackedElement> ListpackReader::next() {
  Cursor cursor(as_bytes(bytes_.substr(position_, end_ - position_)), offset_ + position_);
  ASSIGN_OR_RETURN(const PackedElement element, read_element(cursor));
  const size_t size = cursor.position();
  const size_t width = back_length_width(size);
  if (cursor.remaining() < width || !back_length_is(bytes_, position_ + size, size, width))
    return corrupt("the backward length of an element is wrong");
  position_ += size + width;
  return element;
}

Result<int64_t> ListpackReader::next_integer() {
  ASSIGN_OR_RETURN(const PackedElement element, next());
  if (!element.is_integer()) return corrupt("there is a text where a number belongs");
  return element.integer();
}

Result<void> for_each_in_listpack(std::string_view bytes, uint64_t offset, const ElementConsumer& consume) {
  ASSIGN_OR_RETURN(ListpackReader reader, ListpackReader::open(bytes, offset));
  size_t count = 0;
  for (; !reader.at_end(); ++count) {
    ASSIGN_OR_RETURN(const PackedElement element, reader.next());
    RETURN_IF_ERROR(consume(element));
  }
  const auto recorded = load_little_endian<uint16_t>(bytes.data() + 4);
  if (recorded != kUnknownCount && recorded != count)
    return Error(Code::kCorrupt, "the rdb data are damaged: the listpack at byte {} has {} elements, not {}",
                 offset, count, recorded);
  return {};
}

}  // namespace summit::rdb
