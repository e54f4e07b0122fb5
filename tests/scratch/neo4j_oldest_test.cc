// The oldest release of Neo4j that is supported as a server, through the components of backup and restore.

#include <gmock/gmock.h>

#include "recovery/neo4j_merge.h"
#include "stores/neo4j/fingerprint.h"
#include "stores/neo4j/release.h"
#include "stores/neo4j/server.h"
#include "tests/scratch/backup_world.h"

namespace summit::neo4j {
namespace {

using testing::IsEmpty;

class OldestNeo4j : public testing::Test {
 protected:
  // One for all cases: it has no recorded classes, so a start takes its time.
  static platform::Neo4jServer& server() {
    static const auto kept = [] {
      platform::Neo4jOptions options;
      options.release = platform::kOldestNeo4j;
      return must(platform::Neo4jServer::create(options));
    }();
    return *kept;
  }

  BoltConnection& bolt() { return bolt_.emplace(must(BoltConnection::open(server().endpoint()))); }
  int64_t number(std::string_view cypher) { return must(bolt().scalar(cypher)).integer_or(-1); }
  std::vector<Fingerprint> fingerprints_of(const config::Neo4jEndpoint& endpoint) {
    SilentReporter reporter;
    return must(fingerprint_graph(endpoint, "neo4j", base_.path(), reporter, {}));
  }

  TemporaryDirectory base_ = must(TemporaryDirectory::create(fs::temp_directory_path(), "neo4j-oldest-"));

 private:
  std::optional<BoltConnection> bolt_;
};

TEST_F(OldestNeo4j, IsCopiedHotAndComesBackEqualAndItsFingerprintsAreThoseOfTheNewest) {
  ASSERT_FALSE(Release::of(server_version(bolt())).knows_property_types()) << server_version(bolt());
  auto& newest = empty_server();
  ASSERT_TRUE(
      Release::of(server_version(must(BoltConnection::open(newest.endpoint())))).knows_property_types());
  for (const auto& endpoint : {server().endpoint(), newest.endpoint()}) {
    auto connection = must(BoltConnection::open(endpoint));
    fill_with_every_type(connection);
    fill_with_accounts(connection);
  }
  const auto before = fingerprints_of(server().endpoint());
  EXPECT_EQ(before, fingerprints_of(newest.endpoint()));

  const std::string id = must(back_up(server().endpoint(), base_.path(), sealing_key("a passphrase")));
  must(bolt().run("MATCH (n) DETACH DELETE n"));
  must(bolt().run("DROP CONSTRAINT account_id"));
  RestoreWorld world(server().endpoint(), base_.path(), id, sealing_key("a passphrase"));
  EXPECT_EQ(world.record().details.at("method"), "hot copy");
  EXPECT_THAT(must(world.component().plan(world.context())).notes, IsEmpty());
  must(world.component().restore(world.context(), {}));
  EXPECT_THAT(must(world.component().compare(world.context())), IsEmpty());
  must(world.component().probe(world.context()));
  EXPECT_EQ(fingerprints_of(server().endpoint()), before);
}

TEST_F(OldestNeo4j, ATenantIsReadLiveAndPutBack) {
  must(bolt().run("MATCH (n) DETACH DELETE n"));
  must(bolt().run("CREATE CONSTRAINT thing_id IF NOT EXISTS FOR (n:Thing) REQUIRE n.id IS UNIQUE"));
  must(
      bolt().run("UNWIND ['a', 'b'] AS t UNWIND range(1, 20) AS i "
                 "CREATE (:Thing {id: t + i, tenant_id: t, n: i})-[:HAS]->(:Part {tenant_id: t, n: i})"));
  config::ComponentSpec spec;
  spec.name = spec.kind = "neo4j";
  spec.filter = "tenant";
  spec.method = "live";
  spec.graph = {"here", "tenant_id", {}, {}};
  const std::string id = must(back_up_part(server().endpoint(), base_.path(), spec, {{"tenant_id", "a"}}));
  must(bolt().run("MATCH (x {tenant_id: 'a'}) WHERE x.n < 5 DETACH DELETE x"));
  must(bolt().run("MATCH (x:Part {tenant_id: 'b'}) SET x.since = true"));

  RestoreWorld world(server().endpoint(), base_.path(), id);
  config::BackupSet set;
  set.name = "tenant";
  set.components = {spec};
  world.configuration().sets = {set};
  const auto merge = recovery::make_neo4j_merge(server().endpoint(), "neo4j");
  must(merge->plan(world.context()));
  must(merge->restore(world.context(), {}));
  must(merge->probe(world.context()));
  EXPECT_EQ(number("MATCH (:Thing {tenant_id: 'a'})-[r:HAS]->(:Part {tenant_id: 'a'}) RETURN count(r)"), 20);
  EXPECT_EQ(number("MATCH (x:Part {tenant_id: 'b'}) WHERE x.since RETURN count(x)"), 20);
}

}  // namespace
}  // namespace summit::neo4j
