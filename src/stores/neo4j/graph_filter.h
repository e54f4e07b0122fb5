// Which part of a graph: nodes by label and owner, relationships by type, as pieces of statements.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "stores/neo4j/bolt_connection.h"
#include "stores/neo4j/value.h"

namespace summit::neo4j {

// Nodes that belong to one tenant or project, by at least one of these ways.
struct GraphOwner {
  std::string id;           // an id that is a number is found as a number and as a text
  std::string property;     // nodes with the id in this property; empty: none
  std::string start_label;  // nodes of this label with the id in `start_property`; empty: none
  std::string start_property;
  std::vector<std::string> through;  // nodes from which up to 8 such relationships lead to a start
};

// All that is set must hold. Relationships are taken when both their ends are.
struct GraphFilter {
  std::vector<std::string> labels{};              // a node has one of them; empty: any node
  std::vector<std::string> relationship_types{};  // empty: all
  std::optional<GraphOwner> owner{};
  bool all_others = false;         // every node that labels and owner do not select
  std::vector<int64_t> without{};  // ids of nodes that are not among all others

  bool takes_everything() const { return relationship_types.empty() && takes_all_nodes(); }
  bool takes_all_nodes() const { return labels.empty() && !owner; }
};

// "(n:`A`|`B`)", or "(n)".
std::string node_pattern(const GraphFilter& filter, std::string_view variable);
// What of the filter a pattern does not say, and "not the environment marker"; never empty.
std::string node_condition(const GraphFilter& filter, std::string_view variable);
// True or false for any node, never null.
std::string is_selected(const GraphFilter& filter, std::string_view variable);
// True for a node that the filter's owner does not have alone: it leads to a start node of another too, is
// one, or names another in the owner's property. Never for a start node of the owner itself. True or false,
// never null; refers to what node_condition does.
std::string is_of_several(const GraphFilter& filter, std::string_view variable);
// "[r:`T`|`U`]", or "[r]".
std::string relationship_pattern(const GraphFilter& filter, std::string_view variable);
// What node_condition refers to.
Value::Map filter_parameters(const GraphFilter& filter);

// What a filter selects now.
struct GraphSelection {
  uint64_t nodes = 0;
  uint64_t relationships = 0;           // with both ends selected
  std::map<std::string, uint64_t> cut;  // by type: with one end selected
};
Result<GraphSelection> count_selected(BoltConnection& bolt, const GraphFilter& filter);

// Deletes the selected nodes with all their relationships, those to other nodes too, in transactions of
// 10,000 nodes. Gives how many nodes. kRefused for a filter that selects every node.
Result<uint64_t> delete_selected(BoltConnection& bolt, const GraphFilter& filter);

}  // namespace summit::neo4j
