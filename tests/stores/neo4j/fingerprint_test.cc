// Fingerprints of real graphs.
#include "stores/neo4j/fingerprint.h"

#include <gtest/gtest.h>

#include "tests/stores/neo4j/helper/server_test.h"

namespace summit::neo4j {
namespace {

class GraphFingerprint : public ServerTest {
 protected:
  std::vector<Fingerprint> print() {
    SilentReporter reporter;
    return must(fingerprint_graph(server_.endpoint(), "neo4j", directory_.path(), reporter, {}));
  }

  TemporaryDirectory directory_ = must(TemporaryDirectory::create(fs::temp_directory_path(), "fingerprint-"));
};

TEST_F(GraphFingerprint, IsEqualForEqualGraphsWhateverTheirOrderAndIds) {
  must(bolt().run("UNWIND range(1, 50) AS i CREATE (:A:B {i: i, t: 'x'})-[:R {w: i}]->(:C {i: i})"));
  const auto first = print();
  must(bolt().run("MATCH (n) DETACH DELETE n"));
  must(bolt().run("CREATE (:Spacer)"));
  must(
      bolt().run("UNWIND range(50, 1, -1) AS i CREATE (c:C {i: i}) CREATE (a:B:A {t: 'x'}) SET a.i = i "
                 "CREATE (a)-[:R {w: i}]->(c)"));
  must(bolt().run("MATCH (n:Spacer) DELETE n"));
  EXPECT_EQ(print(), first);
  must(bolt().run("MATCH (a:A {i: 1})-[r:R]->(c:C), (d:C {i: 2}) CREATE (a)-[:R {w: r.w}]->(d) DELETE r"));
  const auto rewired = print();
  EXPECT_NE(rewired, first);
  EXPECT_EQ(rewired.size(), first.size());
}

}  // namespace
}  // namespace summit::neo4j
