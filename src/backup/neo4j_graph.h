// A graph in a backup, or the part of it that a filtered set takes, read over Bolt into `neo4j.graph`
// (docs/formats/graph.md).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "backup/component.h"
#include "config/backup_set.h"
#include "config/endpoint.h"
#include "stores/neo4j/graph_export.h"

namespace summit::backup {

// "neo4j/second" as one part of a path: "neo4j-second".
std::string path_part(std::string component);
// What its artifacts are called: "neo4j" of the first server, the name `neo4j-admin database load
// --from-path` looks for; "neo4j-second" of another.
std::string artifact_stem(const std::string& component);

// Whether a set takes a part of the graph only.
bool takes_a_part(const config::ComponentSpec& spec);

// The nodes of `id` by the rules of `spec`; of the filter `core` those of its labels.
neo4j::GraphFilter graph_filter(const config::ComponentSpec& spec, const std::string& id);

// For a dry run: "only nodes labelled User, Tenant, with the relationships between them".
std::string describe_part(const config::ComponentSpec& spec);

// What is read, and as what it is recorded.
struct GraphPart {
  const config::Neo4jEndpoint& server;
  neo4j::Consistency consistency = neo4j::Consistency::kSnapshot;
  const config::ComponentSpec& spec;
  std::string store;     // the component's name
  std::string artifact;  // "neo4j.graph"
  fs::path scratch;
};

// Writes the artifact, and into `record` its fingerprints, counts and the relationships that are cut. Where
// nothing belongs to the owner, the record says `absent` and nothing is written.
Result<void> write_graph(const GraphPart& part, CaptureContext& context, repository::ComponentRecord& record);

// Reads the running server instead of a copy: no snapshot, and recorded so.
std::unique_ptr<Component> make_live_graph_component(const config::ComponentSpec& spec,
                                                     const config::Neo4jEndpoint& endpoint, std::string name);

}  // namespace summit::backup
