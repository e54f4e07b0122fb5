#include "stores/neo4j/fingerprint.h"

#include "stores/neo4j/graph_export.h"

namespace summit::neo4j {

Result<std::vector<Fingerprint>> fingerprint_graph(const config::Neo4jEndpoint& endpoint,
                                                   std::string_view store, const fs::path& scratch,
                                                   Reporter& reporter, const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto connections,
                   BoltConnection::open_several(kExportConnections, endpoint, cancellation));
  GraphExportOptions options;
  options.store = store;
  options.activity = "fingerprinting";
  options.scratch = scratch;
  const auto discard = [](ByteView) -> Result<void> { return {}; };
  ASSIGN_OR_RETURN(auto exported, export_graph(connections, options, discard, reporter, cancellation));
  return std::move(exported.fingerprints);
}

}  // namespace summit::neo4j
