// A graph file restored over Bolt into a real server whose files are said to be out of reach.

#include "recovery/neo4j_remote_restore.h"

#include <gmock/gmock.h>

#include "masking/session.h"
#include "recovery/plan.h"
#include "stores/neo4j/marker.h"
#include "stores/neo4j/server.h"
#include "tests/masking/make_rules.h"
#include "tests/scratch/backup_world.h"

namespace summit::neo4j {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Neo4jRemote, AGraphComesBackEqualIntoAnEmptyDatabaseOnly) {
  auto& server = empty_server();
  auto bolt = must(BoltConnection::open(server.endpoint()));
  fill_with_every_type(bolt);
  fill_with_accounts(bolt);
  auto endpoint = server.endpoint();
  endpoint.home.clear();
  endpoint.data_directory.clear();
  endpoint.access = {};
  endpoint.access.kind = config::Access::Kind::kDocker;
  endpoint.access.container = "no-such-container";
  const auto base = must(TemporaryDirectory::create(fs::temp_directory_path(), "neo4j-remote-"));
  config::ComponentSpec spec;
  spec.name = spec.kind = "neo4j";
  spec.method = "live";
  const std::string id = must(back_up_part(endpoint, base.path(), spec));

  const auto reader = must(repository::PlainRepository(base.path()).open(id));
  const config::Configuration configuration;
  config::Environment environment;
  environment.name = "dev";
  environment.neo4j = {endpoint};
  SilentReporter reporter;
  recovery::RestoreContext context{.configuration = configuration,
                                   .environment = environment,
                                   .backup = *reader,
                                   .reporter = reporter,
                                   .cancellation = {},
                                   .sealing_key = {},
                                   .workspace = base.path()};
  const auto full = recovery::plan_restore({}, context);
  ASSERT_FALSE(full.ok());
  EXPECT_EQ(full.error().code(), Code::kRefused);
  EXPECT_THAT(full.error().message(), HasSubstr("is not empty"));
  EXPECT_THAT(full.error().hint(), HasSubstr("DETACH DELETE"));

  must(bolt.run("MATCH (n) DETACH DELETE n"));
  must(bolt.run("DROP CONSTRAINT account_id"));
  auto plan = must(recovery::plan_restore({}, context));
  ASSERT_EQ(plan.components.size(), 1U);
  EXPECT_FALSE(plan.components.front().step.overwrites_something);
  EXPECT_THAT(plan.components.front().step.notes, Contains(HasSubstr("written over bolt")));
  auto& component = *plan.components.front().component;
  const config::EnvironmentMarker marker{"dev", "dev", "2026-11-21T03:10:48Z",
                                         "0123456789abcdef0123456789abcdef"};
  must(component.restore(context, marker));
  EXPECT_THAT(must(component.compare(context)), IsEmpty());
  EXPECT_THAT(must(component.probe(context)), Contains(HasSubstr("indexes online")));
  EXPECT_EQ(must(read_marker(bolt)), marker);
  must(bolt.run("MATCH (a:Account {id: 1}) SET a.balance = 0"));
  EXPECT_FALSE(must(component.compare(context)).empty());

  must(bolt.run("MATCH (n) DETACH DELETE n"));
  masking::Session session;
  session.rules = masking::shipped_rules();
  session.key = masking::test_key();
  context.masking = &session;
  EXPECT_EQ(recovery::plan_restore({}, context).error().code(), Code::kRefused);
}

}  // namespace
}  // namespace summit::neo4j
