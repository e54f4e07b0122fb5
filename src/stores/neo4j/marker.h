// The environment marker in a graph: one node (:SummitDrEnvironment {environment, kind, adopted_at,
// identity}) without relationships. It stays out of backups and fingerprints, and a restore writes the
// target's own.
#pragma once

#include <optional>
#include <string_view>

#include "config/endpoint.h"
#include "config/marker.h"
#include "core/cancellation.h"
#include "core/result.h"
#include "stores/neo4j/bolt_connection.h"

namespace summit::neo4j {

inline constexpr std::string_view kMarkerLabel = "SummitDrEnvironment";

// Nothing when the graph has none; kCorrupt when it has several that differ.
Result<std::optional<config::EnvironmentMarker>> read_marker(BoltConnection& bolt);
// In place of any that is there, in one transaction.
Result<void> write_marker(BoltConnection& bolt, const config::EnvironmentMarker& marker);
Result<void> remove_marker(BoltConnection& bolt);

// The same for a server that one has the endpoint of; where a restore was interrupted, also by what it left
// (pending_marker.h).
Result<std::optional<config::EnvironmentMarker>> read_marker(const config::Neo4jEndpoint& endpoint,
                                                             const Cancellation& cancellation = {});
Result<void> write_marker(const config::Neo4jEndpoint& endpoint, const config::EnvironmentMarker& marker,
                          const Cancellation& cancellation = {});
// Whether the graph holds no node beside the marker.
Result<bool> is_empty(const config::Neo4jEndpoint& endpoint, const Cancellation& cancellation = {});

}  // namespace summit::neo4j
