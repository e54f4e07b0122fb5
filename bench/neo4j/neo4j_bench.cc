// Graphs over Bolt, one operation a process, as bench/neo4j.sh times them beside the official Python driver
// and APOC.
//
//   neo4j_bench fill NODES       people with six properties each and two relationships each
//   neo4j_bench export FILE      a graph file, with fingerprints
//   neo4j_bench import FILE      into the database, which is empty
//   neo4j_bench apoc NAME         APOC's csv export into that file of the server's import directory
//   neo4j_bench empty
//
// The server is that of NEO4J_URI, NEO4J_USERNAME and NEO4J_PASSWORD. Prints elements, seconds and elements a
// second.
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "core/files.h"
#include "core/time.h"
#include "stores/neo4j/graph_export.h"
#include "stores/neo4j/graph_import.h"

namespace {

using namespace summit;

config::Neo4jEndpoint endpoint() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value ? value : "");
  };
  config::Neo4jEndpoint server;
  server.bolt_uri = variable("NEO4J_URI");
  server.user = variable("NEO4J_USERNAME");
  server.password = Secret(variable("NEO4J_PASSWORD"));
  return server;
}

void report(const char* what, const char* tool, uint64_t elements, const Stopwatch& watch) {
  const double seconds = watch.elapsed().count();
  std::printf("%s %s %llu elements %.2f s %.0f elements/s\n", what, tool,
              static_cast<unsigned long long>(elements), seconds, static_cast<double>(elements) / seconds);
}

Result<void> fill(int64_t nodes) {
  ASSIGN_OR_RETURN(auto bolt, neo4j::BoltConnection::open(endpoint()));
  const neo4j::Value::Map parameters{{"n", neo4j::Value{nodes}}};
  RETURN_IF_ERROR(bolt.run(
      "UNWIND range(1, $n) AS i CALL { WITH i CREATE (:Person:Customer {id: i, name: 'name of ' + i, "
      "mail: 'someone.' + i + '@example.com', born: date('1950-01-01') + duration({days: i % 20000}), "
      "score: i * 0.5, tags: ['a' + i % 7, 'b' + i % 11]}) } IN TRANSACTIONS OF 20000 ROWS",
      parameters));
  RETURN_IF_ERROR(bolt.run("CREATE INDEX bench_id IF NOT EXISTS FOR (n:Person) ON (n.id)"));
  RETURN_IF_ERROR(bolt.run("CALL db.awaitIndexes(600)"));
  RETURN_IF_ERROR(
      bolt.run("UNWIND range(1, $n) AS i CALL { WITH i MATCH (a:Person {id: i}) "
               "UNWIND [i * 7 % $n + 1, i * 13 % $n + 1] AS j MATCH (b:Person {id: j}) "
               "CREATE (a)-[:KNOWS {since: i % 50, weight: 0.5}]->(b) } IN TRANSACTIONS OF 20000 ROWS",
               parameters));
  RETURN_IF_ERROR(bolt.run("DROP INDEX bench_id"));
  return {};
}

Result<void> export_to(const fs::path& file) {
  ASSIGN_OR_RETURN(auto bolt, neo4j::BoltConnection::open_several(neo4j::kExportConnections, endpoint()));
  ASSIGN_OR_RETURN(const auto fd, open_for_writing(file));
  neo4j::GraphExportOptions options;
  options.scratch = file.parent_path();
  SilentReporter reporter;
  const Stopwatch watch;
  ASSIGN_OR_RETURN(
      const auto done,
      neo4j::export_graph(bolt, options, [&](ByteView block) { return write_all(fd.get(), block, file); },
                          reporter, {}));
  report("export", "ours", done.nodes + done.relationships, watch);
  return {};
}

Result<void> import_from(const fs::path& file) {
  neo4j::GraphImportOptions options;
  options.scratch = file.parent_path();
  SilentReporter reporter;
  const auto source = [&](const std::function<Result<void>(ByteView)>& consume) -> Result<void> {
    ASSIGN_OR_RETURN(const auto fd, open_for_reading(file));
    std::vector<std::byte> buffer(256 * KiB);
    while (true) {
      ASSIGN_OR_RETURN(const size_t size, read_some(fd.get(), buffer.data(), buffer.size(), file));
      if (size == 0) return {};
      RETURN_IF_ERROR(consume(ByteView(buffer).first(size)));
    }
  };
  const Stopwatch watch;
  ASSIGN_OR_RETURN(const auto done, neo4j::import_graph(endpoint(), source, options, reporter, {}));
  report("import", "ours", done.nodes + done.relationships, watch);
  return {};
}

Result<void> export_by_apoc(const std::string& name) {
  ASSIGN_OR_RETURN(auto bolt, neo4j::BoltConnection::open(endpoint()));
  const Stopwatch watch;
  ASSIGN_OR_RETURN(const auto elements,
                   bolt.scalar("CALL apoc.export.csv.all($name, {}) YIELD nodes, relationships "
                               "RETURN nodes + relationships",
                               {{"name", neo4j::Value{name}}}));
  report("export", "apoc", static_cast<uint64_t>(elements.integer_or(0)), watch);
  return {};
}

Result<void> empty() {
  ASSIGN_OR_RETURN(auto bolt, neo4j::BoltConnection::open(endpoint()));
  RETURN_IF_ERROR(bolt.run("MATCH (n) CALL { WITH n DETACH DELETE n } IN TRANSACTIONS OF 10000 ROWS"));
  return {};
}

Result<void> run(const std::vector<std::string>& words) {
  if (words.size() == 1 && words[0] == "empty") return empty();
  if (words.size() == 2 && words[0] == "fill") return fill(std::atoll(words[1].c_str()));
  if (words.size() == 2 && words[0] == "export") return export_to(words[1]);
  if (words.size() == 2 && words[0] == "import") return import_from(words[1]);
  if (words.size() == 2 && words[0] == "apoc") return export_by_apoc(words[1]);
  return Error(Code::kUsage, "neo4j_bench fill NODES | export FILE | import FILE | apoc NAME | empty");
}

}  // namespace

int main(int argc, char** argv) {
  const auto done = run({argv + 1, argv + argc});
  if (done.ok()) return 0;
  std::fprintf(stderr, "%s\n", done.error().to_string().c_str());
  return 1;
}
