#include "formats/bolt/value.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/bytes.h"

namespace summit::bolt {
namespace {

struct Printer {
  std::string operator()(std::monostate) const { return "null"; }
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(int64_t value) const { return fmt::format("{}", value); }
  std::string operator()(double value) const { return fmt::format("{}", value); }
  std::string operator()(const std::string& value) const { return fmt::format("\"{}\"", value); }
  std::string operator()(const Bytes& value) const { return "0x" + to_hex(as_bytes(value.data)); }
  std::string operator()(const Value::List& list) const {
    std::string text;
    for (const auto& value : list) text += (text.empty() ? "" : ", ") + to_string(value);
    return "[" + text + "]";
  }
  std::string operator()(const Value::Map& map) const {
    std::string text;
    for (const auto& [key, value] : map) text += (text.empty() ? "" : ", ") + key + ": " + to_string(value);
    return "{" + text + "}";
  }
  std::string operator()(const Date& value) const { return fmt::format("date({} d)", value.days); }
  std::string operator()(const LocalTime& value) const {
    return fmt::format("localtime({} ns)", value.nanoseconds);
  }
  std::string operator()(const Time& value) const {
    return fmt::format("time({} ns, {} s)", value.nanoseconds, value.offset);
  }
  std::string operator()(const LocalDateTime& value) const {
    return fmt::format("localdatetime({}.{:09} s)", value.seconds, value.nanoseconds);
  }
  std::string operator()(const DateTime& value) const {
    return fmt::format("datetime({}.{:09} s, {})", value.seconds, value.nanoseconds,
                       value.zone.empty() ? fmt::format("{} s", value.offset) : value.zone);
  }
  std::string operator()(const Duration& value) const {
    return fmt::format("duration({} mo, {} d, {}.{:09} s)", value.months, value.days, value.seconds,
                       value.nanoseconds);
  }
  std::string operator()(const Point& value) const {
    const auto& at = value.coordinates;
    return value.dimensions == 3 ? fmt::format("point({}: {} {} {})", value.srid, at[0], at[1], at[2])
                                 : fmt::format("point({}: {} {})", value.srid, at[0], at[1]);
  }
  std::string operator()(const Shared<Node>& node) const {
    std::string text = fmt::format("({}", node->id);
    for (const auto& label : node->labels) text += ":" + label;
    return text + " " + (*this)(node->properties) + ")";
  }
  std::string operator()(const Shared<Relationship>& value) const {
    return fmt::format("({})-[{}:{} {}]->({})", value->start, value->id, value->type,
                       (*this)(value->properties), value->end);
  }
  std::string operator()(const Shared<Path>& path) const {
    return fmt::format("path({} nodes, {} relationships)", path->nodes.size(), path->relationships.size());
  }
};

}  // namespace

const Value* find(const Value::Map& map, std::string_view key) {
  const auto found =
      std::lower_bound(map.begin(), map.end(), key,
                       [](const Entry& entry, std::string_view wanted) { return entry.key < wanted; });
  return found != map.end() && found->key == key ? &found->value : nullptr;
}

void sort_by_key(Value::Map& map) {
  std::sort(map.begin(), map.end(), [](const Entry& a, const Entry& b) { return a.key < b.key; });
}

std::string to_string(const Value& value) { return std::visit(Printer{}, value.data); }

std::string to_text(const Value& value) {
  const auto* text = value.as<std::string>();
  return text ? *text : to_string(value);
}

}  // namespace summit::bolt
