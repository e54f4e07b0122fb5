#include <limits>

#include "formats/bolt/packstream.h"

namespace summit::bolt {

namespace {

constexpr int kDeepest = 100;

class ValueReader {
 public:
  explicit ValueReader(Cursor& cursor) : cursor_(cursor) {}

  Result<Value> read(int depth) {
    if (depth > kDeepest) return Error(Code::kCorrupt, "a value of neo4j is nested too deeply");
    switch (cursor_.type()) {
      case Type::kNull:
        return cursor_.null() ? Result<Value>(Value{}) : failure();
      case Type::kBoolean:
        return scalar<bool>([this](auto& value) { return cursor_.boolean(value); });
      case Type::kInteger:
        return scalar<int64_t>([this](auto& value) { return cursor_.integer(value); });
      case Type::kFloat:
        return scalar<double>([this](auto& value) { return cursor_.real(value); });
      case Type::kText:
        return text();
      case Type::kBytes:
        return bytes();
      case Type::kList:
        return list(depth);
      case Type::kMap: {
        ASSIGN_OR_RETURN(auto entries, map(depth));
        return Value{std::move(entries)};
      }
      case Type::kStructure:
        return structure(depth);
      case Type::kNone:
        break;
    }
    return failure();
  }

 private:
  Result<Value> failure() const { return cursor_.error("value"); }

  template <typename T, typename Read>
  Result<Value> scalar(Read read) {
    T value{};
    if (!read(value)) return failure();
    return Value{value};
  }

  Result<Value> text() {
    std::string_view text;
    if (!cursor_.text(text)) return failure();
    return Value{std::string(text)};
  }

  Result<Value> bytes() {
    ByteView bytes;
    if (!cursor_.bytes(bytes)) return failure();
    return Value{Bytes{std::string(as_text(bytes))}};
  }

  Result<Value> list(int depth) {
    uint32_t count = 0;
    if (!cursor_.list(count)) return failure();
    Value::List list;
    for (uint32_t i = 0; i < count; ++i) {
      ASSIGN_OR_RETURN(auto value, read(depth + 1));
      list.push_back(std::move(value));
    }
    return Value{std::move(list)};
  }

  Result<Value::Map> map(int depth) {
    uint32_t count = 0;
    if (!cursor_.map(count)) return cursor_.error("map");
    Value::Map map;
    for (uint32_t i = 0; i < count; ++i) {
      std::string_view key;
      if (!cursor_.text(key)) return cursor_.error("key");
      ASSIGN_OR_RETURN(auto value, read(depth + 1));
      map.push_back({std::string(key), std::move(value)});
    }
    sort_by_key(map);
    for (size_t i = 1; i < map.size(); ++i) {
      if (map[i - 1].key == map[i].key)
        return Error(Code::kCorrupt, "a map of neo4j has the key `{}` twice", map[i].key);
    }
    return map;
  }

  Result<Value> structure(int depth);
  Result<Value> temporal(Tag tag);
  Result<Value> zoned(Tag tag);
  Result<Value> point(int32_t dimensions);
  Result<Node> node(uint32_t fields, int depth);
  Result<Relationship> relationship(uint32_t fields, int depth);
  Result<Relationship> unbound_relationship(uint32_t fields, int depth);
  Result<Path> path(int depth);

  // Integers in turn. The narrow ones must fit.
  template <typename... T>
  bool integers(T&... values) {
    return (narrow(values) && ...);
  }
  template <typename T>
  bool narrow(T& value) {
    int64_t wide = 0;
    if (!cursor_.integer(wide)) return false;
    value = static_cast<T>(wide);
    return value == wide;
  }
  bool text_field(std::string& field) {
    std::string_view text;
    if (!cursor_.text(text)) return false;
    field = text;
    return true;
  }
  bool skip_fields(uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) {
      if (!cursor_.skip()) return false;
    }
    return true;
  }
  // The same kind of structure, several times.
  template <typename T, typename Read>
  Result<void> structures(Tag tag, std::vector<T>& out, Read read) {
    uint32_t count = 0;
    if (!cursor_.list(count)) return cursor_.error("list");
    for (uint32_t i = 0; i < count; ++i) {
      uint8_t found = 0;
      uint32_t fields = 0;
      if (!cursor_.structure(found, fields) || found != static_cast<uint8_t>(tag))
        return cursor_.error("element of a path");
      ASSIGN_OR_RETURN(auto one, read(fields));
      out.push_back(std::move(one));
    }
    return {};
  }

  Cursor& cursor_;
};

// How many fields a structure that is no element of the graph has.
uint32_t fields_of(Tag tag) {
  switch (tag) {
    case Tag::kDate:
    case Tag::kLocalTime:
      return 1;
    case Tag::kTime:
    case Tag::kLocalDateTime:
      return 2;
    case Tag::kDateTime:
    case Tag::kZonedDateTime:
    case Tag::kLegacyDateTime:
    case Tag::kLegacyZonedDateTime:
    case Tag::kPoint2D:
      return 3;
    default:
      return 4;
  }
}

Result<Value> shared(auto element) {
  using T = decltype(element);
  return Value{Shared<T>{std::make_shared<const T>(std::move(element))}};
}

Result<Value> ValueReader::structure(int depth) {
  uint8_t number = 0;
  uint32_t fields = 0;
  if (!cursor_.structure(number, fields)) return failure();
  const auto tag = static_cast<Tag>(number);
  switch (tag) {
    case Tag::kNode: {
      ASSIGN_OR_RETURN(auto element, node(fields, depth));
      return shared(std::move(element));
    }
    case Tag::kRelationship: {
      ASSIGN_OR_RETURN(auto element, relationship(fields, depth));
      return shared(std::move(element));
    }
    case Tag::kUnboundRelationship: {
      ASSIGN_OR_RETURN(auto element, unbound_relationship(fields, depth));
      return shared(std::move(element));
    }
    case Tag::kPath: {
      if (fields != 3) return cursor_.error("path");
      ASSIGN_OR_RETURN(auto element, path(depth));
      return shared(std::move(element));
    }
    default:
      break;
  }
  if (fields != fields_of(tag)) return cursor_.error("structure of this tag");
  switch (tag) {
    case Tag::kDateTime:
    case Tag::kZonedDateTime:
    case Tag::kLegacyDateTime:
    case Tag::kLegacyZonedDateTime:
      return zoned(tag);
    case Tag::kPoint2D:
      return point(2);
    case Tag::kPoint3D:
      return point(3);
    default:
      return temporal(tag);
  }
}

Result<Value> ValueReader::temporal(Tag tag) {
  switch (tag) {
    case Tag::kDate: {
      Date date;
      if (integers(date.days)) return Value{date};
      break;
    }
    case Tag::kTime: {
      Time time;
      if (integers(time.nanoseconds, time.offset)) return Value{time};
      break;
    }
    case Tag::kLocalTime: {
      LocalTime time;
      if (integers(time.nanoseconds)) return Value{time};
      break;
    }
    case Tag::kLocalDateTime: {
      LocalDateTime time;
      if (integers(time.seconds, time.nanoseconds)) return Value{time};
      break;
    }
    case Tag::kDuration: {
      Duration duration;
      if (integers(duration.months, duration.days, duration.seconds, duration.nanoseconds))
        return Value{duration};
      break;
    }
    default:
      return Error(Code::kCorrupt, "neo4j sent a structure of the unknown kind {:#04x}",
                   static_cast<unsigned>(tag));
  }
  return cursor_.error("temporal value");
}

Result<Value> ValueReader::zoned(Tag tag) {
  DateTime time;
  if (!integers(time.seconds, time.nanoseconds)) return cursor_.error("date and time");
  if (tag == Tag::kDateTime || tag == Tag::kLegacyDateTime) {
    if (!integers(time.offset)) return cursor_.error("offset");
    if (tag == Tag::kLegacyDateTime && __builtin_sub_overflow(time.seconds, time.offset, &time.seconds))
      return cursor_.error("date and time");
    return Value{std::move(time)};
  }
  if (!text_field(time.zone) || time.zone.empty()) return cursor_.error("time zone");
  if (tag == Tag::kLegacyZonedDateTime) {
    return Error(Code::kUnsupported, "neo4j sends the time zone {} by its local clock only", time.zone)
        .hint("bring the server to neo4j 5, or a 4.4 that grants utc date-times");
  }
  return Value{std::move(time)};
}

Result<Value> ValueReader::point(int32_t dimensions) {
  Point point;
  point.dimensions = dimensions;
  if (!integers(point.srid)) return cursor_.error("point");
  for (size_t i = 0; i < static_cast<size_t>(dimensions); ++i) {
    if (!cursor_.real(point.coordinates[i])) return cursor_.error("coordinate");
  }
  return Value{point};
}

Result<Node> ValueReader::node(uint32_t fields, int depth) {
  Node node;
  uint32_t labels = 0;
  if (fields < 3 || fields > 4 || !integers(node.id) || !cursor_.list(labels)) return cursor_.error("node");
  for (uint32_t i = 0; i < labels; ++i) {
    if (!text_field(node.labels.emplace_back())) return cursor_.error("label");
  }
  ASSIGN_OR_RETURN(node.properties, map(depth));
  if (fields == 4 && !text_field(node.element_id)) return cursor_.error("element id");
  return node;
}

Result<Relationship> ValueReader::relationship(uint32_t fields, int depth) {
  Relationship relationship;
  if ((fields != 5 && fields != 8) || !integers(relationship.id, relationship.start, relationship.end) ||
      !text_field(relationship.type))
    return cursor_.error("relationship");
  ASSIGN_OR_RETURN(relationship.properties, map(depth));
  // The element ids of both ends say no more than their ids.
  if (fields == 8 && (!text_field(relationship.element_id) || !skip_fields(2)))
    return cursor_.error("element id");
  return relationship;
}

Result<Relationship> ValueReader::unbound_relationship(uint32_t fields, int depth) {
  Relationship relationship;
  if (fields < 3 || fields > 4 || !integers(relationship.id) || !text_field(relationship.type))
    return cursor_.error("relationship");
  ASSIGN_OR_RETURN(relationship.properties, map(depth));
  if (fields == 4 && !text_field(relationship.element_id)) return cursor_.error("element id");
  return relationship;
}

Result<Path> ValueReader::path(int depth) {
  Path path;
  RETURN_IF_ERROR(structures(Tag::kNode, path.nodes, [&](uint32_t fields) { return node(fields, depth); }));
  RETURN_IF_ERROR(structures(Tag::kUnboundRelationship, path.relationships,
                             [&](uint32_t fields) { return unbound_relationship(fields, depth); }));
  uint32_t steps = 0;
  if (!cursor_.list(steps) || steps % 2 != 0) return cursor_.error("path");
  const auto relationships = static_cast<int64_t>(path.relationships.size());
  const auto nodes = static_cast<int64_t>(path.nodes.size());
  for (uint32_t i = 0; i < steps; ++i) {
    int64_t index = 0;
    if (!cursor_.integer(index)) return cursor_.error("step of a path");
    const bool sound = i % 2 == 0 ? index != 0 && index >= -relationships && index <= relationships
                                  : index >= 0 && index < nodes;
    if (!sound) return cursor_.error("step of a path");
    path.steps.push_back(index);
  }
  return path;
}

}  // namespace

Result<Value> read_value(Cursor& cursor) { return ValueReader(cursor).read(0); }

}  // namespace summit::bolt
