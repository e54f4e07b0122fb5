#include "config/selection_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>
#include <set>

namespace summit::config {
namespace {

using nlohmann::json;

// A plain json object keeps its members sorted.
std::string text_of(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

// What is not set leaves no member, so that a new kind of member changes no older text.
void put(json& object, const char* key, const std::set<std::string>& names) {
  if (!names.empty()) object[key] = names;
}

void put(json& object, const char* key, const std::string& text) {
  if (!text.empty()) object[key] = text;
}

std::set<std::string> sorted(const std::vector<std::string>& names) { return {names.begin(), names.end()}; }

std::set<std::string> sorted(const std::vector<Named>& names) {
  std::set<std::string> texts;
  for (const auto& one : names) texts.insert(one.name);
  return texts;
}

const char* word_of(OutsidePolicy policy) {
  switch (policy) {
    case OutsidePolicy::kInclude:
      return "include";
    case OutsidePolicy::kNull:
      return "null";
    case OutsidePolicy::kFail:
      return "fail";
  }
  return "fail";
}

json reference_of(const RowSpec::Reference& reference) {
  // Pairs, which may be written in any order.
  std::set<std::pair<std::string, std::string>> columns;
  for (size_t i = 0; i < reference.columns.size() && i < reference.to_columns.size(); ++i)
    columns.emplace(reference.columns[i], reference.to_columns[i]);
  json object{{"table", reference.table.name}, {"to", reference.to}, {"columns", columns}};
  if (!reference.when_column.empty())
    object["when"] = {{"column", reference.when_column}, {"equals", reference.when_equals}};
  return object;
}

void put_rows(const RowSpec& rows, json& object) {
  put(object, "column", rows.column.name);
  if (rows.start) object["start"] = {{"table", rows.start->table.name}, {"column", rows.start->column}};
  put(object, "owned", rows.owned_auto ? std::set<std::string>{"auto"} : sorted(rows.owned));
  put(object, "whole", sorted(rows.whole));
  put(object, "exclude", sorted(rows.excluded));
  std::set<json> references;
  for (const auto& reference : rows.references) references.insert(reference_of(reference));
  if (!references.empty()) object["references"] = references;
  object["outside"] = {{"default", word_of(rows.outside)}};
  for (const auto& outside : rows.outside_of)
    object["outside"][outside.reference.name] = word_of(outside.policy);
}

void put_graph(const GraphSpec& graph, json& object) {
  put(object, "property", graph.property);
  if (graph.start) object["start"] = {{"label", graph.start->label}, {"property", graph.start->property}};
  put(object, "through", sorted(graph.through));
}

}  // namespace

std::string selection_text(const ComponentSpec& component) {
  if (component.filter.empty() || component.filter == "none") return {};
  json object{{"filter", component.filter}};
  const bool whole = component.filter == "core";
  if (component.kind == "postgresql") {
    put(object, "tables", sorted(component.tables));
    if (!whole) put_rows(component.rows, object);
  } else if (component.kind == "neo4j") {
    put(object, "labels", sorted(component.labels));
    put(object, "relationship_types", sorted(component.relationship_types));
    if (!whole) put_graph(component.graph, object);
  } else {
    return {};
  }
  return text_of(object);
}

std::string selection_difference(const std::string& before, const std::string& now) {
  if (before == now) return {};
  const auto then = json::parse(before, nullptr, false);
  const auto present = json::parse(now, nullptr, false);
  if (!then.is_object() || !present.is_object()) return fmt::format("it was {} and is {} now", before, now);
  std::set<std::string> keys;
  for (const auto* object : {&then, &present}) {
    for (const auto& member : object->items()) keys.insert(member.key());
  }
  std::vector<std::string> differences;
  for (const auto& key : keys) {
    const auto shown = [&](const json& object) {
      return object.contains(key) ? text_of(object[key]) : std::string("not set");
    };
    const auto was = shown(then);
    const auto is = shown(present);
    if (was != is) differences.push_back(fmt::format("`{}` was {} and is {} now", key, was, is));
  }
  return fmt::format("{}", fmt::join(differences, "; "));
}

}  // namespace summit::config
