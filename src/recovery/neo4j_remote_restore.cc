#include "recovery/neo4j_remote_restore.h"

#include <algorithm>
#include <map>
#include <utility>

#include "recovery/graph_store.h"
#include "stores/access/access.h"
#include "stores/neo4j/bolt_connection.h"
#include "stores/neo4j/fingerprint.h"
#include "stores/neo4j/graph_import.h"
#include "stores/neo4j/marker.h"
#include "stores/neo4j/server.h"

namespace summit::recovery {
namespace {

class Neo4jRemoteRestore final : public RestoreComponent {
 public:
  Neo4jRemoteRestore(config::Neo4jEndpoint endpoint, std::string name)
      : endpoint_(std::move(endpoint)), name_(std::move(name)) {}

  std::string name() const override { return name_; }

  Result<PlanStep> plan(RestoreContext& context) override {
    ASSIGN_OR_RETURN(const auto graph, find_graph(context));
    RETURN_IF_ERROR(check_target(context));
    PlanStep step;
    step.target = fmt::format("database {} at {}", endpoint_.database, endpoint_.bolt_uri);
    step.bytes = store_bytes_for(graph->size);
    step.predicted = Seconds(static_cast<double>(graph->size) / static_cast<double>(kUsualBytesPerSecond));
    step.overwrites = "nothing: it is empty";
    step.notes.push_back(
        fmt::format("the files of {} cannot be reached: the graph is written over bolt, while "
                    "the server runs, and users and roles stay as they are",
                    access::describe(endpoint_.access)));
    return step;
  }

  // The marker comes first: until it is there, nothing tells to which environment the data belong.
  Result<void> restore(RestoreContext& context,
                       const std::optional<config::EnvironmentMarker>& marker) override {
    ASSIGN_OR_RETURN(const auto graph, find_graph(context));
    RETURN_IF_ERROR(check_target(context));
    ASSIGN_OR_RETURN(auto bolt, neo4j::BoltConnection::open(endpoint_, context.cancellation));
    RETURN_IF_ERROR(marker ? neo4j::write_marker(bolt, *marker) : neo4j::remove_marker(bolt));
    ASSIGN_OR_RETURN(auto scratch, TemporaryDirectory::create(context.workspace, "graph-"));
    neo4j::GraphImportOptions options;
    options.store = name_;
    options.connections = std::max<size_t>(context.jobs, 1);
    options.scratch = scratch.path();
    const auto read = [&](const std::function<Result<void>(ByteView)>& consume) {
      return context.backup.read(graph->name, consume, context.cancellation);
    };
    auto imported = neo4j::import_graph(endpoint_, read, options, context.reporter, context.cancellation);
    if (imported.ok()) return {};
    context.reporter.warn(
        fmt::format("{}: a part of the graph is there; empty the database before the next restore", name_));
    return std::move(imported).error();
  }

  Result<std::vector<Difference>> compare(RestoreContext& context) override {
    ASSIGN_OR_RETURN(const auto found, neo4j::fingerprint_graph(endpoint_, name_, context.workspace,
                                                                context.reporter, context.cancellation));
    return fingerprint_differences(context.backup.metadata().find(name_)->fingerprints, found);
  }

  Result<std::vector<std::string>> probe(RestoreContext& context) override {
    return probe_graph(endpoint_, name_, context);
  }

 private:
  static constexpr uint64_t kUsualBytesPerSecond = 4 * MiB;

  Result<const repository::Artifact*> find_graph(const RestoreContext& context) const {
    const auto* record = context.backup.metadata().find(name_);
    const auto* graph = record == nullptr ? nullptr : graph_artifact(*record);
    if (graph != nullptr) return graph;
    return Error(Code::kNotFound, "backup {} holds no graph of {}", context.backup.metadata().id, name_)
        .hint(fmt::format("summit-dr info {}", context.backup.metadata().id));
  }

  Result<void> check_target(const RestoreContext& context) const {
    if (context.masking != nullptr) {
      return Error(Code::kRefused,
                   "`{}` takes these data only masked, and over bolt others would see them before they are "
                   "certified",
                   context.environment.name)
          .hint(
              "mount the server's data on this machine, and declare `data_directory` with access kind local");
    }
    ASSIGN_OR_RETURN(const bool empty, neo4j::is_empty(endpoint_, context.cancellation));
    if (empty) return {};
    return Error(Code::kRefused,
                 "database {} at {} is not empty, and the files of {} cannot be exchanged from here",
                 endpoint_.database, endpoint_.bolt_uri, access::describe(endpoint_.access))
        .hint(
            "back it up, then empty it: MATCH (n) WHERE NOT n:SummitDrEnvironment CALL { WITH n DETACH "
            "DELETE n } IN TRANSACTIONS, and drop its indexes and constraints; or mount "
            "its "
            "data on this machine, and declare `data_directory` with access kind local");
  }

  config::Neo4jEndpoint endpoint_;
  std::string name_;
};

}  // namespace

std::unique_ptr<RestoreComponent> make_neo4j_remote_restore(const config::Neo4jEndpoint& endpoint,
                                                            std::string component_name) {
  return std::make_unique<Neo4jRemoteRestore>(endpoint, std::move(component_name));
}

}  // namespace summit::recovery
