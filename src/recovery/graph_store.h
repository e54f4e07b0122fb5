// A store made of a graph file by a scratch server, so that filtered sets come into a target as files, beside
// the old ones, like any other restore.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/files.h"
#include "core/fingerprint.h"
#include "recovery/component.h"
#include "scratch/neo4j_scratch.h"
#include "stores/neo4j/graph_import.h"

namespace summit::recovery {

// The first artifact whose name ends so; null when there is none.
const repository::Artifact* artifact_with(const repository::ComponentRecord& record, std::string_view suffix);
// The graph file of a component; null for one that was dumped.
const repository::Artifact* graph_artifact(const repository::ComponentRecord& record);
// What neo4j-admin dumped of it; null for one that has a graph file.
const repository::Artifact* dump_artifact(const repository::ComponentRecord& record);

// Whether the vendor's own command made it, whose files nothing here reads.
bool is_of_vendor(const repository::ComponentRecord& record);

// What of a graph is not as it was recorded.
std::vector<Difference> fingerprint_differences(const std::vector<Fingerprint>& recorded,
                                                const std::vector<Fingerprint>& found);

// That a server which we did not start ourselves answers, once its indexes are online: a line each.
Result<std::vector<std::string>> probe_graph(const config::Neo4jEndpoint& endpoint, const std::string& store,
                                             RestoreContext& context);

// What a graph file of this size needs as a store with its indexes, about.
uint64_t store_bytes_for(uint64_t graph_bytes);

struct GraphStoreOptions {
  neo4j::Programs programs;
  std::string database;
  std::string store;         // the component, for progress
  uint64_t graph_bytes = 0;  // of the file, about
};

// One thread at a time. Its files lie in the restore's workspace and go with this object.
class GraphStore {
 public:
  // Reads `graph` once; the indexes are built when it returns.
  static Result<GraphStore> build(const GraphStoreOptions& options, const neo4j::GraphSource& graph,
                                  RestoreContext& context);

  // Where it can be read, until dump().
  const config::Neo4jEndpoint& endpoint() const { return server_.endpoint(); }
  // Once: what `neo4j-admin database load` takes. Ends the server.
  Result<void> dump(const std::function<Result<void>(ByteView)>& consume, const Cancellation& cancellation);

 private:
  GraphStore(TemporaryDirectory directory, scratch::Neo4jScratch server, std::string database)
      : directory_(std::move(directory)), server_(std::move(server)), database_(std::move(database)) {}

  TemporaryDirectory directory_;  // outlives the server
  scratch::Neo4jScratch server_;
  std::string database_;
};

}  // namespace summit::recovery
