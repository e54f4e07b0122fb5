#include "stores/neo4j/jolt.h"

#include <nlohmann/json.hpp>

#include "stores/neo4j/temporal.h"

namespace summit::neo4j {
namespace {

using nlohmann::json;

constexpr char kRecordSeparator = '\x1e';
// A record is one row; a property may be long, but not without end.
constexpr size_t kRecordLimit = 512 * MiB;

Error malformed(std::string_view what) { return Error(Code::kCorrupt, "the answer of neo4j holds {}", what); }

Result<Value> value_of(const json& source);

Result<Value> list_of(const json& source) {
  Value::List list;
  list.reserve(source.size());
  for (const auto& element : source) {
    ASSIGN_OR_RETURN(auto value, value_of(element));
    list.push_back(std::move(value));
  }
  return Value{std::move(list)};
}

Result<Value> map_of(const json& source) {
  Value::Map map;
  map.reserve(source.size());
  for (const auto& [key, element] : source.items()) {
    ASSIGN_OR_RETURN(auto value, value_of(element));
    map.push_back({key, std::move(value)});
  }
  sort_by_key(map);
  return Value{std::move(map)};
}

// Under "R" stand floats, and in the strict form large integers too: only a float has a point, an exponent or
// a name.
Result<Value> number_of(const std::string& text) {
  if (const auto integer = parse_integer(text)) return Value{*integer};
  if (const auto real = parse_float(text)) return Value{*real};
  return malformed("a malformed number");
}

Result<Value> text_form_of(char sigil, const std::string& text) {
  switch (sigil) {
    case '?':
      return Value{text == "true"};
    case 'U':
      return Value{text};
    case 'Z':
    case 'R':
      return number_of(text);
    case 'T':
      if (auto value = parse_temporal(text)) return *std::move(value);
      return malformed(fmt::format("an unknown temporal value `{}`", text));
    case '@':
      if (const auto point = parse_point(text)) return Value{*point};
      return malformed(fmt::format("an unknown spatial value `{}`", text));
    case '#': {
      Bytes bytes;
      if (!from_hex(text, bytes.data)) return malformed("malformed bytes");
      return Value{std::move(bytes)};
    }
    default:
      return malformed(fmt::format("a value of unknown type `{}`", sigil));
  }
}

// {"sigil": content}
Result<Value> sigil_form_of(const json& source) {
  if (source.size() != 1) return malformed("an object that is no typed value");
  const auto& sigil = source.begin().key();
  const auto& content = source.begin().value();
  if (sigil == "[]" && content.is_array()) return list_of(content);
  if (sigil == "{}" && content.is_object()) return map_of(content);
  if (sigil.size() == 1 && content.is_string())
    return text_form_of(sigil[0], content.get_ref<const std::string&>());
  if (sigil == "()" || sigil == "->" || sigil == "<-" || sigil == "..") {
    return Error(Code::kUnsupported,
                 "a statement returned a node, relationship or path instead of its properties");
  }
  return malformed(fmt::format("a value of unknown type `{}`", sigil));
}

Result<Value> value_of(const json& source) {
  switch (source.type()) {
    case json::value_t::null:
      return Value{};
    case json::value_t::boolean:
      return Value{source.get<bool>()};
    case json::value_t::number_integer:
    case json::value_t::number_unsigned:
      return Value{source.get<int64_t>()};
    case json::value_t::number_float:
      return Value{source.get<double>()};
    case json::value_t::string:
      return Value{source.get_ref<const std::string&>()};
    case json::value_t::array:
      return list_of(source);
    case json::value_t::object:
      return sigil_form_of(source);
    default:
      return malformed("a value of no type");
  }
}

// Plain in the sparse form, {"U": text} in the strict one.
std::string text_of(const json& source) {
  if (source.is_string()) return source.get<std::string>();
  return source.is_object() && source.contains("U") && source["U"].is_string()
             ? source["U"].get<std::string>()
             : std::string();
}

std::optional<ServerError> first_error(const json& event) {
  if (!event.contains("errors") || !event["errors"].is_array() || event["errors"].empty()) return {};
  const auto& error = event["errors"].front();
  if (!error.is_object()) return {};
  return ServerError{text_of(error.value("code", json())), text_of(error.value("message", json()))};
}

Result<json> plain_json_of(const Value& value) {
  if (value.is_null()) return json();
  if (const auto* boolean = value.as<bool>()) return json(*boolean);
  if (const auto* integer = value.as<int64_t>()) return json(*integer);
  if (const auto* real = value.as<double>()) return json(*real);
  if (const auto* text = value.as<std::string>()) return json(*text);
  if (const auto* list = value.as<Value::List>()) {
    json array = json::array();
    for (const auto& element : *list) {
      ASSIGN_OR_RETURN(auto converted, plain_json_of(element));
      array.push_back(std::move(converted));
    }
    return array;
  }
  if (const auto* map = value.as<Value::Map>()) {
    json object = json::object();
    for (const auto& [key, element] : *map) {
      ASSIGN_OR_RETURN(object[key], plain_json_of(element));
    }
    return object;
  }
  return Error(Code::kUnsupported,
               "a statement's parameter is of a type that neo4j's http interface does not take");
}

}  // namespace

Result<void> JoltReader::write(ByteView block) {
  std::string_view text = as_text(block);
  while (!text.empty()) {
    const size_t line_end = text.find('\n');
    pending_.append(text.substr(0, line_end));
    if (pending_.size() > kRecordLimit) return malformed("a row that is too large");
    if (line_end == std::string_view::npos) return {};
    RETURN_IF_ERROR(take_record(pending_));
    pending_.clear();
    text.remove_prefix(line_end + 1);
  }
  return {};
}

Result<void> JoltReader::take_record(std::string_view text) {
  if (!text.empty() && text.front() == kRecordSeparator) text.remove_prefix(1);
  if (text.empty()) return {};
  const json event = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!event.is_object() || event.empty()) return malformed("something that is no jolt event");
  if (const auto data = event.find("data"); data != event.end()) {
    if (!data->is_array()) return malformed("a row that is no list");
    ASSIGN_OR_RETURN(auto row, list_of(*data));
    return on_row_(std::get<Value::List>(std::move(row.data)));
  }
  if (const auto error = event.find("error"); error != event.end() && !error_) error_ = first_error(*error);
  // "info" closes every sequence, after a failure too.
  if (event.contains("info")) complete_ = true;
  return {};
}

Result<void> JoltReader::finish() {
  if (complete_) return {};
  return Error(Code::kIo, "the answer of neo4j ended before its end");
}

std::optional<ServerError> error_in_body(std::string_view body) {
  while (!body.empty()) {
    if (body.front() == kRecordSeparator) body.remove_prefix(1);
    const size_t line_end = body.find('\n');
    const json event = json::parse(body.substr(0, line_end), nullptr, /*allow_exceptions=*/false);
    if (event.is_object()) {
      if (auto error = first_error(event)) return error;
      if (event.contains("error") && event["error"].is_object()) {
        if (auto error = first_error(event["error"])) return error;
      }
    }
    if (line_end == std::string_view::npos) break;
    body.remove_prefix(line_end + 1);
  }
  return {};
}

Result<std::string> statement_body(std::string_view cypher, const Value::Map& parameters) {
  ASSIGN_OR_RETURN(auto plain_parameters, plain_json_of(Value{parameters}));
  const json body = {
      {"statements", json::array({{{"statement", cypher}, {"parameters", std::move(plain_parameters)}}})}};
  // Parameters may come from data: bytes that are no UTF-8 must not throw.
  return body.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace summit::neo4j
