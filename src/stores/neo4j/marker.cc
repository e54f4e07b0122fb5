#include "stores/neo4j/marker.h"

#include "stores/access/access.h"
#include "stores/neo4j/pending_marker.h"
#include "stores/neo4j/server.h"

namespace summit::neo4j {
namespace {

// Where the server that answers keeps its files, when they are on this machine and proven to be its own.
std::optional<StoreLayout> own_layout(const config::Neo4jEndpoint& endpoint,
                                      const Cancellation& cancellation) {
  if (!access::is_local(endpoint.access)) return std::nullopt;
  auto layout = find_layout(endpoint, cancellation);
  if (!layout.ok() || !check_files_belong(endpoint, *layout, cancellation).ok()) return std::nullopt;
  return *std::move(layout);
}

std::string match_marker() { return fmt::format("MATCH (m:{}) ", quote_identifier(kMarkerLabel)); }

}  // namespace

Result<std::optional<config::EnvironmentMarker>> read_marker(BoltConnection& bolt) {
  ASSIGN_OR_RETURN(
      const auto rows,
      bolt.run(match_marker() + "RETURN DISTINCT m.environment, m.kind, m.adopted_at, m.identity"));
  if (rows.empty()) return std::optional<config::EnvironmentMarker>();
  if (rows.size() > 1) {
    return Error(Code::kCorrupt, "the graph at {} carries the markers of {} environments", bolt.address(),
                 rows.size())
        .hint("remove the wrong ones: MATCH (m:SummitDrEnvironment {environment: '…'}) DELETE m");
  }
  const auto& row = rows.front();
  config::EnvironmentMarker marker;
  marker.environment = row[0].text();
  marker.kind = row[1].text();
  marker.adopted_at = row[2].text();
  marker.identity = row[3].text();
  return std::optional(std::move(marker));
}

Result<void> write_marker(BoltConnection& bolt, const config::EnvironmentMarker& marker) {
  const Value::Map parameters{{"adopted_at", Value{marker.adopted_at}},
                              {"environment", Value{marker.environment}},
                              {"identity", Value{marker.identity}},
                              {"kind", Value{marker.kind}}};
  const std::string cypher = fmt::format(
      "OPTIONAL MATCH (old:{0}) WITH collect(old) AS old FOREACH (o IN old | DETACH DELETE o) "
      "CREATE (:{0} {{environment: $environment, kind: $kind, adopted_at: $adopted_at, identity: "
      "$identity}})",
      quote_identifier(kMarkerLabel));
  ASSIGN_OR_RETURN([[maybe_unused]] const auto rows, bolt.run(cypher, parameters),
                   "while writing the environment marker");
  return {};
}

Result<void> remove_marker(BoltConnection& bolt) {
  ASSIGN_OR_RETURN([[maybe_unused]] const auto rows, bolt.run(match_marker() + "DETACH DELETE m"),
                   "while removing the environment marker");
  return {};
}

Result<std::optional<config::EnvironmentMarker>> read_marker(const config::Neo4jEndpoint& endpoint,
                                                             const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto bolt, BoltConnection::open(endpoint, cancellation));
  ASSIGN_OR_RETURN(auto marker, read_marker(bolt));
  if (marker) return marker;
  const auto layout = own_layout(endpoint, cancellation);
  if (!layout) return marker;
  // What cannot be read says nothing: data without a marker count as production.
  auto pending = read_pending_marker(*layout);
  return pending.ok() ? *std::move(pending) : std::nullopt;
}

Result<void> write_marker(const config::Neo4jEndpoint& endpoint, const config::EnvironmentMarker& marker,
                          const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto bolt, BoltConnection::open(endpoint, cancellation));
  RETURN_IF_ERROR(write_marker(bolt, marker));
  const auto layout = own_layout(endpoint, cancellation);
  return layout ? write_pending_marker(*layout, std::nullopt) : Result<void>();
}

Result<bool> is_empty(const config::Neo4jEndpoint& endpoint, const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto bolt, BoltConnection::open(endpoint, cancellation));
  const std::string cypher =
      fmt::format("MATCH (n) WHERE NOT n:{} RETURN 1 LIMIT 1", quote_identifier(kMarkerLabel));
  ASSIGN_OR_RETURN(const auto rows, bolt.run(cypher));
  return rows.empty();
}

}  // namespace summit::neo4j
