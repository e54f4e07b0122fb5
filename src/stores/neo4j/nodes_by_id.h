// Statements about nodes and relationships of which the ids are known.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/fingerprint.h"
#include "core/result.h"
#include "stores/neo4j/bolt_connection.h"
#include "stores/neo4j/graph_filter.h"
#include "stores/neo4j/value.h"

namespace summit::neo4j {

// Gives the statement's rows for ids, which it finds in $rows, a bounded number at a time.
Result<void> for_ids(BoltConnection& bolt, std::string_view cypher, std::span<const int64_t> ids,
                     const Value::Map& parameters, const BoltConnection::RowConsumer& consume);

// Each id gives one row, or somebody has been here since: kBusy.
Result<void> for_each_id(BoltConnection& bolt, std::string_view cypher, std::span<const int64_t> ids,
                         const Value::Map& parameters);

struct NodesState {
  SetHash hash;  // over labels, properties and number of relationships
  uint64_t relationships = 0;
};
// Of those nodes that are there, with their relationships to nodes that `others` selects.
Result<NodesState> look_at_nodes(BoltConnection& bolt, std::span<const int64_t> ids,
                                 const GraphFilter& others);

}  // namespace summit::neo4j
