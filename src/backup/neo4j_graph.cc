#include "backup/neo4j_graph.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

#include "config/selection_text.h"
#include "core/time.h"
#include "stores/neo4j/bolt_connection.h"
#include "stores/neo4j/server.h"

namespace summit::backup {

namespace {

void describe_cut(const neo4j::GraphExport& exported, const std::string& store, Reporter& reporter,
                  repository::ComponentRecord& record) {
  for (const auto& [type, count] : exported.cut) {
    record.details["cut:" + type] = std::to_string(count);
    record.notes.push_back(fmt::format(
        "{} relationships of type {} lead to nodes that are not taken, and are left out", count, type));
    reporter.info(fmt::format("{}: {}", store, record.notes.back()));
  }
}

class LiveGraphComponent final : public Component {
 public:
  LiveGraphComponent(const config::ComponentSpec& spec, config::Neo4jEndpoint endpoint, std::string name)
      : spec_(spec), endpoint_(std::move(endpoint)), name_(std::move(name)) {}

  std::string name() const override { return name_; }
  std::string kind() const override { return "neo4j"; }
  CutKind cut_kind() const override { return CutKind::kImmediate; }

  std::vector<std::string> describe() const override {
    return {fmt::format("database {} of {}, read while it runs, which is no snapshot, into {}",
                        endpoint_.database, endpoint_.bolt_uri, artifact()),
            describe_part(spec_)};
  }

  // A node with its properties is seldom larger.
  Result<uint64_t> predict_size(CaptureContext& context) override {
    constexpr uint64_t kBytesPerElement = 256;
    ASSIGN_OR_RETURN(auto bolt, neo4j::BoltConnection::open(endpoint_, context.cancellation));
    ASSIGN_OR_RETURN(const auto counts, neo4j::count_elements(bolt));
    return (counts.nodes + counts.relationships) * kBytesPerElement;
  }

  Result<void> prepare(CaptureContext& context) override {
    ASSIGN_OR_RETURN(const auto bolt, neo4j::BoltConnection::open(endpoint_, context.cancellation));
    server_version_ = neo4j::server_version(bolt);
    return {};
  }

  Result<Instant> cut(CaptureContext&) override { return now(); }

  Result<repository::ComponentRecord> transfer(CaptureContext& context) override {
    repository::ComponentRecord record;
    record.server_version = server_version_;
    record.details["database"] = endpoint_.database;
    record.details["method"] = "live read";
    record.notes.emplace_back("the graph was read while it could change: read committed, no snapshot");
    ASSIGN_OR_RETURN(auto scratch, TemporaryDirectory::create(context.writer.workspace(), "graph-"));
    const GraphPart part{endpoint_,     neo4j::Consistency::kReadCommitted, spec_, name_, artifact(),
                         scratch.path()};
    RETURN_IF_ERROR(write_graph(part, context, record));
    return record;
  }

 private:
  std::string artifact() const { return artifact_stem(name_) + ".graph"; }

  config::ComponentSpec spec_;
  config::Neo4jEndpoint endpoint_;
  std::string name_;
  std::string server_version_;
};

}  // namespace

std::string path_part(std::string component) {
  std::ranges::replace(component, '/', '-');
  return component;
}

std::string artifact_stem(const std::string& component) {
  return component.find('/') == std::string::npos ? "neo4j" : path_part(component);
}

bool takes_a_part(const config::ComponentSpec& spec) { return !spec.filter.empty() && spec.filter != "none"; }

neo4j::GraphFilter graph_filter(const config::ComponentSpec& spec, const std::string& id) {
  neo4j::GraphFilter filter;
  filter.labels = spec.labels;
  filter.relationship_types = spec.relationship_types;
  if (!takes_a_part(spec) || spec.filter == "core") return filter;
  const auto start = spec.graph.start.value_or(config::GraphSpec::Start());
  filter.owner = neo4j::GraphOwner{id, spec.graph.property, start.label, start.property, spec.graph.through};
  return filter;
}

std::string describe_part(const config::ComponentSpec& spec) {
  if (!takes_a_part(spec)) return "all nodes and relationships, without users and roles";
  std::string text = "only nodes";
  if (!spec.labels.empty()) text += fmt::format(" labelled {}", fmt::join(spec.labels, ", "));
  if (spec.filter != "core") text += fmt::format(" of one {}", spec.filter);
  text += ", with the relationships between them";
  if (!spec.relationship_types.empty())
    text += fmt::format(" of type {}", fmt::join(spec.relationship_types, ", "));
  return text;
}

Result<void> write_graph(const GraphPart& part, CaptureContext& context,
                         repository::ComponentRecord& record) {
  const std::string id = owner_of(part.spec.filter, context.scope);
  neo4j::GraphExportOptions options;
  options.store = part.store;
  options.filter = graph_filter(part.spec, id);
  options.consistency = part.consistency;
  options.scratch = part.scratch;
  ASSIGN_OR_RETURN(auto connections, neo4j::BoltConnection::open_several(neo4j::kExportConnections,
                                                                         part.server, context.cancellation));
  ASSIGN_OR_RETURN(auto sink, context.writer.create(part.artifact, part.store));
  ASSIGN_OR_RETURN(auto exported,
                   neo4j::export_graph(
                       connections, options, [&](ByteView block) { return sink->write(block); },
                       context.reporter, context.cancellation));
  if (takes_a_part(part.spec)) {
    record.details["filter"] = part.spec.filter;
    record.details["selection"] = config::selection_text(part.spec);
  }
  record.details["consistency"] =
      part.consistency == neo4j::Consistency::kSnapshot ? "snapshot" : "read committed";
  if (options.filter.owner && exported.nodes == 0) {
    record.status = repository::Status::kAbsent;
    record.reason = fmt::format("no node belongs to {} `{}`", part.spec.filter, id);
    return {};
  }
  ASSIGN_OR_RETURN(auto artifact, sink->finish());
  record.artifacts.push_back(std::move(artifact));
  record.details["nodes"] = std::to_string(exported.nodes);
  record.details["relationships"] = std::to_string(exported.relationships);
  record.fingerprints = std::move(exported.fingerprints);
  describe_cut(exported, part.store, context.reporter, record);
  return {};
}

std::unique_ptr<Component> make_live_graph_component(const config::ComponentSpec& spec,
                                                     const config::Neo4jEndpoint& endpoint,
                                                     std::string name) {
  return std::make_unique<LiveGraphComponent>(spec, endpoint, std::move(name));
}

}  // namespace summit::backup
