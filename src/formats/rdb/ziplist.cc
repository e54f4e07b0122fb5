// Ziplist, zipmap and intset: what Redis up to 6.2 wrote for small lists, hashes, sorted sets, and all write
// for sets of integers.
#include "core/byte_order.h"
#include "formats/rdb/cursor.h"
#include "formats/rdb/packed.h"

namespace summit::rdb {

namespace {

constexpr uint8_t kEnd = 0xff;
constexpr uint8_t kWideLength = 254;

template <typename Signed, typename Unsigned>
PackedElement integer_of(Unsigned value) {
  return PackedElement(int64_t{static_cast<Signed>(value)});
}

Result<PackedElement> read_ziplist_integer(Cursor& cursor, uint8_t encoding) {
  constexpr std::string_view kWhat = "a number in a ziplist";
  switch (encoding) {
    case 0xc0: {
      ASSIGN_OR_RETURN(const ByteView bytes, cursor.take(2, kWhat));
      return integer_of<int16_t>(load_little_endian<uint16_t>(bytes.data()));
    }
    case 0xd0: {
      ASSIGN_OR_RETURN(const uint32_t value, cursor.little32(kWhat));
      return integer_of<int32_t>(value);
    }
    case 0xe0: {
      ASSIGN_OR_RETURN(const uint64_t value, cursor.little64(kWhat));
      return integer_of<int64_t>(value);
    }
    case 0xf0: {
      ASSIGN_OR_RETURN(const ByteView bytes, cursor.take(3, kWhat));
      const uint32_t shifted = uint32_t{load_little_endian<uint16_t>(bytes.data())} << 8 |
                               std::to_integer<uint32_t>(bytes[2]) << 24;
      return PackedElement(int64_t{static_cast<int32_t>(shifted) >> 8});
    }
    case 0xfe: {
      ASSIGN_OR_RETURN(const uint8_t value, cursor.byte(kWhat));
      return integer_of<int8_t>(value);
    }
    default:
      break;
  }
  // 1111xxxx with xxxx from 1 to 13: the number itself, from 0 to 12.
  if (encoding >= 0xf1 && encoding <= 0xfd) return PackedElement(int64_t{encoding} - 0xf1);
  return cursor.corrupt(fmt::format("byte {:#04x} is no encoding of a ziplist, just", encoding));
}

Result<PackedElement> read_ziplist_element(Cursor& cursor) {
  constexpr std::string_view kWhat = "a text in a ziplist";
  ASSIGN_OR_RETURN(const uint8_t encoding, cursor.byte("an element of a ziplist"));
  if (encoding >= 0xc0) return read_ziplist_integer(cursor, encoding);
  uint64_t size = encoding & 0x3f;
  if (encoding >= 0x80) {
    ASSIGN_OR_RETURN(const ByteView four, cursor.take(4, kWhat));
    size = load_big_endian<uint32_t>(four.data());
  } else if (encoding >= 0x40) {
    ASSIGN_OR_RETURN(const uint8_t low, cursor.byte(kWhat));
    size = size << 8 | low;
  }
  ASSIGN_OR_RETURN(const ByteView text, cursor.take(size, kWhat));
  return PackedElement(as_text(text));
}

Result<void> check_previous_length(Cursor& cursor, size_t previous) {
  ASSIGN_OR_RETURN(const uint8_t first, cursor.byte("an element of a ziplist"));
  uint64_t length = first;
  if (first == kWideLength) {
    ASSIGN_OR_RETURN(length, cursor.little32("an element of a ziplist"));
  }
  if (length != previous) return cursor.corrupt("the backward length of a ziplist's element is wrong");
  return {};
}

}  // namespace

Result<void> for_each_in_ziplist(std::string_view bytes, uint64_t offset, const ElementConsumer& consume) {
  Cursor cursor(as_bytes(bytes), offset);
  ASSIGN_OR_RETURN(const uint32_t size, cursor.little32("the header of a ziplist"));
  ASSIGN_OR_RETURN(const uint32_t tail, cursor.little32("the header of a ziplist"));
  ASSIGN_OR_RETURN(const ByteView count_bytes, cursor.take(2, "the header of a ziplist"));
  const auto recorded = load_little_endian<uint16_t>(count_bytes.data());
  if (size != bytes.size() || tail >= bytes.size()) return cursor.corrupt("the size of a ziplist is wrong");

  size_t count = 0;
  size_t previous = 0;
  while (true) {
    if (cursor.at_end()) return cursor.corrupt("the end of a ziplist is missing");
    if (static_cast<uint8_t>(bytes[cursor.position()]) == kEnd) break;
    const size_t start = cursor.position();
    RETURN_IF_ERROR(check_previous_length(cursor, previous));
    ASSIGN_OR_RETURN(const PackedElement element, read_ziplist_element(cursor));
    RETURN_IF_ERROR(consume(element));
    previous = cursor.position() - start;
    ++count;
  }
  if (cursor.remaining() != 1) return cursor.corrupt("a ziplist ends too soon");
  if (recorded != 0xffff && recorded != count) return cursor.corrupt("the count of a ziplist is wrong");
  return {};
}

Result<void> for_each_in_zipmap(std::string_view bytes, uint64_t offset, const ElementConsumer& consume) {
  constexpr std::string_view kWhat = "a zipmap";
  Cursor cursor(as_bytes(bytes), offset);
  RETURN_IF_ERROR(cursor.byte(kWhat));  // the count, which is only a hint
  const auto read_length = [&](uint8_t first) -> Result<uint64_t> {
    if (first < kWideLength) return uint64_t{first};
    if (first == kEnd) return cursor.corrupt("a zipmap ends after a field");
    ASSIGN_OR_RETURN(const uint32_t wide, cursor.little32(kWhat));
    return uint64_t{wide};
  };
  while (true) {
    ASSIGN_OR_RETURN(const uint8_t first, cursor.byte(kWhat));
    if (first == kEnd) break;
    ASSIGN_OR_RETURN(const uint64_t field_size, read_length(first));
    ASSIGN_OR_RETURN(const ByteView field, cursor.take(field_size, kWhat));
    RETURN_IF_ERROR(consume(PackedElement(as_text(field))));
    ASSIGN_OR_RETURN(const uint8_t second, cursor.byte(kWhat));
    ASSIGN_OR_RETURN(const uint64_t value_size, read_length(second));
    ASSIGN_OR_RETURN(const uint8_t unused, cursor.byte(kWhat));
    ASSIGN_OR_RETURN(const ByteView value, cursor.take(value_size, kWhat));
    RETURN_IF_ERROR(consume(PackedElement(as_text(value))));
    RETURN_IF_ERROR(cursor.take(unused, kWhat));
  }
  if (!cursor.at_end()) return cursor.corrupt("a zipmap ends too soon");
  return {};
}

Result<void> for_each_in_intset(std::string_view bytes, uint64_t offset, const ElementConsumer& consume) {
  Cursor cursor(as_bytes(bytes), offset);
  ASSIGN_OR_RETURN(const uint32_t width, cursor.little32("an intset"));
  ASSIGN_OR_RETURN(const uint32_t count, cursor.little32("an intset"));
  if (width != 2 && width != 4 && width != 8)
    return cursor.corrupt(fmt::format("{} is no width of an intset", width));
  if (cursor.remaining() != uint64_t{width} * count) return cursor.corrupt("the size of an intset is wrong");
  while (!cursor.at_end()) {
    ASSIGN_OR_RETURN(const ByteView number, cursor.take(width, "an intset"));
    const auto element = width == 2   ? integer_of<int16_t>(load_little_endian<uint16_t>(number.data()))
                         : width == 4 ? integer_of<int32_t>(load_little_endian<uint32_t>(number.data()))
                                      : integer_of<int64_t>(load_little_endian<uint64_t>(number.data()));
    RETURN_IF_ERROR(consume(element));
  }
  return {};
}

}  // namespace summit::rdb
