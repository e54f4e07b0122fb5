#include "devtools/platform/neo4j_server.h"
#include "tests/recovery/leak/leak_scan_world.h"

#include "stores/neo4j/bolt_connection.h"

namespace summit::recovery {
namespace {

TEST(Neo4jLeaks, FindsAValueInEveryPartOfAGraph) {
  auto server = platform::Neo4jServer::create();
  ASSERT_TRUE(server.ok()) << server.error().to_string();
  auto bolt = neo4j::BoltConnection::open((*server)->endpoint());
  ASSERT_TRUE(bolt.ok()) << bolt.error().to_string();
  const auto run = [&](const std::string& cypher) {
    const auto done = bolt->run(cypher);
    ASSERT_TRUE(done.ok()) << cypher << ": " << done.error().to_string();
  };
  run("CREATE (:Clean {mail: 'x@example.com', n: 47114711470, f: 1.5, d: date(), b: true})");
  run("CREATE (:Note {text: 'to ADA.lovelace@mail.org, please'})");
  run("CREATE (:List {texts: ['a', 'ada.lovelace@mail.org']})");
  run("CREATE (:Phone {number: 4711471147})");
  run("CREATE (:Json {doc: '{\"m\":\"ada.lovelace\\\\u0040mail.org\"}'})");
  run("CREATE (:Name {`ada.lovelace@mail.org`: 1})");
  run("CREATE (:`ada.lovelace@mail.org`)");
  run("CREATE (:A)-[:KNOWS {since: 'ada.lovelace@mail.org'}]->(:B)");
  run("CREATE (:A)-[:`ada.lovelace@mail.org`]->(:B)");
  run("CREATE ({mail: 'ada.lovelace@mail.org'})");
  run("CREATE (:Pin {pin: 's3cr3t', other: 's3cr3t'})");
  run("CREATE INDEX `ada.lovelace@mail.org` FOR (n:Note) ON (n.text)");

  LeakScanWorld world;
  world.log().add("s3cr3t", "", "neo4j:Pin.pin");
  const auto searched = search_neo4j((*server)->endpoint(), world.scan());
  ASSERT_TRUE(searched.ok()) << searched.error().to_string();
  EXPECT_THAT(world.places(), testing::UnorderedElementsAre(
                                  "neo4j:Note.text", "neo4j:List.texts", "neo4j:Phone.number",
                                  "neo4j:Json.doc", "neo4j: the name of a property", "neo4j: a label",
                                  "neo4j:KNOWS.since", "neo4j: a type of relationships", "neo4j:.mail",
                                  "neo4j:Pin.pin", "neo4j: indexes and constraints"));
  EXPECT_EQ(world.report().searched().at("neo4j").elements, 15U);
}

}  // namespace
}  // namespace summit::recovery
