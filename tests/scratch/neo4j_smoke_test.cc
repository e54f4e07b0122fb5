// Smoke checks of a real graph.
#include <gmock/gmock.h>

#include "recovery/smoke.h"
#include "tests/stores/neo4j/helper/server_test.h"

namespace summit::neo4j {
namespace {

using testing::HasSubstr;

class Neo4jSmoke : public ServerTest {
 protected:
  // What is found of "the answer of `cypher` is 1".
  recovery::SmokeFinding one(const std::string& cypher) {
    config::Environment environment;
    environment.neo4j = {server_.endpoint()};
    config::SmokeCheck check;
    check.name = "one";
    check.left = {"neo4j", "", cypher};
    check.comparison = "=";
    check.bound = 1;
    return recovery::run_smoke(environment, {check}, {}).back();
  }
};

TEST_F(Neo4jSmoke, OnlyReads) {
  EXPECT_TRUE(one("RETURN 1").holds);
  EXPECT_FALSE(one("RETURN 2").holds);
  const auto writing = one("CREATE (:Written) RETURN 1");
  EXPECT_FALSE(writing.holds);
  EXPECT_THAT(writing.detail, HasSubstr("AccessMode"));
  EXPECT_EQ(must(bolt().scalar("MATCH (n) RETURN count(n)")).integer_or(-1), 0);
}

TEST_F(Neo4jSmoke, AnElementIsNoAnswer) {
  must(bolt().run("CREATE (:Here)"));
  for (const char* answer : {"n", "[n]", "{here: [n]}"}) {
    const auto element = one(fmt::format("MATCH (n:Here) RETURN {}", answer));
    EXPECT_FALSE(element.holds) << answer;
    EXPECT_THAT(element.detail, HasSubstr("return a property or a count"));
  }
}

}  // namespace
}  // namespace summit::neo4j
