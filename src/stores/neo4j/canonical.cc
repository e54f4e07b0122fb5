#include "stores/neo4j/canonical.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace summit::neo4j {
namespace {

// One byte before each value. The numbers are part of the format.
enum class Tag : char {
  kNull = 0,
  kBoolean = 1,
  kInteger = 2,
  kFloat = 3,
  kString = 4,
  kBytes = 5,
  kList = 6,
  kMap = 7,
  kDate = 8,
  kLocalTime = 9,
  kTime = 10,
  kLocalDateTime = 11,
  kDateTime = 12,
  kZonedDateTime = 13,
  kDuration = 14,
  kPoint = 15,
};

// All integers are 8 bytes, the lowest first.
void append_integer(int64_t value, std::string& bytes) {
  auto rest = static_cast<uint64_t>(value);
  for (int i = 0; i < 8; ++i) {
    bytes += static_cast<char>(rest & 0xff);
    rest >>= 8;
  }
}

void append_size(size_t size, std::string& bytes) { append_integer(static_cast<int64_t>(size), bytes); }

void append_text(std::string_view text, std::string& bytes) {
  append_size(text.size(), bytes);
  bytes += text;
}

// The bits of the number: minus zero differs from zero, and all NaN are one.
void append_float(double value, std::string& bytes) {
  constexpr uint64_t kOneNan = 0x7ff8000000000000;
  append_integer(static_cast<int64_t>(std::isnan(value) ? kOneNan : std::bit_cast<uint64_t>(value)), bytes);
}

struct Encoder {
  std::string& bytes;

  void tag(Tag tag) const { bytes += static_cast<char>(tag); }

  void operator()(std::monostate) const { tag(Tag::kNull); }
  void operator()(bool value) const {
    tag(Tag::kBoolean);
    bytes += value ? '\1' : '\0';
  }
  void operator()(int64_t value) const {
    tag(Tag::kInteger);
    append_integer(value, bytes);
  }
  void operator()(double value) const {
    tag(Tag::kFloat);
    append_float(value, bytes);
  }
  void operator()(const std::string& value) const {
    tag(Tag::kString);
    append_text(value, bytes);
  }
  void operator()(const Bytes& value) const {
    tag(Tag::kBytes);
    append_text(value.data, bytes);
  }
  void operator()(const Value::List& list) const {
    tag(Tag::kList);
    append_size(list.size(), bytes);
    for (const auto& value : list) append_canonical(value, bytes);
  }
  void operator()(const Value::Map& map) const {
    tag(Tag::kMap);
    append_size(map.size(), bytes);
    for (const auto& [key, value] : map) {
      append_text(key, bytes);
      append_canonical(value, bytes);
    }
  }
  void operator()(const Date& value) const { numbers(Tag::kDate, {value.days}); }
  void operator()(const LocalTime& value) const { numbers(Tag::kLocalTime, {value.nanoseconds}); }
  void operator()(const Time& value) const { numbers(Tag::kTime, {value.nanoseconds, value.offset}); }
  void operator()(const LocalDateTime& value) const {
    numbers(Tag::kLocalDateTime, {value.seconds, value.nanoseconds});
  }
  void operator()(const DateTime& value) const {
    if (value.zone.empty()) return numbers(Tag::kDateTime, {value.seconds, value.nanoseconds, value.offset});
    numbers(Tag::kZonedDateTime, {value.seconds, value.nanoseconds});
    append_text(value.zone, bytes);
  }
  void operator()(const Duration& value) const {
    numbers(Tag::kDuration, {value.months, value.days, value.seconds, value.nanoseconds});
  }
  void operator()(const Point& value) const {
    numbers(Tag::kPoint, {value.srid, value.dimensions});
    for (int i = 0; i < value.dimensions; ++i) append_float(value.coordinates[static_cast<size_t>(i)], bytes);
  }

  // No property, list or map of a store holds an element of the graph.
  template <typename T>
  void operator()(const bolt::Shared<T>&) const {
    tag(Tag::kNull);
  }

  void numbers(Tag kind, std::initializer_list<int64_t> values) const {
    tag(kind);
    for (const int64_t value : values) append_integer(value, bytes);
  }
};

}  // namespace

void append_canonical(const Value& value, std::string& bytes) { std::visit(Encoder{bytes}, value.data); }

Sha256Digest node_digest(std::vector<std::string> labels, const Value& properties) {
  std::sort(labels.begin(), labels.end());
  std::string bytes = "N";
  append_size(labels.size(), bytes);
  for (const auto& label : labels) append_text(label, bytes);
  append_canonical(properties, bytes);
  return sha256(as_bytes(bytes));
}

Sha256Digest relationship_digest(std::string_view type, const Value& properties, std::string_view start,
                                 std::string_view end) {
  std::string bytes = "R";
  append_text(type, bytes);
  bytes += start;
  bytes += end;
  append_canonical(properties, bytes);
  return sha256(as_bytes(bytes));
}

}  // namespace summit::neo4j
