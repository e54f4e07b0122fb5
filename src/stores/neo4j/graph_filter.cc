#include "stores/neo4j/graph_filter.h"

#include "stores/neo4j/marker.h"

namespace summit::neo4j {

namespace {

std::string alternatives(std::string_view variable, const std::vector<std::string>& names) {
  std::string text(variable);
  for (size_t i = 0; i < names.size(); ++i) text += (i == 0 ? ":" : "|") + quote_identifier(names[i]);
  return text;
}

std::string property_conditions(const GraphFilter& filter, std::string_view variable) {
  std::string text;
  for (size_t i = 0; i < filter.properties.size(); ++i)
    text += fmt::format(" AND {}.{} IN $filter{}", variable, quote_identifier(filter.properties[i].name), i);
  return text;
}

}  // namespace

std::string node_pattern(const GraphFilter& filter, std::string_view variable) {
  return "(" + alternatives(variable, filter.labels) + ")";
}

std::string relationship_pattern(const GraphFilter& filter, std::string_view variable) {
  return "[" + alternatives(variable, filter.relationship_types) + "]";
}

std::string node_condition(const GraphFilter& filter, std::string_view variable) {
  return fmt::format("NOT {}:{}", variable, quote_identifier(kMarkerLabel)) +
         property_conditions(filter, variable);
}

std::string is_selected(const GraphFilter& filter, std::string_view variable) {
  std::string text = node_condition(filter, variable);
  if (!filter.labels.empty()) text += " AND " + alternatives(variable, filter.labels);
  return "coalesce(" + text + ", false)";
}

Value::Map filter_parameters(const GraphFilter& filter) {
  Value::Map parameters;
  for (size_t i = 0; i < filter.properties.size(); ++i)
    parameters.push_back({fmt::format("filter{}", i), Value{Value::List(filter.properties[i].values)}});
  sort_by_key(parameters);
  return parameters;
}

Result<GraphSelection> count_selected(BoltConnection& bolt, const GraphFilter& filter) {
  const auto parameters = filter_parameters(filter);
  const std::string nodes =
      fmt::format("MATCH {} WHERE {} ", node_pattern(filter, "n"), node_condition(filter, "n"));
  GraphSelection selection;
  ASSIGN_OR_RETURN(const auto count, bolt.scalar(nodes + "RETURN count(n)", parameters));
  selection.nodes = static_cast<uint64_t>(count.integer_or(0));
  ASSIGN_OR_RETURN(const auto rows,
                   bolt.run(fmt::format("{}MATCH (n)-{}-(m) WITH r, {} AS inside, startNode(r) = n AS first "
                                        "WHERE first OR NOT inside RETURN type(r), inside, count(*)",
                                        nodes, relationship_pattern(filter, "r"), is_selected(filter, "m")),
                            parameters));
  for (const auto& row : rows) {
    const auto found = static_cast<uint64_t>(row[2].integer_or(0));
    if (row[1] == Value{true}) {
      selection.relationships += found;
    } else {
      selection.cut[std::string(row[0].text())] += found;
    }
  }
  return selection;
}

Result<uint64_t> delete_selected(BoltConnection& bolt, const GraphFilter& filter) {
  if (filter.takes_all_nodes()) {
    return Error(Code::kRefused, "a filter without labels and properties would delete the whole graph")
        .hint("name labels or a property, such as tenant_id");
  }
  ASSIGN_OR_RETURN(
      const auto deleted,
      bolt.scalar(fmt::format("MATCH {} WHERE {} CALL {{ WITH n DETACH DELETE n }} IN TRANSACTIONS "
                              "OF 10000 ROWS RETURN count(*)",
                              node_pattern(filter, "n"), node_condition(filter, "n")),
                  filter_parameters(filter)),
      "while deleting a part of the graph");
  return static_cast<uint64_t>(deleted.integer_or(0));
}

}  // namespace summit::neo4j
