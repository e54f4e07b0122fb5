// A Cypher value, exactly typed: an integer is never a float, and a temporal value is numbers, not text.
//
// The fields are those of Bolt's structures, so that every protocol yields the same Value.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace summit::neo4j {

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

struct Entry;

struct Value {
  using List = std::vector<Value>;
  using Map = std::vector<Entry>;  // ordered by key, each key once

  std::variant<std::monostate, bool, int64_t, double, std::string, Bytes, List, Map, Date, LocalTime, Time,
               LocalDateTime, DateTime, Duration, Point>
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

// Nothing when `map` has no such key.
const Value* find(const Value::Map& map, std::string_view key);

// Brings a map into the order that Value::Map promises.
void sort_by_key(Value::Map& map);

// One row of a result.
using Row = std::vector<Value>;

// `text` as a Cypher identifier: in backticks, with backticks in it doubled. The only way a name enters a
// statement.
std::string quote_identifier(std::string_view text);

// For people and logs: "42", "\"text\"", "[1, 2]".
std::string to_string(const Value& value);

// The same, but a text stands as it is, without quotes.
std::string to_text(const Value& value);

}  // namespace summit::neo4j
