#include "formats/bolt/packstream.h"

#include <bit>
#include <limits>

namespace summit::bolt {

namespace {

// The three markers of a counted type stand behind one another: 1, 2 and 4 bytes of count.
constexpr uint8_t kBytes = 0xcc;
constexpr uint8_t kText = 0xd0;
constexpr uint8_t kList = 0xd4;
constexpr uint8_t kMap = 0xd8;

bool is_tiny(uint8_t marker, unsigned family) { return (marker & 0xf0U) == family; }
bool is_wide(uint8_t marker, unsigned family) { return marker >= family && marker <= family + 2; }

// What the structures of dates and places are made of, for Writer::value.
struct ValueWriter {
  Writer& out;

  Result<void> operator()(std::monostate) const { return out.null(), Result<void>(); }
  Result<void> operator()(bool value) const { return out.boolean(value), Result<void>(); }
  Result<void> operator()(int64_t value) const { return out.integer(value), Result<void>(); }
  Result<void> operator()(double value) const { return out.real(value), Result<void>(); }
  Result<void> operator()(const std::string& value) const { return out.text(value), Result<void>(); }
  Result<void> operator()(const Bytes& value) const { return out.bytes(value.data), Result<void>(); }
  Result<void> operator()(const Value::List& list) const {
    out.list(list.size());
    for (const auto& value : list) RETURN_IF_ERROR(out.value(value));
    return {};
  }
  Result<void> operator()(const Value::Map& map) const {
    out.map(map.size());
    for (const auto& [key, value] : map) {
      out.text(key);
      RETURN_IF_ERROR(out.value(value));
    }
    return {};
  }
  Result<void> operator()(const Date& value) const { return integers(Tag::kDate, {value.days}); }
  Result<void> operator()(const LocalTime& value) const {
    return integers(Tag::kLocalTime, {value.nanoseconds});
  }
  Result<void> operator()(const Time& value) const {
    return integers(Tag::kTime, {value.nanoseconds, value.offset});
  }
  Result<void> operator()(const LocalDateTime& value) const {
    return integers(Tag::kLocalDateTime, {value.seconds, value.nanoseconds});
  }
  Result<void> operator()(const DateTime& value) const {
    if (value.zone.empty()) return integers(Tag::kDateTime, {value.seconds, value.nanoseconds, value.offset});
    out.structure(Tag::kZonedDateTime, 3);
    out.integer(value.seconds);
    out.integer(value.nanoseconds);
    out.text(value.zone);
    return {};
  }
  Result<void> operator()(const Duration& value) const {
    return integers(Tag::kDuration, {value.months, value.days, value.seconds, value.nanoseconds});
  }
  Result<void> operator()(const Point& value) const {
    const auto dimensions = static_cast<size_t>(value.dimensions);
    out.structure(dimensions == 3 ? Tag::kPoint3D : Tag::kPoint2D, dimensions + 1);
    out.integer(value.srid);
    for (size_t i = 0; i < dimensions; ++i) out.real(value.coordinates[i]);
    return {};
  }
  template <typename T>
  Result<void> operator()(const Shared<T>&) const {
    return Error(Code::kUnsupported, "a node, relationship or path cannot be sent to neo4j");
  }

  Result<void> integers(Tag tag, std::initializer_list<int64_t> fields) const {
    out.structure(tag, fields.size());
    for (const int64_t field : fields) out.integer(field);
    return {};
  }
};

}  // namespace

void Writer::number(uint64_t value, size_t width) {
  for (size_t i = width; i > 0; --i) byte((value >> (8 * (i - 1))) & 0xff);
}

void Writer::integer(int64_t value) {
  const auto bits = static_cast<uint64_t>(value);
  if (value >= -16 && value <= 127) return number(bits, 1);
  if (value == static_cast<int8_t>(value)) return byte(0xc8), number(bits, 1);
  if (value == static_cast<int16_t>(value)) return byte(0xc9), number(bits, 2);
  if (value == static_cast<int32_t>(value)) return byte(0xca), number(bits, 4);
  byte(0xcb);
  number(bits, 8);
}

void Writer::real(double value) {
  byte(0xc1);
  number(std::bit_cast<uint64_t>(value), 8);
}

void Writer::header(size_t count, unsigned tiny, unsigned wide) {
  if (count < 16) return byte(tiny | static_cast<unsigned>(count));
  if (count <= 0xff) return byte(wide), number(count, 1);
  if (count <= 0xffff) return byte(wide + 1), number(count, 2);
  byte(wide + 2);
  number(count, 4);
}

void Writer::text(std::string_view value) {
  header(value.size(), 0x80, kText);
  out_ += value;
}

void Writer::bytes(std::string_view value) {
  const size_t size = value.size();
  const size_t width = size <= 0xff ? 1 : size <= 0xffff ? 2 : 4;
  byte(kBytes + static_cast<unsigned>(width / 2));
  number(size, width);
  out_ += value;
}

void Writer::structure(uint8_t tag, size_t fields) {
  byte(0xb0U | static_cast<unsigned>(fields));
  byte(tag);
}

Result<void> Writer::value(const Value& value) { return std::visit(ValueWriter{*this}, value.data); }

Type Cursor::type() const {
  if (failed_ || at_ == end_) return Type::kNone;
  const uint8_t marker = *at_;
  if (marker < 0x80 || marker >= 0xf0 || (marker >= 0xc8 && marker <= 0xcb)) return Type::kInteger;
  if (is_tiny(marker, 0x80) || is_wide(marker, kText)) return Type::kText;
  if (is_tiny(marker, 0x90) || is_wide(marker, kList)) return Type::kList;
  if (is_tiny(marker, 0xa0) || is_wide(marker, kMap)) return Type::kMap;
  if (is_tiny(marker, 0xb0)) return Type::kStructure;
  if (is_wide(marker, kBytes)) return Type::kBytes;
  if (marker == 0xc0) return Type::kNull;
  if (marker == 0xc1) return Type::kFloat;
  if (marker == 0xc2 || marker == 0xc3) return Type::kBoolean;
  return Type::kNone;
}

Error Cursor::error(std::string_view expected) const {
  return Error(Code::kCorrupt, "no {} stands at byte {} of a packstream value", expected, position());
}

bool Cursor::number(size_t width, uint64_t& value) {
  if (remaining() < width) return fail();
  value = 0;
  for (size_t i = 0; i < width; ++i) value = value << 8 | *at_++;
  return true;
}

bool Cursor::null() {
  if (type() != Type::kNull) return fail();
  ++at_;
  return true;
}

bool Cursor::boolean(bool& value) {
  if (type() != Type::kBoolean) return fail();
  value = *at_++ == 0xc3;
  return true;
}

bool Cursor::integer(int64_t& value) {
  if (type() != Type::kInteger) return fail();
  const uint8_t marker = *at_;
  if (marker < 0x80 || marker >= 0xf0) {
    ++at_;
    value = marker < 0x80 ? int64_t{marker} : int64_t{marker} - 0x100;
    return true;
  }
  const unsigned power = marker - 0xc8U;
  if (power > 3) return fail();
  const size_t width = size_t{1} << power;
  if (remaining() < 1 + width) return fail();
  ++at_;
  uint64_t bits = 0;
  if (!number(width, bits)) return false;
  const unsigned unused = 64 - (8U << power);
  value = static_cast<int64_t>(bits << unused) >> unused;
  return true;
}

bool Cursor::real(double& value) {
  if (type() != Type::kFloat || remaining() < 9) return fail();
  ++at_;
  uint64_t bits = 0;
  if (!number(8, bits)) return false;
  value = std::bit_cast<double>(bits);
  return true;
}

// A tiny form of 0 stands for a type that has none.
bool Cursor::sized(unsigned tiny, unsigned wide, uint32_t& count) {
  const uint8_t marker = *at_;
  if (tiny != 0 && is_tiny(marker, tiny)) {
    count = *at_++ & 0x0fU;
    return true;
  }
  const size_t width = size_t{1} << (marker - wide);
  if (remaining() < 1 + width) return fail();
  ++at_;
  uint64_t size = 0;
  if (!number(width, size)) return false;
  count = static_cast<uint32_t>(size);
  return true;
}

bool Cursor::content(uint32_t size, std::string_view& value) {
  if (remaining() < size) return fail();
  value = {reinterpret_cast<const char*>(at_), size};
  at_ += size;
  return true;
}

bool Cursor::text(std::string_view& value) {
  uint32_t size = 0;
  if (type() != Type::kText) return fail();
  return sized(0x80, kText, size) && content(size, value);
}

bool Cursor::bytes(ByteView& value) {
  uint32_t size = 0;
  std::string_view found;
  if (type() != Type::kBytes) return fail();
  if (!sized(0, kBytes, size) || !content(size, found)) return false;
  value = as_bytes(found);
  return true;
}

bool Cursor::list(uint32_t& count) {
  if (type() != Type::kList) return fail();
  if (!sized(0x90, kList, count)) return false;
  return count <= remaining() || fail();
}

bool Cursor::map(uint32_t& count) {
  if (type() != Type::kMap) return fail();
  if (!sized(0xa0, kMap, count)) return false;
  return count <= remaining() / 2 || fail();
}

bool Cursor::structure(uint8_t& tag, uint32_t& fields) {
  if (type() != Type::kStructure || remaining() < 2) return fail();
  fields = *at_ & 0x0fU;
  tag = at_[1];
  if (fields > remaining() - 2) return fail();
  at_ += 2;
  return true;
}

bool Cursor::skip_one(uint64_t& children) {
  uint32_t count = 0;
  uint8_t tag = 0;
  int64_t number = 0;
  double real = 0;
  std::string_view text;
  ByteView bytes;
  children = 0;
  switch (type()) {
    case Type::kNull:
    case Type::kBoolean:
      ++at_;
      return true;
    case Type::kInteger:
      return integer(number);
    case Type::kFloat:
      return this->real(real);
    case Type::kText:
      return this->text(text);
    case Type::kBytes:
      return this->bytes(bytes);
    case Type::kList:
      if (!list(count)) return false;
      children = count;
      return true;
    case Type::kMap:
      if (!map(count)) return false;
      children = uint64_t{2} * count;
      return true;
    case Type::kStructure:
      if (!structure(tag, count)) return false;
      children = count;
      return true;
    case Type::kNone:
      break;
  }
  return fail();
}

bool Cursor::skip() {
  // Counts what is still to come instead of descending: no depth of nesting is too much.
  for (uint64_t left = 1; left > 0; --left) {
    uint64_t children = 0;
    if (!skip_one(children)) return false;
    left += children;
    if (left - 1 > remaining()) return fail();
  }
  return true;
}

bool Cursor::raw(ByteView& value) {
  const uint8_t* const first = at_;
  if (!skip()) return false;
  value = ByteView(reinterpret_cast<const std::byte*>(first), static_cast<size_t>(at_ - first));
  return true;
}

}  // namespace summit::bolt
