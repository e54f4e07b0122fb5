// The environment marker in a real graph.
#include "stores/neo4j/marker.h"

#include <gtest/gtest.h>

#include "stores/neo4j/fingerprint.h"
#include "stores/neo4j/server.h"
#include "tests/stores/neo4j/helper/server_test.h"

namespace summit::neo4j {
namespace {

class Marker : public ServerTest {};

TEST_F(Marker, IsOneNodeThatCountsNowhere) {
  EXPECT_EQ(read_marker(server_.endpoint()).value_or(config::EnvironmentMarker{"x", "", "", ""}),
            std::nullopt);
  EXPECT_TRUE(is_empty(server_.endpoint()).value_or(false));
  const config::EnvironmentMarker first{"dev", "dev", "2026-11-21T03:10:48Z",
                                        "00112233445566778899aabbccddeeff"};
  const config::EnvironmentMarker second{"stag'ing\" `x`", "staging", "2026-11-22T03:10:48Z",
                                         "ff112233445566778899aabbccddeeff"};
  ASSERT_TRUE(write_marker(server_.endpoint(), first).ok());
  ASSERT_TRUE(write_marker(server_.endpoint(), second).ok());
  EXPECT_EQ(read_marker(server_.endpoint()).value_or(std::nullopt), second);
  EXPECT_TRUE(is_empty(server_.endpoint()).value_or(false));
  EXPECT_EQ(count_elements(bolt()).value_or(ElementCounts{9, 9}).nodes, 0u);

  SilentReporter reporter;
  const auto directory = must(TemporaryDirectory::create(fs::temp_directory_path(), "fingerprint-"));
  const auto fingerprints = fingerprint_graph(server_.endpoint(), "neo4j", directory.path(), reporter, {});
  ASSERT_TRUE(fingerprints.ok()) << fingerprints.error().to_string();
  for (const auto& one : *fingerprints) {
    const bool counts_nodes = one.kind == "graph" || one.kind == "label";
    EXPECT_TRUE(!counts_nodes || one.count == 0) << one.kind << " " << one.name;
  }

  ASSERT_TRUE(bolt().run("CREATE (:SummitDrEnvironment {environment: 'prod'})").ok());
  EXPECT_EQ(read_marker(server_.endpoint()).error().code(), Code::kCorrupt);
  ASSERT_TRUE(remove_marker(bolt()).ok());
  EXPECT_EQ(bolt().scalar("MATCH (n) RETURN count(n)").value_or(Value{}).integer_or(-1), 0);
}

}  // namespace
}  // namespace summit::neo4j
