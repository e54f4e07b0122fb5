#include "devtools/platform/cypher_client.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace summit::platform {

namespace {

using neo4j::Value;
using nlohmann::json;

Value to_value(const json& source);

Value::Map to_map(const json& source) {
  Value::Map map;
  for (const auto& [key, element] : source.items()) map.push_back({key, to_value(element)});
  neo4j::sort_by_key(map);
  return map;
}

Value to_value(const json& source) {
  if (source.is_boolean()) return Value{source.get<bool>()};
  if (source.is_number_integer()) return Value{source.get<int64_t>()};
  if (source.is_number_float()) return Value{source.get<double>()};
  if (source.is_string()) return Value{source.get<std::string>()};
  if (source.is_object()) return Value{to_map(source)};
  if (!source.is_array()) return Value{};
  Value::List list;
  for (const auto& element : source) list.push_back(to_value(element));
  return Value{std::move(list)};
}

json to_json(const Value& value) {
  if (value.is_null()) return {};
  if (const auto* boolean = value.as<bool>()) return *boolean;
  if (const auto* integer = value.as<int64_t>()) return *integer;
  if (const auto* real = value.as<double>(); real && std::isfinite(*real)) return *real;
  if (const auto* list = value.as<Value::List>()) {
    auto array = json::array();
    for (const auto& element : *list) array.push_back(to_json(element));
    return array;
  }
  if (const auto* map = value.as<Value::Map>()) {
    auto object = json::object();
    for (const auto& [key, element] : *map) object[key] = to_json(element);
    return object;
  }
  return neo4j::to_text(value);
}

}  // namespace

Result<json> CypherClient::run(const std::string& statement, const json& parameters) {
  if (!bolt_) {
    ASSIGN_OR_RETURN(bolt_, neo4j::BoltConnection::open(endpoint_));
  }
  auto rows = bolt_->run(statement, to_map(parameters));
  if (!rows.ok()) {
    bolt_.reset();
    return std::move(rows).error();
  }
  auto array = json::array();
  for (const auto& row : *rows) array.push_back(to_json(Value{row}));
  return array;
}

}  // namespace summit::platform
