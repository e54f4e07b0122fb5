// A graph exported over Bolt and imported again, against a real server.
#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "stores/neo4j/canonical.h"
#include "stores/neo4j/fingerprint.h"
#include "stores/neo4j/graph_export.h"
#include "stores/neo4j/graph_file.h"
#include "stores/neo4j/graph_import.h"
#include "stores/neo4j/graph_schema.h"
#include "stores/neo4j/marker.h"
#include "stores/neo4j/range_reader.h"
#include "tests/stores/neo4j/helper/server_test.h"

namespace summit::neo4j {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

std::string hash_of(const std::vector<Fingerprint>& all, std::string_view kind, std::string_view name) {
  for (const auto& one : all) {
    if (one.kind == kind && one.name == name) return one.hash;
  }
  return "none";
}

class GraphCopy : public ServerTest {
 protected:
  void SetUp() override {
    bolt_.emplace(must(BoltConnection::open(server_.endpoint())));
    directory_.emplace(must(TemporaryDirectory::create(fs::temp_directory_path(), "summit-graph-")));
  }
  void run(std::string_view cypher, const Value::Map& parameters = {}) {
    const auto done = bolt_->run(cypher, parameters);
    ASSERT_TRUE(done.ok()) << cypher << ": " << done.error().to_string();
  }
  int64_t number(std::string_view cypher) { return bolt_->scalar(cypher).value_or(Value{}).integer_or(-1); }

  GraphExport export_to(std::string& file, GraphFilter filter = {}) {
    return export_over(std::span(&*bolt_, 1), file, std::move(filter));
  }
  GraphExport export_over(std::span<BoltConnection> connections, std::string& file, GraphFilter filter = {}) {
    file.clear();
    GraphExportOptions options;
    options.filter = std::move(filter);
    options.scratch = directory_->path();
    const auto keep = [&](ByteView block) -> Result<void> {
      file += as_text(block);
      return {};
    };
    auto done = export_graph(connections, options, keep, reporter_, {});
    EXPECT_TRUE(done.ok()) << done.error().to_string();
    return std::move(done).value_or({});
  }
  Result<GraphImport> import_from(const std::string& file, size_t batch_rows = 5000) {
    GraphImportOptions options;
    options.scratch = directory_->path();
    options.batch_rows = batch_rows;
    const auto source = [&](const std::function<Result<void>(ByteView)>& consume) -> Result<void> {
      // Odd blocks: records do not end where they do.
      for (size_t at = 0; at < file.size(); at += 1001)
        RETURN_IF_ERROR(consume(as_bytes(std::string_view(file).substr(at, 1001))));
      return {};
    };
    return import_graph(server_.endpoint(), source, options, reporter_, {});
  }
  std::vector<Fingerprint> fingerprints() {
    auto found = fingerprint_graph(server_.endpoint(), "neo4j", directory_->path(), reporter_, {});
    EXPECT_TRUE(found.ok()) << found.error().to_string();
    return std::move(found).value_or({});
  }
  void fill_with_every_type();
  void fill_with_tenants();

  std::optional<BoltConnection> bolt_;
  std::optional<TemporaryDirectory> directory_;
  SilentReporter reporter_;
};

void GraphCopy::fill_with_every_type() {
  run("CREATE CONSTRAINT user_id FOR (n:User) REQUIRE n.id IS UNIQUE");
  run("CREATE INDEX `odd ``name``` FOR (n:`Odd ``Label`) ON (n.`a b`)");
  run("CREATE TEXT INDEX user_mail FOR (n:User) ON (n.mail)");
  run("CREATE POINT INDEX place FOR (n:Every) ON (n.place)");
  run("CREATE INDEX since FOR ()-[r:LINKS]-() ON (r.since)");
  run("CREATE FULLTEXT INDEX words FOR (n:User|Every) ON EACH [n.mail, n.text] "
      "OPTIONS {indexConfig: {`fulltext.analyzer`: 'english'}}");
  run("CREATE VECTOR INDEX vectors FOR (n:Every) ON n.vector "
      "OPTIONS {indexConfig: {`vector.dimensions`: 3, `vector.similarity_function`: 'cosine'}}");
  run("UNWIND range(1, 300) AS i CREATE (:User {id: i, mail: 'u' + i})");
  run("CREATE (:Every:`Odd ``Label` {p: $p, bytes: $bytes, nan: $nan, infinite: $infinite})",
      {{"bytes", Value{Bytes{std::string("\0\x80\xff", 3)}}},
       {"infinite", Value{-std::numeric_limits<double>::infinity()}},
       {"nan", Value{std::nan("")}},
       {"p", Value{Value::List{}}}});
  run(R"(CREATE (a:Every {minimum: -9223372036854775808, maximum: 9223372036854775807, real: 4.9E-324, zero: -0.0,
      yes: true, empty: '', text: "quote ' \" ` tab \t \\ 😀 שלום", `a b`: 'key', vector: [1.0, 2.0, 3.0],
      date: date('-0044-03-15'), time: time('23:59:59.000000001+05:30'), local: localtime('12:34:56.789'),
      local_time: localdatetime('1969-12-31T23:59:59.999999999'), offset: datetime('2024-07-01T12:00:00.5-03:00'),
      zone: datetime('2024-10-27T02:30:00+01:00[Europe/Berlin]'), duration: duration('P-1Y2M-3DT4H-5M6.7S'),
      flat: point({x: 1.0/3, y: -0.0}), solid: point({x: 1, y: 2, z: 3}), place: point({longitude: 13.4, latitude: 52.5}),
      height: point({longitude: 13.4, latitude: 52.5, height: 34}),
      integers: [1, -2, 3000000000], texts: ['', 'ü'], dates: [date('2020-01-01')], points: [point({x: 1, y: 2})],
      zones: [datetime('2020-01-01T00:00[Europe/Berlin]')]}), (b)
    CREATE (a)-[:LINKS {since: date('2020-01-01'), weight: 0.5}]->(b), (b)-[:LINKS]->(b), (a)-[:LINKS]->(b),
      (a)-[:LINKS]->(b), (b)-[:`TYPE with ``space`]->(a))");
}

TEST_F(GraphCopy, OverSeveralConnectionsTheFileIsTheSameByteForByte) {
  // More than is read ahead, gaps among the ids, and ranges of very different sizes.
  run("UNWIND range(1, 40000) AS i CALL { WITH i CREATE (n:Item {id: i, body: "
      "CASE WHEN i % 16000 < 2000 THEN left(toString(i) + $long, 6000) ELSE 'x' END}) } IN TRANSACTIONS OF "
      "2000 ROWS",
      {{"long", Value{std::string(6000, 'y')}}});
  run("MATCH (n:Item) WHERE n.id > 9000 AND n.id < 29000 AND n.id % 3 > 0 DELETE n");
  run("MATCH (a:Item) WHERE a.id < 6000 MATCH (b:Item {id: a.id * 7 % 6000}) CREATE (a)-[:NEXT {id: "
      "a.id}]->(b)");
  run("MATCH ()-[r:NEXT]->() WHERE r.id % 5 = 0 DELETE r");
  std::string one;
  const auto original = export_to(one);
  EXPECT_GT(one.size(), kReadAhead);
  auto connections = must(BoltConnection::open_several(3, server_.endpoint()));
  std::string several;
  const auto exported = export_over(connections, several);
  EXPECT_EQ(exported.nodes, original.nodes);
  EXPECT_EQ(exported.fingerprints, original.fingerprints);
  EXPECT_TRUE(several == one);

  size_t blocks = 0;
  const auto refuse = [&](ByteView) -> Result<void> {
    if (++blocks < 3) return {};
    return Error(Code::kNoSpace, "the disk is full");
  };
  GraphExportOptions options;
  options.scratch = directory_->path();
  const auto refused = export_graph(connections, options, refuse, reporter_, {});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), Code::kNoSpace);
  EXPECT_EQ(must(connections[1].scalar("RETURN 7")).integer_or(0), 7) << "the connections are of use again";
}

TEST_F(GraphCopy, ManyRelationshipsOfFewNodesAreCreatedOverTwoConnectionsWithoutLoss) {
  run("UNWIND range(0, 99) AS i CREATE (:Hub {id: i})");
  run("UNWIND range(1, 30000) AS i MATCH (a:Hub {id: i * 31 % 100}), (b:Hub {id: i * 17 % 97}) "
      "CREATE (a)-[:TO {id: i}]->(b)");
  std::string file;
  const auto original = export_to(file);
  run("MATCH (n) DETACH DELETE n");
  const auto imported = import_from(file, 500);
  ASSERT_TRUE(imported.ok()) << imported.error().to_string();
  EXPECT_EQ(imported->relationships, 30000u);
  EXPECT_EQ(export_to(file).fingerprints, original.fingerprints);
}

TEST_F(GraphCopy, EveryTypeComesBackEqualWithIndexesAndConstraintsAndNothingElse) {
  ASSERT_NO_FATAL_FAILURE(fill_with_every_type());
  ASSERT_TRUE(write_marker(server_.endpoint(), {"dev", "dev", "2026-11-21T03:10:48Z", "0011"}).ok());
  std::string file;
  const auto original = export_to(file);
  EXPECT_EQ(original.nodes, 303u);
  EXPECT_EQ(original.relationships, 5u);
  EXPECT_TRUE(original.cut.empty());
  // As they stand in backups: no later version may give others.
  EXPECT_EQ(hash_of(original.fingerprints, "graph", "nodes"),
            "dcc92f0b465d09a4b103392230c4f86cd26fa736bd519cc4abbb5bd05c34d76d");
  EXPECT_EQ(hash_of(original.fingerprints, "graph", "relationships"),
            "106632ddf07f75c2d86406c39a780a6d8390378a636a64d7adc423116c10ab48");
  EXPECT_EQ(hash_of(original.fingerprints, "index", "vectors"),
            "b13eb2a53c22e493f305d4b3adfb1c4d08433ef94e81e0f4c7bab08a09ee7ee3");
  EXPECT_EQ(hash_of(original.fingerprints, "constraint", "user_id"),
            "67941dff6d7ef686c972bbcfc8d5d1a0aba7da832d8f75341e90cc33cc9d53ab");
  EXPECT_THAT(file, testing::Not(HasSubstr("SummitDrEnvironment")));

  empty_server();
  run("CREATE (:Spacer)");
  const auto imported = import_from(file, 7);
  ASSERT_TRUE(imported.ok()) << imported.error().to_string();
  EXPECT_EQ(imported->nodes, 303u);
  EXPECT_EQ(imported->relationships, 5u);
  EXPECT_EQ(imported->created.size(), 7u);
  run("MATCH (n:Spacer) DELETE n");
  EXPECT_EQ(fingerprints(), original.fingerprints);
  EXPECT_EQ(
      number("CALL db.propertyKeys() YIELD propertyKey WHERE propertyKey STARTS WITH '_' RETURN count(*)"),
      0);

  std::string again;
  EXPECT_EQ(export_to(again).fingerprints, original.fingerprints);
}

void GraphCopy::fill_with_tenants() {
  run("CREATE CONSTRAINT entity_key FOR (n:Entity) REQUIRE n.key IS UNIQUE");
  run("CREATE INDEX spare_name FOR (n:Spare) ON (n.name)");
  run("UNWIND range(1, 3) AS t UNWIND range(1, 40) AS i "
      "CREATE (:Entity {tenant_id: t, key: t * 1000 + i}), (:Note {tenant_id: toString(t), n: i}), (:Shared "
      "{n: i})");
  run("MATCH (a:Entity), (b:Entity) WHERE a.tenant_id = b.tenant_id AND b.key = a.key + 1 CREATE "
      "(a)-[:NEXT]->(b)");
  run("MATCH (a:Entity), (b:Note) WHERE toString(a.tenant_id) = b.tenant_id AND a.key % 1000 = b.n "
      "CREATE (b)-[:ABOUT {n: b.n}]->(a)");
  run("MATCH (a:Entity {key: 1001}), (b:Entity {key: 2001}) CREATE (a)-[:KNOWS]->(b), (b)-[:KNOWS]->(a), "
      "(a)-[:SELF]->(a)");
  run("MATCH (a:Entity {key: 1002}), (b:Shared {n: 1}) CREATE (a)-[:USES]->(b)");
}

GraphFilter tenant(int64_t id) {
  GraphFilter filter;
  filter.owner = GraphOwner{std::to_string(id), "tenant_id", {}, {}, {}};
  return filter;
}

TEST_F(GraphCopy, ATenantIsTakenWithWhatIsWithinAndTheRestIsCounted) {
  ASSERT_NO_FATAL_FAILURE(fill_with_tenants());
  std::string file;
  const auto exported = export_to(file, tenant(1));
  EXPECT_EQ(exported.nodes, 80u);
  EXPECT_EQ(exported.relationships, 39u + 40u + 1u);
  EXPECT_THAT(exported.cut, ElementsAre(Pair("KNOWS", 2u), Pair("USES", 3u)));
  const auto counted = count_selected(*bolt_, tenant(1));
  ASSERT_TRUE(counted.ok()) << counted.error().to_string();
  EXPECT_EQ(counted->nodes, exported.nodes);
  EXPECT_EQ(counted->relationships, exported.relationships);
  EXPECT_EQ(counted->cut, exported.cut);

  const auto entities = export_to(file, {{"Entity"}, {"NEXT", "ABOUT"}});
  EXPECT_EQ(entities.nodes, 120u);
  EXPECT_EQ(entities.relationships, 117u);
  EXPECT_THAT(entities.cut, ElementsAre(Pair("ABOUT", 120u)));
  EXPECT_THAT(file, HasSubstr("entity_key"));
  EXPECT_THAT(file, testing::Not(HasSubstr("spare_name")));
}

TEST_F(GraphCopy, AProjectIsWhatLeadsToItsStart) {
  run("UNWIND ['p1', 'p2'] AS p CREATE (i:Case {id: p}) WITH i UNWIND range(1, 5) AS n "
      "CREATE (e:Entity {n: n})-[:PART_OF]->(i), (:Note {n: n})-[:PART_OF]->(e), (:Lead {n: "
      "n})-[:LEADS]->(i)");
  run("MATCH (a:Entity)-[:PART_OF]->(:Case {id: 'p1'}), (b:Entity {n: a.n})-[:PART_OF]->(:Case {id: 'p2'}) "
      "CREATE (a)-[:KNOWS]->(b)");
  GraphFilter project;
  project.owner = GraphOwner{"p1", {}, "Case", "id", {"PART_OF"}};
  std::string file;
  const auto exported = export_to(file, project);
  EXPECT_EQ(exported.nodes, 11u);
  EXPECT_EQ(exported.relationships, 10u);
  EXPECT_THAT(exported.cut, ElementsAre(Pair("KNOWS", 5u), Pair("LEADS", 5u)));
  auto others = project;
  others.all_others = true;
  std::string ignored;
  EXPECT_EQ(export_to(ignored, others).nodes, 21u) << "every other node";
}

TEST_F(GraphCopy, ATenantComesBackBesideOthers) {
  ASSERT_NO_FATAL_FAILURE(fill_with_tenants());
  std::string others_before;
  std::string file;
  const auto exported = export_to(file, tenant(1));
  const auto other = export_to(others_before, tenant(2));
  run("MATCH (n:Entity {tenant_id: 1}) SET n.spoiled = true");
  run("CREATE (:Entity {tenant_id: 1, key: 1})");

  const auto deleted = delete_selected(*bolt_, tenant(1));
  ASSERT_TRUE(deleted.ok()) << deleted.error().to_string();
  EXPECT_EQ(*deleted, 81u);
  const auto imported = import_from(file);
  ASSERT_TRUE(imported.ok()) << imported.error().to_string();
  EXPECT_TRUE(imported->created.empty());
  std::string ignored;
  const auto after = export_to(ignored, tenant(1));
  EXPECT_EQ(after.fingerprints, exported.fingerprints);
  EXPECT_TRUE(after.cut.empty()) << "relationships to others are not in the file";
  EXPECT_EQ(export_to(ignored, tenant(2)).fingerprints, other.fingerprints);
  EXPECT_EQ(delete_selected(*bolt_, {{}, {"KNOWS"}}).error().code(), Code::kRefused);
}

TEST_F(GraphCopy, AViolatedConstraintOrAnotherDefinitionIsAnError) {
  ASSERT_NO_FATAL_FAILURE(fill_with_tenants());
  std::string file;
  export_to(file, tenant(1));
  const auto twice = import_from(file);
  EXPECT_THAT(twice.error().message(), HasSubstr("ConstraintValidationFailed"));

  empty_server();
  run("CREATE CONSTRAINT entity_key FOR (n:Entity) REQUIRE n.other IS UNIQUE");
  EXPECT_EQ(import_from(file).error().code(), Code::kAlreadyExists);
  EXPECT_EQ(number("MATCH (n) RETURN count(n)"), 0) << "before anything was written";
}

TEST_F(GraphCopy, APartOfAFileIsNoGraph) {
  run("UNWIND range(1, 100) AS i CREATE (:A {i: i})");
  std::string file;
  export_to(file);
  empty_server();
  EXPECT_EQ(import_from(file.substr(0, file.size() - 1)).error().code(), Code::kCorrupt);
  EXPECT_EQ(import_from("something else").error().code(), Code::kCorrupt);
  EXPECT_EQ(import_from(file + "x").error().code(), Code::kCorrupt);
}

TEST_F(GraphCopy, APasswordOfAnotherOrNoServerIsAnError) {
  auto endpoint = server_.endpoint();
  endpoint.password = Secret("wrong");
  const auto nothing = [](const std::function<Result<void>(ByteView)>&) -> Result<void> { return {}; };
  GraphImportOptions options;
  options.scratch = directory_->path();
  EXPECT_EQ(import_graph(endpoint, nothing, options, reporter_, {}).error().code(), Code::kDenied);
  Cancellation cancellation;
  cancellation.request();
  EXPECT_EQ(import_graph(server_.endpoint(), nothing, options, reporter_, cancellation).error().code(),
            Code::kCancelled);
}

}  // namespace
}  // namespace summit::neo4j
