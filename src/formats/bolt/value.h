// A Cypher value, exactly typed: an integer is never a float, and a temporal value is numbers, not text.
//
// The fields are those of Bolt's structures (docs/formats/bolt.md), so that every protocol yields the same
// Value.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace summit::bolt {

struct Bytes {
  std::string data;
  friend bool operator==(const Bytes&, const Bytes&) = default;
};

struct Date {
  int64_t days = 0;  // since 1970-01-01
  friend bool operator==(const Date&, const Date&) = default;
};

struct LocalTime {
  int64_t nanoseconds = 0;  // of the day
  friend bool operator==(const LocalTime&, const LocalTime&) = default;
};

struct Time {
  int64_t nanoseconds = 0;  // of the local day
  int32_t offset = 0;       // seconds east of UTC
  friend bool operator==(const Time&, const Time&) = default;
};

struct LocalDateTime {
  int64_t seconds = 0;  // since 1970-01-01T00:00 of the same clock
  int32_t nanoseconds = 0;
  friend bool operator==(const LocalDateTime&, const LocalDateTime&) = default;
};

struct DateTime {
  int64_t seconds = 0;  // since 1970-01-01T00:00Z
  int32_t nanoseconds = 0;
  int32_t offset = 0;  // seconds east of UTC; 0 when `zone` is set
  std::string zone{};  // "Europe/Berlin"; empty: an offset only
  friend bool operator==(const DateTime&, const DateTime&) = default;
};

struct Duration {
  int64_t months = 0;
  int64_t days = 0;
  int64_t seconds = 0;
  int32_t nanoseconds = 0;  // 0 to 999,999,999, whatever the sign of `seconds`
  friend bool operator==(const Duration&, const Duration&) = default;
};

struct Point {
  int32_t srid = 0;
  std::array<double, 3> coordinates{};
  int32_t dimensions = 2;
  friend bool operator==(const Point&, const Point&) = default;
};

struct Node;
struct Relationship;
struct Path;

// Elements of the graph are large and rare among values: they stand behind a pointer, so that all others stay
// small. Never null; equal when what they point to is.
template <typename T>
struct Shared {
  std::shared_ptr<const T> element;
  const T& operator*() const { return *element; }
  const T* operator->() const { return element.get(); }
  friend bool operator==(const Shared& a, const Shared& b) { return *a == *b; }
};

struct Entry;

struct Value {
  using List = std::vector<Value>;
  using Map = std::vector<Entry>;  // ordered by key, each key once

  std::variant<std::monostate, bool, int64_t, double, std::string, Bytes, List, Map, Date, LocalTime, Time,
               LocalDateTime, DateTime, Duration, Point, Shared<Node>, Shared<Relationship>, Shared<Path>>
      data;  // no initializer: it would need Entry, which needs this type

  template <typename T>
  const T* as() const {
    return std::get_if<T>(&data);
  }
  bool is_null() const { return std::holds_alternative<std::monostate>(data); }
  // The text, or "" when it is none.
  std::string_view text() const {
    const auto* value = as<std::string>();
    return value ? std::string_view(*value) : std::string_view();
  }
  int64_t integer_or(int64_t fallback) const {
    const auto* value = as<int64_t>();
    return value ? *value : fallback;
  }

  friend bool operator==(const Value&, const Value&);
};

struct Entry {
  std::string key;
  Value value;
  friend bool operator==(const Entry&, const Entry&) = default;
};

inline bool operator==(const Value& a, const Value& b) { return a.data == b.data; }

// The element id is empty before Bolt 5.0. `id` is unique within one database at one time.
struct Node {
  int64_t id = 0;
  std::vector<std::string> labels;
  Value::Map properties;
  std::string element_id;
  friend bool operator==(const Node&, const Node&) = default;
};

// In a path the ends are those of the walk's nodes, and 0 here.
struct Relationship {
  int64_t id = 0;
  int64_t start = 0;
  int64_t end = 0;
  std::string type;
  Value::Map properties;
  std::string element_id;
  friend bool operator==(const Relationship&, const Relationship&) = default;
};

// `steps` are pairs, as on the wire: which relationship (from 1; negative: walked backwards), then which node
// (from 0). The walk begins at the first node.
struct Path {
  std::vector<Node> nodes;
  std::vector<Relationship> relationships;
  std::vector<int64_t> steps;
  friend bool operator==(const Path&, const Path&) = default;
};

// Nothing when `map` has no such key.
const Value* find(const Value::Map& map, std::string_view key);

// Brings a map into the order that Value::Map promises.
void sort_by_key(Value::Map& map);

// One row of a result.
using Row = std::vector<Value>;

// For people and logs: "42", "\"text\"", "[1, 2]".
std::string to_string(const Value& value);

// The same, but a text stands as it is, without quotes.
std::string to_text(const Value& value);

}  // namespace summit::bolt
