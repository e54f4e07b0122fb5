#include "config/selection_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/suggestion.h"

namespace summit::config {
namespace {

bool is_scoped(const ComponentSpec& component) {
  return component.filter == "tenant" || component.filter == "project";
}

std::vector<Named> read_names(const Mapping& mapping, std::string_view key) {
  std::vector<Named> names;
  const auto value = mapping.find(key);
  if (!value) return names;
  for (auto& name : value->texts().value_or(std::vector<std::string>()))
    names.push_back({std::move(name), value->where()});
  return names;
}

// YAML reads the bare word null as no value at all.
std::optional<OutsidePolicy> read_policy(const Value& value) {
  if (value.node().IsNull()) return OutsidePolicy::kNull;
  static const std::vector<std::string> kWords = {"include", "null", "fail"};
  const auto text = value.text();
  if (!text) return std::nullopt;
  if (*text == "include") return OutsidePolicy::kInclude;
  if (*text == "null") return OutsidePolicy::kNull;
  if (*text == "fail") return OutsidePolicy::kFail;
  value.complain(fmt::format("`{}` is no way to treat what lies outside", *text), suggestion(*text, kWords));
  return std::nullopt;
}

// One word for all, or {default: word, table.column: word}.
void read_outside(const Mapping& selection, RowSpec& rows) {
  const auto value = selection.find("outside");
  if (!value) return;
  if (!value->is_mapping()) {
    if (const auto policy = read_policy(*value)) rows.outside = *policy;
    return;
  }
  for (const auto& entry : value->node()) {
    const YAML::Node key = entry.first;
    const YAML::Node child = entry.second;
    const Value at(key, value->context());
    const auto policy = read_policy(Value(child, value->context()));
    const auto name = key.IsScalar() ? key.Scalar() : std::string();
    if (!policy) continue;
    if (name == "default")
      rows.outside = *policy;
    else if (name.find('.') == std::string::npos)
      at.complain(fmt::format("`{}` of `outside` names no column", name),
                  "write `default`, or table and column as `tasks.parent_id`");
    else
      rows.outside_of.push_back({{name, at.where()}, *policy});
  }
}

std::optional<RowSpec::Reference> read_reference(const Value& value) {
  const Mapping mapping(value, "a reference", {"table", "column", "to", "to_column", "when"});
  RowSpec::Reference reference;
  reference.table.where = value.where();
  for (const std::string_view key : {"table", "column", "to", "to_column"})
    mapping.require(key, "write {table: comments, column: subject, to: tasks, to_column: id}");
  mapping.read("table", reference.table.name);
  mapping.read("column", reference.columns);
  mapping.read("to", reference.to);
  mapping.read("to_column", reference.to_columns);
  if (const auto when = mapping.find("when")) {
    const Mapping condition(*when, "`when` of a reference", {"column", "equals"});
    condition.require("column", "write `when: {column: subject_kind, equals: task}`");
    condition.require("equals", "write `when: {column: subject_kind, equals: task}`");
    condition.read("column", reference.when_column);
    condition.read("equals", reference.when_equals);
  }
  if (reference.table.name.empty() || reference.to.empty() || reference.columns.empty()) return std::nullopt;
  if (reference.columns.size() != reference.to_columns.size()) {
    value.complain(fmt::format("a reference has {} columns and refers to {}", reference.columns.size(),
                               reference.to_columns.size()),
                   "give `column` and `to_column` lists of the same length");
    return std::nullopt;
  }
  return reference;
}

void read_start(const Mapping& selection, RowSpec& rows) {
  const auto value = selection.find("start");
  if (!value) return;
  const Mapping mapping(*value, "`start`", {"table", "column"});
  RowSpec::Start start;
  start.table.where = value->where();
  mapping.require("table", "write `start: {table: investigations, column: id}`");
  mapping.require("column", "write `start: {table: investigations, column: id}`");
  mapping.read("table", start.table.name);
  mapping.read("column", start.column);
  if (!start.table.name.empty() && !start.column.empty()) rows.start = std::move(start);
}

void read_rows(const Value& value, RowSpec& rows) {
  const Mapping mapping(value, "`selection`",
                        {"column", "start", "owned", "whole", "exclude", "references", "outside"});
  rows.where = value.where();
  if (const auto column = mapping.find("column")) {
    rows.column = {column->text().value_or(""), column->where()};
  }
  read_start(mapping, rows);
  rows.owned = read_names(mapping, "owned");
  rows.owned_auto = rows.owned.size() == 1 && rows.owned.front().name == "auto";
  if (rows.owned_auto) rows.owned.clear();
  rows.whole = read_names(mapping, "whole");
  rows.excluded = read_names(mapping, "exclude");
  if (const auto references = mapping.find("references")) {
    for (const auto& item : references->items()) {
      if (auto reference = read_reference(item)) rows.references.push_back(*std::move(reference));
    }
  }
  read_outside(mapping, rows);
}

void read_files(const Value& value, FileSpec& files) {
  const Mapping mapping(value, "`selection`", {"paths", "records"});
  files.where = value.where();
  mapping.read("paths", files.paths);
  const auto records = mapping.find("records");
  if (!records) return;
  for (const auto& item : records->items()) {
    const Mapping entry(item, "an entry of `records`", {"files", "field"});
    FileSpec::Records record;
    entry.require("files", "write {files: \"**/*.jsonl\", field: tenant_id}");
    entry.require("field", "write {files: \"**/*.jsonl\", field: tenant_id}");
    entry.read("files", record.files);
    entry.read("field", record.field);
    if (!record.files.empty() && !record.field.empty()) files.records.push_back(std::move(record));
  }
}

void read_databases(const Mapping& mapping, std::string_view key, std::vector<uint32_t>& databases) {
  const auto value = mapping.find(key);
  if (!value) return;
  // As many databases as the server can have.
  constexpr uint64_t kGreatest = (uint64_t{1} << 31) - 1;
  for (const auto& item : value->items()) {
    if (const auto number = item.number(0, kGreatest)) databases.push_back(static_cast<uint32_t>(*number));
  }
}

void read_types(const Mapping& mapping, std::string_view key, std::vector<std::string>& types) {
  static const std::vector<std::string> kTypes = {"string", "list",   "set",   "zset",
                                                  "hash",   "stream", "module"};
  for (auto& type : read_names(mapping, key)) {
    if (std::ranges::find(kTypes, type.name) != kTypes.end())
      types.push_back(std::move(type.name));
    else
      mapping.find(key)->complain(fmt::format("`{}` is no type of a key", type.name),
                                  suggestion(type.name, kTypes));
  }
}

void read_keys(const Value& value, KeySpec& keys) {
  const Mapping mapping(
      value, "`selection`",
      {"databases", "exclude_databases", "types", "exclude_types", "expires_within", "idle_for"});
  keys.where = value.where();
  read_databases(mapping, "databases", keys.databases);
  read_databases(mapping, "exclude_databases", keys.excluded_databases);
  read_types(mapping, "types", keys.types);
  read_types(mapping, "exclude_types", keys.excluded_types);
  mapping.read("expires_within", keys.expires_within);
  mapping.read("idle_for", keys.idle_for);
}

void read_graph(const Value& value, GraphSpec& graph) {
  const Mapping mapping(value, "`selection`", {"property", "start", "through"});
  graph.where = value.where();
  mapping.read("property", graph.property);
  mapping.read("through", graph.through);
  const auto at = mapping.find("start");
  if (at) {
    const Mapping start(*at, "`start`", {"label", "property"});
    GraphSpec::Start found;
    start.require("label", "write `start: {label: Investigation, property: id}`");
    start.require("property", "write `start: {label: Investigation, property: id}`");
    start.read("label", found.label);
    start.read("property", found.property);
    if (!found.label.empty() && !found.property.empty()) graph.start = std::move(found);
  }
  if (!graph.through.empty() && !at)
    value.complain("`through` leads nowhere without `start`",
                   "add `start: {label: Investigation, property: id}`");
}

// What the filter cannot do without, so that no set takes more than it says.
void check_filter(const Mapping& mapping, const ComponentSpec& component) {
  const auto complain = [&](std::string_view lacks, std::string_view fix) {
    mapping.value().complain(
        fmt::format("component `{}` with `filter: {}` {}", component.name, component.filter, lacks), fix);
  };
  if (component.kind == "postgresql") {
    const auto& rows = component.rows;
    if (component.filter == "core" && component.tables.empty())
      complain("names no tables", "add `tables: [users]`");
    if (is_scoped(component) && rows.column.name.empty() && !rows.start)
      complain("does not say which rows it takes",
               fmt::format("add `selection: {{column: {}_id}}`", component.filter));
    if (is_scoped(component) && !component.tables.empty())
      complain("takes no `tables`", "name them under `selection`: `start`, `owned`, `whole`, `exclude`");
  } else if (component.kind == "files" && is_scoped(component)) {
    if (component.files.paths.empty() && component.files.records.empty())
      complain("does not say which files it takes",
               fmt::format("add `selection: {{paths: [\"{{{}_id}}/**\"]}}`", component.filter));
  } else if (component.kind == "neo4j") {
    const auto& graph = component.graph;
    if (component.filter != "none" && component.method == "command")
      complain("is taken by a command, which takes all of it",
               "write `method: hot_copy` or `method: live`, or leave `filter` out");
    if (component.filter == "core" && component.labels.empty())
      complain("names no labels", "add `labels: [User]`");
    if (is_scoped(component) && graph.property.empty() && !graph.start)
      complain("does not say which nodes it takes",
               fmt::format("add `selection: {{property: {}_id}}`", component.filter));
  } else if (component.kind == "redis" && is_scoped(component) && component.include_keys.empty()) {
    complain("does not say which keys it takes",
             fmt::format("add `include_keys: [\"*:{{{}_id}}:*\"]`", component.filter));
  }
}

}  // namespace

void read_selection(const Mapping& mapping, ComponentSpec& component) {
  if (const auto value = mapping.find("selection")) {
    if (component.kind == "postgresql")
      read_rows(*value, component.rows);
    else if (component.kind == "files")
      read_files(*value, component.files);
    else if (component.kind == "redis")
      read_keys(*value, component.keys);
    else if (component.kind == "neo4j")
      read_graph(*value, component.graph);
    else
      value->complain(
          fmt::format("component `{}` of kind `{}` takes no `selection`", component.name, component.kind),
          "remove it");
    if (component.filter == "none")
      value->complain(fmt::format("component `{}` has a `selection` and no `filter`", component.name),
                      "add `filter: core`, `filter: tenant` or `filter: project`, or remove the selection");
  }
  check_filter(mapping, component);
}

}  // namespace summit::config
