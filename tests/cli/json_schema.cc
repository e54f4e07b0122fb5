#include "json_schema.h"

#include <algorithm>

#include "core/files.h"

namespace summit::cli {
namespace {

using nlohmann::json;

bool is_of_type(const json& value, const std::string& type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "integer") return value.is_number_integer();
  if (type == "number") return value.is_number();
  if (type == "boolean") return value.is_boolean();
  return type == "null" && value.is_null();
}

bool is_of_any_type(const json& value, const json& types) {
  if (types.is_string()) return is_of_type(value, types.get<std::string>());
  return std::any_of(types.begin(), types.end(),
                     [&](const json& type) { return is_of_type(value, type.get<std::string>()); });
}

}  // namespace

JsonSchema::JsonSchema(const std::string& file)
    : root_(json::parse(read_file(fs::path(SUMMIT_SOURCE_DIR) / "docs" / "schemas" / file).value())) {}

std::vector<std::string> JsonSchema::problems(const json& document) const {
  std::vector<std::string> problems;
  check(root_, document, "", problems);
  return problems;
}

void JsonSchema::check_reference(const std::string& reference, const json& value, const std::string& where,
                                 std::vector<std::string>& problems) const {
  if (reference.starts_with("#/")) {
    check(root_.at(json::json_pointer(reference.substr(1))), value, where, problems);
    return;
  }
  for (const auto& problem : JsonSchema(reference).problems(value)) problems.push_back(where + problem);
}

void JsonSchema::check(const json& schema, const json& value, const std::string& where,
                       std::vector<std::string>& problems) const {
  if (schema.contains("$ref")) check_reference(schema["$ref"].get<std::string>(), value, where, problems);
  if (schema.contains("type") && !is_of_any_type(value, schema["type"])) {
    problems.push_back(where + ": is no " + schema["type"].dump());
    return;
  }
  if (schema.contains("const") && value != schema["const"])
    problems.push_back(where + ": is not " + schema["const"].dump());
  if (schema.contains("enum") &&
      std::find(schema["enum"].begin(), schema["enum"].end(), value) == schema["enum"].end()) {
    problems.push_back(where + ": is none of " + schema["enum"].dump());
  }
  for (const auto& name : schema.value("required", json::array())) {
    if (!value.contains(name.get<std::string>()))
      problems.push_back(where + ": lacks `" + name.get<std::string>() + "`");
  }
  const auto properties = schema.value("properties", json::object());
  for (const auto& [name, property] : properties.items()) {
    if (value.is_object() && value.contains(name)) check(property, value[name], where + "/" + name, problems);
  }
  if (schema.contains("items") && value.is_array()) {
    for (size_t i = 0; i < value.size(); ++i)
      check(schema["items"], value[i], where + "/" + std::to_string(i), problems);
  }
  if (!schema.contains("oneOf")) return;
  size_t fitting = 0;
  for (const auto& choice : schema["oneOf"]) {
    std::vector<std::string> of_choice;
    check(choice, value, where, of_choice);
    if (of_choice.empty()) ++fitting;
  }
  if (fitting != 1)
    problems.push_back(where + ": fits " + std::to_string(fitting) + " of the alternatives, not one");
}

}  // namespace summit::cli
