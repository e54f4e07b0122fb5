// Values that uniqueness constraints of the live graph let only one node have, while nodes of a file are put
// back.
#pragma once

#include <string>
#include <vector>

#include "core/result.h"
#include "stores/neo4j/bolt_connection.h"
#include "stores/neo4j/graph_comparison.h"
#include "stores/neo4j/graph_filter.h"
#include "stores/neo4j/graph_import.h"
#include "stores/neo4j/node_keys.h"

namespace summit::neo4j {

// Says for each constraint how many nodes to be written need values that a node has now which is not the
// owner's alone. Reads the file once.
Result<std::vector<std::string>> find_taken_values(BoltConnection& bolt, const GraphSource& backup,
                                                   const GraphComparison& comparison,
                                                   const GraphFilter& filter, const NodeKeys& keys);

// Takes from the nodes to be changed what they will no longer have, values and labels of constraints: so that
// nodes may exchange values, whichever is written first. Reads the file once.
Result<void> release_values(BoltConnection& bolt, const GraphSource& backup,
                            const GraphComparison& comparison, const NodeKeys& keys);

}  // namespace summit::neo4j
