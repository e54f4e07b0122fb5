#include "recovery/graph_store.h"

#include <algorithm>
#include <map>
#include <utility>

#include "stores/neo4j/bolt_connection.h"
#include "stores/neo4j/fingerprint.h"
#include "stores/neo4j/server.h"
#include "stores/neo4j/vendor_command.h"

namespace summit::recovery {

const repository::Artifact* artifact_with(const repository::ComponentRecord& record,
                                          std::string_view suffix) {
  const auto found = std::ranges::find_if(record.artifacts, [&](const repository::Artifact& artifact) {
    return artifact.name.ends_with(suffix);
  });
  return found == record.artifacts.end() ? nullptr : &*found;
}

const repository::Artifact* graph_artifact(const repository::ComponentRecord& record) {
  return artifact_with(record, ".graph");
}

const repository::Artifact* dump_artifact(const repository::ComponentRecord& record) {
  return artifact_with(record, ".dump");
}

bool is_of_vendor(const repository::ComponentRecord& record) {
  const auto method = record.details.find("method");
  return record.kind == "neo4j" && method != record.details.end() && method->second == neo4j::kVendorMethod;
}

Result<std::vector<std::string>> probe_graph(const config::Neo4jEndpoint& endpoint, const std::string& store,
                                             RestoreContext& context) {
  constexpr std::chrono::minutes kIndexPatience{10};
  ASSIGN_OR_RETURN(auto bolt, neo4j::BoltConnection::open(endpoint, context.cancellation));
  ASSIGN_OR_RETURN(const auto indexes,
                   neo4j::await_indexes(bolt, store, kIndexPatience, context.reporter, context.cancellation));
  ASSIGN_OR_RETURN(const auto counts, neo4j::count_elements(bolt));
  return std::vector<std::string>{
      fmt::format("neo4j {} answers", neo4j::server_version(bolt)), fmt::format("{} indexes online", indexes),
      fmt::format("{} nodes and {} relationships", counts.nodes, counts.relationships)};
}

std::vector<Difference> fingerprint_differences(const std::vector<Fingerprint>& recorded,
                                                const std::vector<Fingerprint>& found) {
  using Key = std::pair<std::string, std::string>;
  std::map<Key, std::pair<const Fingerprint*, const Fingerprint*>> pairs;
  for (const auto& one : recorded) pairs[{one.kind, one.name}].first = &one;
  for (const auto& one : found) pairs[{one.kind, one.name}].second = &one;
  const auto describe = [](const Fingerprint* one) {
    return one == nullptr ? std::string("not there")
                          : fmt::format("{} elements, hash {}", one->count, one->hash);
  };
  std::vector<Difference> result;
  for (const auto& [key, both] : pairs) {
    const auto& [expected, actual] = both;
    if (expected != nullptr && actual != nullptr && expected->count == actual->count &&
        expected->hash == actual->hash)
      continue;
    result.push_back({fmt::format("{} {}", key.first, key.second), describe(expected), describe(actual)});
  }
  return result;
}

uint64_t store_bytes_for(uint64_t graph_bytes) {
  constexpr uint64_t kStoreBytesPerByte = 3;
  return graph_bytes * kStoreBytesPerByte;
}

Result<GraphStore> GraphStore::build(const GraphStoreOptions& options, const neo4j::GraphSource& graph,
                                     RestoreContext& context) {
  ASSIGN_OR_RETURN(auto directory, TemporaryDirectory::create(context.workspace, "graph-"));
  const fs::path home = directory.path() / "home";
  RETURN_IF_ERROR(make_directories(home));
  ASSIGN_OR_RETURN(auto server,
                   scratch::Neo4jScratch::start({.programs = options.programs,
                                                 .home = home,
                                                 .database = options.database,
                                                 .store = options.store,
                                                 .image_bytes = store_bytes_for(options.graph_bytes)},
                                                context.reporter, context.cancellation));
  neo4j::GraphImportOptions import;
  import.store = options.store;
  import.connections = std::max<size_t>(context.jobs, 1);
  import.scratch = directory.path();
  ASSIGN_OR_RETURN(
      [[maybe_unused]] const auto imported,
      neo4j::import_graph(server.endpoint(), graph, import, context.reporter, context.cancellation));
  return GraphStore(std::move(directory), std::move(server), options.database);
}

Result<void> GraphStore::dump(const std::function<Result<void>(ByteView)>& consume,
                              const Cancellation& cancellation) {
  RETURN_IF_ERROR(server_.shed_transaction_logs());
  RETURN_IF_ERROR(server_.stop(cancellation));
  return server_.dump(database_, consume, cancellation);
}

}  // namespace summit::recovery
