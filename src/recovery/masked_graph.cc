#include "recovery/masked_graph.h"

#include "stores/neo4j/bolt_connection.h"
#include "stores/neo4j/marker.h"

namespace summit::recovery {

namespace {

Result<void> load_dump(const GraphStoreOptions& options, const fs::path& home, const std::string& dump,
                       RestoreContext& context) {
  const neo4j::PrivateHome private_home{home, neo4j::StoreLayout::below(home / "data")};
  RETURN_IF_ERROR(private_home.create({}));
  const auto feed = [&](const std::function<Result<void>(ByteView)>& write) {
    return context.backup.read(dump, write, context.cancellation);
  };
  return neo4j::load_database(options.programs, private_home, options.database, feed, {},
                              context.cancellation);
}

Result<void> import_file(const GraphStoreOptions& options, const scratch::Neo4jScratch& server,
                         const fs::path& scratch, const std::string& graph, RestoreContext& context) {
  neo4j::GraphImportOptions import;
  import.store = options.store;
  import.scratch = scratch;
  const auto read = [&](const std::function<Result<void>(ByteView)>& consume) {
    return context.backup.read(graph, consume, context.cancellation);
  };
  ASSIGN_OR_RETURN(
      [[maybe_unused]] const auto imported,
      neo4j::import_graph(server.endpoint(), read, import, context.reporter, context.cancellation));
  return {};
}

}  // namespace

Result<MaskedGraph> MaskedGraph::open(const GraphStoreOptions& options,
                                      const repository::ComponentRecord& record, RestoreContext& context) {
  ASSIGN_OR_RETURN(auto directory, TemporaryDirectory::create(context.workspace, "graph-"));
  const fs::path home = directory.path() / "home";
  RETURN_IF_ERROR(make_directories(home));
  const auto* dump = dump_artifact(record);
  if (dump != nullptr) RETURN_IF_ERROR(load_dump(options, home, dump->name, context));
  ASSIGN_OR_RETURN(auto server, scratch::Neo4jScratch::start({.programs = options.programs,
                                                              .home = home,
                                                              .database = options.database,
                                                              .store = options.store,
                                                              .image_bytes = options.graph_bytes},
                                                             context.reporter, context.cancellation));
  if (const auto* graph = dump == nullptr ? graph_artifact(record) : nullptr)
    RETURN_IF_ERROR(import_file(options, server, directory.path(), graph->name, context));
  return MaskedGraph(std::move(directory), std::move(server), options.store, context);
}

Result<void> MaskedGraph::read(const std::function<Result<void>(ByteView)>& consume) {
  GraphMask mask(*context_->masking);
  RETURN_IF_ERROR(read(mask, consume));
  return mask.check_uncovered();
}

Result<void> MaskedGraph::read(neo4j::GraphRewriter& mask,
                               const std::function<Result<void>(ByteView)>& consume) {
  neo4j::GraphExportOptions options;
  options.store = store_;
  options.scratch = directory_.path();
  options.rewriter = &mask;
  ASSIGN_OR_RETURN(auto connections,
                   neo4j::BoltConnection::open_several(neo4j::kExportConnections, server_.endpoint(),
                                                       context_->cancellation));
  ASSIGN_OR_RETURN(
      auto exported,
      neo4j::export_graph(connections, options, consume, context_->reporter, context_->cancellation),
      "while masking the graph");
  fingerprints_ = std::move(exported.fingerprints);
  return {};
}

}  // namespace summit::recovery
