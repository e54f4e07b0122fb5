#include <fmt/format.h>

#include <optional>

#include "recovery/endpoint_of.h"
#include "recovery/graph_mask.h"
#include "recovery/graph_store.h"
#include "recovery/masked_graph.h"
#include "recovery/masked_store.h"
#include "stores/neo4j/graph_rewrite.h"

namespace summit::recovery {
namespace {

constexpr std::string_view kDump = ".dump";

// Counts what passes through a mask.
class CountingMask final : public neo4j::GraphRewriter {
 public:
  explicit CountingMask(GraphMask& mask) : mask_(mask) {}
  Result<void> node(int64_t id, std::vector<std::string>& labels, neo4j::Value::Map& properties) override {
    ++nodes_;
    return mask_.node(id, labels, properties);
  }
  Result<void> relationship(int64_t id, const std::string& type, neo4j::Value::Map& properties) override {
    ++relationships_;
    return mask_.relationship(id, type, properties);
  }
  Result<void> schema(const neo4j::Value::Map& facts) override { return mask_.schema(facts); }
  uint64_t nodes() const { return nodes_; }
  uint64_t relationships() const { return relationships_; }

 private:
  GraphMask& mask_;
  uint64_t nodes_ = 0;
  uint64_t relationships_ = 0;
};

Result<void> nobody(ByteView) { return {}; }

class MaskedNeo4j final : public AuditedStore {
 public:
  using AuditedStore::AuditedStore;

  Result<std::vector<PreviewedValue>> preview(size_t count) override {
    ReplacedPreview values(count);
    auto session = *context().masking;
    session.replaced = &values;
    GraphMask mask(session);
    RETURN_IF_ERROR(read(mask, nobody));
    return values.take();
  }

  std::vector<repository::Artifact> files() const override {
    const auto* const graph = held();
    return graph == nullptr ? std::vector<repository::Artifact>() : std::vector{*graph};
  }

  Result<void> write(const std::string& artifact,
                     const std::function<Result<void>(ByteView)>& consume) override {
    const auto* const graph = held();
    if (graph == nullptr || graph->name != artifact)
      return Error(Code::kNotFound, "{} holds no graph {}", record().name, artifact);
    RETURN_IF_ERROR(check_covered());
    return artifact.ends_with(kDump) ? write_dump(consume) : write_masked(consume);
  }

 private:
  Result<StoreAudit> look_through() override {
    GraphMask mask(*context().masking);
    CountingMask counting(mask);
    RETURN_IF_ERROR(read(counting, nobody));
    masking::Findings findings(context().masking->rules, context().masking->level);
    mask.find_uncovered(findings);
    StoreAudit audit{.component = record().name, .list = "neo4j"};
    audit.findings = audit_findings(findings);
    audit.gaps = mask.gaps();
    audit.met.rules = findings.met();
    audit.counts = {{"nodes", counting.nodes()}, {"relationships", counting.relationships()}};
    audit.looked_at =
        fmt::format("{} nodes and {} relationships", counting.nodes(), counting.relationships());
    return audit;
  }

  // The graph itself: users and roles are in an artifact of their own, which stays out.
  const repository::Artifact* held() const {
    const auto* const dump = dump_artifact(record());
    return dump != nullptr ? dump : graph_artifact(record());
  }

  Result<GraphStoreOptions> options() const {
    const auto* const graph = held();
    if (graph == nullptr)
      return Error(Code::kNotFound, "backup {} holds neither a dump nor a graph of {}",
                   context().backup.metadata().id, record().name)
          .hint(fmt::format("summit-dr info {}", context().backup.metadata().id));
    // Only for its programs.
    const auto* const target = endpoint_of(context().environment.neo4j, record().name);
    const auto endpoint = target == nullptr ? config::Neo4jEndpoint() : *target;
    GraphStoreOptions options;
    ASSIGN_OR_RETURN(options.programs, neo4j::find_programs(endpoint));
    options.database = endpoint.database;
    options.store = record().name;
    options.graph_bytes = graph->size;
    return options;
  }

  // A graph file is masked as it is read; a dump needs a server, which is started once.
  Result<void> read(neo4j::GraphRewriter& mask, const std::function<Result<void>(ByteView)>& consume) {
    const auto* const graph = held();
    if (graph != nullptr && !graph->name.ends_with(kDump)) return rewrite_file(*graph, mask, consume);
    if (!server_) {
      ASSIGN_OR_RETURN(const auto how, options());
      ASSIGN_OR_RETURN(auto server, MaskedGraph::open(how, record(), context()));
      server_.emplace(std::move(server));
    }
    return server_->read(mask, consume);
  }

  Result<void> rewrite_file(const repository::Artifact& graph, neo4j::GraphRewriter& mask,
                            const std::function<Result<void>(ByteView)>& consume) {
    const auto phase = begin("reading", graph);
    return neo4j::rewrite_graph_file(source(graph, phase.get()), mask, consume, context().cancellation);
  }

  Result<void> write_masked(const std::function<Result<void>(ByteView)>& consume) {
    GraphMask mask(*context().masking);
    RETURN_IF_ERROR(read(mask, consume));
    return mask.check_uncovered();
  }

  // What neo4j-admin loads is made by a second server, which never saw an original.
  Result<void> write_dump(const std::function<Result<void>(ByteView)>& consume) {
    ASSIGN_OR_RETURN(const auto how, options());
    const auto masked = [&](const std::function<Result<void>(ByteView)>& take) { return write_masked(take); };
    ASSIGN_OR_RETURN(auto store, GraphStore::build(how, masked, context()));
    server_.reset();
    return store.dump(consume, context().cancellation);
  }

  std::optional<MaskedGraph> server_;  // with the originals
};

}  // namespace

std::unique_ptr<MaskedStore> make_masked_neo4j(RestoreContext& context,
                                               const repository::ComponentRecord& record) {
  return std::make_unique<MaskedNeo4j>(context, record);
}

}  // namespace summit::recovery
