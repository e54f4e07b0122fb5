// Parts of a graph, and masked graphs, through the components of backup and restore, on real servers.

#include <gmock/gmock.h>

#include <fstream>

#include "recovery/neo4j_merge.h"
#include "stores/neo4j/server.h"
#include "tests/masking/make_rules.h"
#include "tests/scratch/backup_world.h"

namespace summit::neo4j {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// Whether a file below `directory` has these bytes.
bool is_written_below(const fs::path& directory, std::string_view text) {
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream stream(entry.path(), std::ios::binary);
    const std::string content(std::istreambuf_iterator<char>(stream), {});
    if (content.find(text) != std::string::npos) return true;
  }
  return false;
}

config::ComponentSpec core_of(std::vector<std::string> labels) {
  config::ComponentSpec spec;
  spec.name = spec.kind = "neo4j";
  spec.filter = "core";
  spec.labels = std::move(labels);
  return spec;
}

config::ComponentSpec tenant_spec() {
  config::ComponentSpec spec;
  spec.name = spec.kind = "neo4j";
  spec.filter = "tenant";
  spec.graph = {"here", "tenant_id", {}, {}};
  return spec;
}

class Neo4jPart : public ServerTest {
 protected:
  void SetUp() override {
    base_.emplace(must(TemporaryDirectory::create(fs::temp_directory_path(), "neo4j-parts-")));
  }
  const fs::path& base() const { return base_->path(); }
  int64_t number(std::string_view cypher) { return must(bolt().scalar(cypher)).integer_or(-1); }

  std::optional<TemporaryDirectory> base_;
};

TEST_F(Neo4jPart, TheCoreIsTakenAndPutInThePlaceOfTheWhole) {
  fill_with_every_type(bolt());
  fill_with_accounts(bolt());
  const std::string id = must(back_up_part(server_.endpoint(), base(), core_of({"Account", "Every"})));
  RestoreWorld world(server_.endpoint(), base(), id);
  EXPECT_EQ(world.record().details.at("consistency"), "snapshot");
  EXPECT_EQ(world.record().artifacts.size(), 1U);
  const auto accounts = number("MATCH (n:Account) RETURN count(n)");
  must(bolt().run("MATCH (n:Account) SET n.balance = 0"));
  const auto step = must(world.component().plan(world.context()));
  EXPECT_THAT(step.notes, Contains(HasSubstr("the rest of what is there goes")));

  must(world.component().restore(world.context(), {}));

  EXPECT_EQ(number("MATCH (n:Account) WHERE n.balance = 1000 RETURN count(n)"), accounts);
  EXPECT_EQ(number("MATCH (n) WHERE NOT (n:Account OR n:Every) RETURN count(n)"), 0);
  EXPECT_THAT(must(world.component().compare(world.context())), IsEmpty());
  must(bolt().run("MATCH (n:Account {id: 5}) SET n.balance = 1"));
  EXPECT_THAT(must(world.component().compare(world.context())), Not(IsEmpty()));
}

TEST_F(Neo4jPart, ATenantIsTakenLiveOrFromACopyAndPutBackBesideOthers) {
  must(bolt().run(
      "UNWIND ['a', 'b'] AS t UNWIND range(1, 20) AS i CREATE (x:Thing {tenant_id: t, n: i})-[:HAS]->(:Part "
      "{tenant_id: t, n: i})"));
  must(bolt().run(
      "MATCH (x:Thing {tenant_id: 'a'}), (y:Part {tenant_id: 'b', n: 1}) CREATE (x)-[:SEES]->(y)"));
  const auto endpoint = server_.endpoint();
  auto live = tenant_spec();
  live.method = "live";
  for (const auto& spec : {tenant_spec(), live}) {
    SCOPED_TRACE(spec.method);
    const std::string id = must(back_up_part(endpoint, base(), spec, {{"tenant_id", "a"}}));
    RestoreWorld world(endpoint, base(), id);
    config::BackupSet set;
    set.name = "tenant";
    set.components = {tenant_spec()};
    world.configuration().sets = {set};
    EXPECT_EQ(world.record().details.at("consistency"),
              spec.method == "live" ? "read committed" : "snapshot");
    EXPECT_EQ(world.record().details.at("cut:SEES"), "20");
    must(bolt().run("MATCH (x {tenant_id: 'a'}) WHERE x.n < 5 DETACH DELETE x"));
    must(bolt().run("MATCH (x:Part {tenant_id: 'b'}) SET x.since = true"));

    const auto merge = recovery::make_neo4j_merge(endpoint, "neo4j");
    const auto step = must(merge->plan(world.context()));
    EXPECT_TRUE(step.overwrites_something);
    EXPECT_FALSE(step.rows.empty());
    must(merge->restore(world.context(), {}));
    EXPECT_THAT(must(merge->probe(world.context())), Contains(HasSubstr("of others are as they were")));
    EXPECT_EQ(number("MATCH (:Thing {tenant_id: 'a'})-[r:HAS]->(:Part {tenant_id: 'a'}) RETURN count(r)"),
              20);
    EXPECT_EQ(number("MATCH (x:Part {tenant_id: 'b'}) WHERE x.since RETURN count(x)"), 20);
    must(bolt().run(
        "MATCH (x:Thing {tenant_id: 'a'}), (y:Part {tenant_id: 'b', n: 1}) MERGE (x)-[:SEES]->(y)"));
  }
  const std::string nobody = must(back_up_part(endpoint, base(), live, {{"tenant_id", "z"}}));
  EXPECT_EQ(RestoreWorld(endpoint, base(), nobody).record().status, repository::Status::kAbsent);
}

TEST_F(Neo4jPart, NothingIsPutBackByAnotherSelectionThanTheBackups) {
  must(bolt().run("CREATE (:Project {id: 'p'})<-[:PART_OF]-(:Finding), (:Project {id: 'q'})"));
  auto spec = tenant_spec();
  spec.method = "live";
  spec.graph = {"here", {}, config::GraphSpec::Start{"Project", "id"}, {}};
  const std::string id = must(back_up_part(server_.endpoint(), base(), spec, {{"tenant_id", "p"}}));
  RestoreWorld world(server_.endpoint(), base(), id);
  config::BackupSet set;
  set.name = "tenant";
  spec.graph.through = {"PART_OF"};
  set.components = {spec};
  world.configuration().sets = {set};

  const auto merge = recovery::make_neo4j_merge(server_.endpoint(), "neo4j");
  for (const auto& refused :
       {merge->plan(world.context()).error(), merge->restore(world.context(), {}).error()}) {
    EXPECT_EQ(refused.code(), Code::kRefused);
    EXPECT_THAT(refused.message(), HasSubstr("`through` was not set and is [\"PART_OF\"] now"));
  }
  EXPECT_EQ(number("MATCH (n:Finding) RETURN count(n)"), 1);
}

TEST_F(Neo4jPart, AMaskedRestoreBringsNothingOriginalOntoTheTarget) {
  // Neo4j packs short texts into fewer bits: only long ones stand in its files as they are.
  must(
      bolt().run("CREATE (:User {id: 1, email: 'ada.augusta.king.countess@analytical-engine-society.org', "
                 "shift: 'this text has no rule, and stands in the files of the store as it is'})-[:KNOWS]->"
                 "(:User:Classified {id: 2, email: 'grace@hopper.mil', "
                 "name: 'Rear Admiral Grace Brewster Murray Hopper of the United States Navy'})"));
  must(bolt().run("CREATE CONSTRAINT user_id FOR (n:User) REQUIRE n.id IS UNIQUE"));
  const std::string id = must(back_up(server_.endpoint(), base()));
  must(server_.stop());
  must(server_.wipe());
  masking::Session session;
  session.rules = masking::shipped_rules();
  session.key = masking::test_key();
  RestoreWorld world(server_.endpoint(), base(), id);
  world.context().masking = &session;

  must(world.component().restore(world.context(), {}));
  EXPECT_FALSE(is_present(must(layout_of(server_.endpoint())).store("neo4j"))) << "nobody sees it yet";
  recovery::TargetDoors doors(base(), {.environment = "dev", .restore = {}, .reason = {}, .stores = {}}, {});
  must(world.component().reveal(world.context(), doors));

  EXPECT_THAT(must(world.component().compare(world.context())), IsEmpty());
  EXPECT_EQ(
      number(
          "MATCH (a:User)-[:KNOWS]->(b:User) WHERE a.email STARTS WITH 'dev_' AND b.email STARTS WITH 'dev_' "
          "RETURN count(*)"),
      1);
  EXPECT_EQ(number("MATCH (n:DevData:User) RETURN count(n)"), 1);
  EXPECT_EQ(number("SHOW CONSTRAINTS YIELD name RETURN count(*)"), 1);
  must(server_.stop());
  const fs::path data = must(layout_of(server_.endpoint())).data;
  for (const char* original : {"ada.augusta.king", "analytical-engine", "Admiral Grace", "Murray Hopper"})
    EXPECT_FALSE(is_written_below(data, original)) << original;
  EXPECT_TRUE(is_written_below(data, "stands in the files of the store as it is"))
      << "what is there is found";
}

TEST_F(Neo4jPart, AMaskedRestoreStopsBeforeTheTargetWhereNoRuleCoversWhatLooksPrivate) {
  must(bolt().run("CREATE (:Ship {log: 'write to captain@north-sea.no'})"));
  const std::string id = must(back_up(server_.endpoint(), base()));
  must(bolt().run("CREATE (:OfTheTarget)"));
  masking::Session session;
  session.rules = masking::shipped_rules();
  session.key = masking::test_key();
  RestoreWorld world(server_.endpoint(), base(), id);
  world.context().masking = &session;
  const auto refused = world.component().restore(world.context(), {});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), Code::kRefused) << refused.error().to_string();
  EXPECT_EQ(number("MATCH (n:OfTheTarget) RETURN count(n)"), 1);
}

}  // namespace
}  // namespace summit::neo4j
