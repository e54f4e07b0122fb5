// The marker that a restored graph is about to get, kept beside the store files while they are exchanged.
//
// A restore that is killed between the exchange and the marker in the graph leaves data that nothing else
// tells the environment of, and the next restore would refuse them. The file is
// <data>/summit-dr-environment: environment, kind, time of adoption and identity, a line each. A marker in
// the graph counts before it.
#pragma once

#include <optional>

#include "config/marker.h"
#include "core/result.h"
#include "stores/neo4j/store_layout.h"

namespace summit::neo4j {

// Durable when it returns. Nothing: removes what is there.
Result<void> write_pending_marker(const StoreLayout& layout,
                                  const std::optional<config::EnvironmentMarker>& marker);
// Nothing when no exchange is under way; kCorrupt when the file is not one of ours.
Result<std::optional<config::EnvironmentMarker>> read_pending_marker(const StoreLayout& layout);

}  // namespace summit::neo4j
