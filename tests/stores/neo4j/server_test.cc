// What a real server says about itself.
#include "stores/neo4j/server.h"

#include <gmock/gmock.h>

#include "tests/stores/neo4j/helper/server_test.h"

namespace summit::neo4j {
namespace {

using testing::HasSubstr;

class Neo4jServer : public ServerTest {};

TEST_F(Neo4jServer, SaysVersionEditionAndStoreFormat) {
  EXPECT_THAT(server_version(bolt()), testing::StartsWith("5."));
  EXPECT_EQ(must(server_edition(bolt())), "community");
  const auto state = database_state(server_.endpoint());
  ASSERT_TRUE(state.ok()) << state.error().to_string();
  EXPECT_EQ(state->status, "online");
  EXPECT_TRUE(check_store_format(state->store_format, "neo4j").ok()) << state->store_format;
  EXPECT_EQ(check_store_format("block-block-1.1", "neo4j").error().code(), Code::kUnsupported);
  EXPECT_EQ(check_store_format("record-high_limit-1.1", "neo4j").error().code(), Code::kUnsupported);
}

TEST_F(Neo4jServer, ADatabaseThatItDoesNotHaveIsNamed) {
  auto endpoint = server_.endpoint();
  endpoint.database = "other";
  const auto state = database_state(endpoint);
  EXPECT_EQ(state.error().code(), Code::kNotFound);
  EXPECT_THAT(state.error().message(), HasSubstr("other"));
  EXPECT_EQ(scalar(endpoint, "RETURN 1").error().code(), Code::kNotFound);
}

TEST_F(Neo4jServer, KnowsItsFilesFromThoseOfAnother) {
  const auto layout = must(layout_of(server_.endpoint()));
  const auto reported = must(reported_layout(bolt()));
  EXPECT_TRUE(fs::equivalent(reported.data, layout.data));
  EXPECT_TRUE(fs::equivalent(reported.transactions, layout.transactions));
  EXPECT_TRUE(check_files_belong(server_.endpoint(), layout).ok());
  const auto elsewhere = must(TemporaryDirectory::create(fs::temp_directory_path(), "neo4j-elsewhere-"));
  const auto foreign = check_files_belong(server_.endpoint(), StoreLayout::below(elsewhere.path()));
  EXPECT_EQ(foreign.error().code(), Code::kConfig);
}

TEST_F(Neo4jServer, IndexesAreWaitedForAndConstraintsCounted) {
  must(bolt().run("CREATE CONSTRAINT a FOR (n:A) REQUIRE n.id IS UNIQUE"));
  must(bolt().run("CREATE TEXT INDEX b FOR (n:A) ON (n.text)"));
  SilentReporter reporter;
  // The two lookup indexes that every database has, the constraint's and ours.
  EXPECT_EQ(must(await_indexes(bolt(), "neo4j", std::chrono::minutes(1), reporter, {})), 4u);
  for (const auto& index : must(index_states(bolt()))) EXPECT_EQ(index.state, "ONLINE") << index.name;
  EXPECT_EQ(must(count_constraints(bolt())), 1u);
}

}  // namespace
}  // namespace summit::neo4j
