#include "stores/neo4j/graph_filter.h"

#include "core/text.h"
#include "stores/neo4j/marker.h"

namespace summit::neo4j {

namespace {

std::string alternatives(std::string_view variable, const std::vector<std::string>& names) {
  std::string text(variable);
  for (size_t i = 0; i < names.size(); ++i) text += (i == 0 ? ":" : "|") + quote_identifier(names[i]);
  return text;
}

// A relationship of ownership may lead over other nodes: a note of an entity of an investigation.
constexpr int kMostSteps = 8;

// "EXISTS { MATCH (n)-[:`PART_OF`*1..8]->(start:`Investigation`) WHERE start.`id` IN $owner }"; with "NOT "
// to a start of another.
std::string leads_to_start(const GraphOwner& owner, std::string_view variable, std::string_view negation) {
  return fmt::format("EXISTS {{ MATCH ({})-[{}*1..{}]->(start:{}) WHERE {}start.{} IN $owner }}", variable,
                     alternatives("", owner.through), kMostSteps, quote_identifier(owner.start_label),
                     negation, quote_identifier(owner.start_property));
}

// "n:`Investigation` AND n.`id` IN $owner"; with "NOT ", a start of another. Null without such a property.
std::string is_start(const GraphOwner& owner, std::string_view variable, std::string_view negation) {
  return fmt::format("{0}:{1} AND {2}{0}.{3} IN $owner", variable, quote_identifier(owner.start_label),
                     negation, quote_identifier(owner.start_property));
}

std::string belongs(const GraphOwner& owner, std::string_view variable) {
  std::string text = "false";
  if (!owner.property.empty())
    text += fmt::format(" OR {}.{} IN $owner", variable, quote_identifier(owner.property));
  if (owner.start_label.empty()) return text;
  text += " OR (" + is_start(owner, variable, "") + ")";
  if (!owner.through.empty()) text += " OR " + leads_to_start(owner, variable, "");
  return text;
}

// The spellings of an id: {7, "7"}.
Value::List spellings(const std::string& id) {
  Value::List values{Value{id}};
  const auto number = parse_number<int64_t>(id);
  if (number && std::to_string(*number) == id) values.push_back(Value{*number});
  return values;
}

// Whether labels and owner select a node; true, false, or null.
std::string choice(const GraphFilter& filter, std::string_view variable) {
  std::string text = "true";
  if (!filter.labels.empty()) text += " AND (" + alternatives(variable, filter.labels) + ")";
  if (filter.owner) text += " AND (" + belongs(*filter.owner, variable) + ")";
  return text;
}

}  // namespace

std::string node_pattern(const GraphFilter& filter, std::string_view variable) {
  return "(" + (filter.all_others ? std::string(variable) : alternatives(variable, filter.labels)) + ")";
}

std::string relationship_pattern(const GraphFilter& filter, std::string_view variable) {
  return "[" + alternatives(variable, filter.relationship_types) + "]";
}

std::string node_condition(const GraphFilter& filter, std::string_view variable) {
  std::string text = fmt::format("NOT {}:{}", variable, quote_identifier(kMarkerLabel));
  if (filter.all_others) {
    text += " AND NOT coalesce(" + choice(filter, variable) + ", false)";
    return filter.without.empty() ? text : fmt::format("{} AND NOT id({}) IN $without", text, variable);
  }
  if (filter.owner) text += " AND (" + belongs(*filter.owner, variable) + ")";
  return text;
}

std::string is_selected(const GraphFilter& filter, std::string_view variable) {
  std::string text = node_condition(filter, variable);
  if (!filter.all_others && !filter.labels.empty())
    text += " AND (" + alternatives(variable, filter.labels) + ")";
  return "coalesce(" + text + ", false)";
}

std::string is_of_several(const GraphFilter& filter, std::string_view variable) {
  if (!filter.owner) return "false";
  const auto& owner = *filter.owner;
  std::string text = "false";
  if (!owner.property.empty()) {
    text +=
        fmt::format(" OR coalesce(NOT {}.{} IN $owner, false)", variable, quote_identifier(owner.property));
  }
  if (owner.start_label.empty()) return "(" + text + ")";
  text += " OR coalesce(" + is_start(owner, variable, "NOT ") + ", false)";
  if (!owner.through.empty()) text += " OR " + leads_to_start(owner, variable, "NOT ");
  return fmt::format("(NOT coalesce({}, false) AND ({}))", is_start(owner, variable, ""), text);
}

Value::Map filter_parameters(const GraphFilter& filter) {
  if (!filter.owner) return {};
  Value::Map parameters{{"owner", Value{spellings(filter.owner->id)}}};
  if (filter.all_others && !filter.without.empty()) {
    Value::List ids;
    ids.reserve(filter.without.size());
    for (const auto id : filter.without) ids.push_back(Value{id});
    parameters.push_back({"without", Value{std::move(ids)}});
  }
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
    return Error(Code::kRefused, "a filter without labels and owner would delete the whole graph")
        .hint("name labels or an owner");
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
