#include "stores/neo4j/canonical.h"

#include "stores/neo4j/canonical_bytes.h"

namespace summit::neo4j {
namespace {

struct Encoder {
  std::string& bytes;

  void tag(CanonicalTag tag) const { append_tag(tag, bytes); }

  void operator()(std::monostate) const { tag(CanonicalTag::kNull); }
  void operator()(bool value) const {
    tag(CanonicalTag::kBoolean);
    bytes += value ? '\1' : '\0';
  }
  void operator()(int64_t value) const {
    tag(CanonicalTag::kInteger);
    append_integer(value, bytes);
  }
  void operator()(double value) const {
    tag(CanonicalTag::kFloat);
    append_float(value, bytes);
  }
  void operator()(const std::string& value) const {
    tag(CanonicalTag::kString);
    append_text(value, bytes);
  }
  void operator()(const Bytes& value) const {
    tag(CanonicalTag::kBytes);
    append_text(value.data, bytes);
  }
  void operator()(const Value::List& list) const {
    tag(CanonicalTag::kList);
    append_size(list.size(), bytes);
    for (const auto& value : list) append_canonical(value, bytes);
  }
  void operator()(const Value::Map& map) const {
    tag(CanonicalTag::kMap);
    append_size(map.size(), bytes);
    for (const auto& [key, value] : map) {
      append_text(key, bytes);
      append_canonical(value, bytes);
    }
  }
  void operator()(const Date& value) const { numbers(CanonicalTag::kDate, {value.days}); }
  void operator()(const LocalTime& value) const { numbers(CanonicalTag::kLocalTime, {value.nanoseconds}); }
  void operator()(const Time& value) const {
    numbers(CanonicalTag::kTime, {value.nanoseconds, value.offset});
  }
  void operator()(const LocalDateTime& value) const {
    numbers(CanonicalTag::kLocalDateTime, {value.seconds, value.nanoseconds});
  }
  void operator()(const DateTime& value) const {
    if (value.zone.empty())
      return numbers(CanonicalTag::kDateTime, {value.seconds, value.nanoseconds, value.offset});
    numbers(CanonicalTag::kZonedDateTime, {value.seconds, value.nanoseconds});
    append_text(value.zone, bytes);
  }
  void operator()(const Duration& value) const {
    numbers(CanonicalTag::kDuration, {value.months, value.days, value.seconds, value.nanoseconds});
  }
  void operator()(const Point& value) const {
    numbers(CanonicalTag::kPoint, {value.srid, value.dimensions});
    for (int i = 0; i < value.dimensions; ++i) append_float(value.coordinates[static_cast<size_t>(i)], bytes);
  }

  // No property, list or map of a store holds an element of the graph.
  template <typename T>
  void operator()(const bolt::Shared<T>&) const {
    tag(CanonicalTag::kNull);
  }

  void numbers(CanonicalTag kind, std::initializer_list<int64_t> values) const {
    tag(kind);
    for (const int64_t value : values) append_integer(value, bytes);
  }
};

}  // namespace

void append_canonical(const Value& value, std::string& bytes) { std::visit(Encoder{bytes}, value.data); }

}  // namespace summit::neo4j
