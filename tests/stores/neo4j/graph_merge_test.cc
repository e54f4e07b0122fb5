// A tenant's and a project's graph put back beside those of others, against a real server.
#include "stores/neo4j/graph_merge.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "core/task_group.h"
#include "core/wait.h"
#include "tests/stores/neo4j/helper/server_test.h"

namespace summit::neo4j {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

GraphFilter owned_by(const std::string& tenant) {
  GraphFilter filter;
  filter.owner = GraphOwner{tenant, "tenant_id", "Tenant", "id", {}};
  return filter;
}

GraphFilter part_of(const std::string& project) {
  GraphFilter filter;
  filter.owner = GraphOwner{project, {}, "Case", "id", {"PART_OF"}};
  return filter;
}

GraphFilter others_of(GraphFilter filter) {
  filter.all_others = true;
  return filter;
}

class GraphMerge : public ServerTest {
 protected:
  void SetUp() override {
    bolt_.emplace(must(BoltConnection::open(server_.endpoint())));
    directory_.emplace(must(TemporaryDirectory::create(fs::temp_directory_path(), "summit-merge-")));
    run("CREATE CONSTRAINT entity_key FOR (n:Entity) REQUIRE n.key IS UNIQUE");
    run("UNWIND ['a', 'b', 'c'] AS t CREATE (x:Tenant {id: t}) WITH t, x UNWIND range(1, 30) AS i "
        "CREATE (e:Entity {tenant_id: t, key: t + i, name: 'name ' + i})-[:OF {n: i}]->(x), "
        "(:Note {tenant_id: t, text: 'note ' + (i % 3)})-[:ABOUT]->(e)");
    run("MATCH (a:Entity), (b:Entity) WHERE a.tenant_id = 'a' AND b.tenant_id = 'b' AND "
        "substring(a.key, 1) = substring(b.key, 1) CREATE (a)-[:KNOWS]->(b)");
  }

  void run(std::string_view cypher) {
    const auto done = bolt_->run(cypher);
    ASSERT_TRUE(done.ok()) << cypher << ": " << done.error().to_string();
  }
  int64_t number(std::string_view cypher) { return bolt_->scalar(cypher).value_or(Value{}).integer_or(-1); }

  // The fingerprints of a part, and the part as a file.
  std::vector<Fingerprint> state(const GraphFilter& filter, std::string* file = nullptr) {
    if (file != nullptr) file->clear();
    GraphExportOptions options;
    options.filter = filter;
    options.scratch = directory_->path();
    const auto keep = [&](ByteView block) -> Result<void> {
      if (file != nullptr) *file += as_text(block);
      return {};
    };
    auto done = export_graph(*bolt_, options, keep, reporter_, {});
    EXPECT_TRUE(done.ok()) << done.error().to_string();
    return std::move(done).value_or({}).fingerprints;
  }

  GraphMergeOptions options(const GraphFilter& filter) const {
    GraphMergeOptions options;
    options.filter = filter;
    options.scratch = directory_->path();
    options.batch_rows = 7;
    return options;
  }
  static GraphSource source(const std::string& file) {
    return [&file](const std::function<Result<void>(ByteView)>& consume) { return consume(as_bytes(file)); };
  }
  GraphMergeReport merged(const std::string& file, const GraphFilter& filter) {
    auto done = merge_graph(server_.endpoint(), source(file), options(filter), reporter_, {});
    EXPECT_TRUE(done.ok()) << done.error().to_string();
    return std::move(done).value_or({});
  }
  // For the tenant a: the plan says why, and so does the merge.
  void expect_refused(const std::string& file, const std::string& why) {
    const auto foretold =
        preview_merge(server_.endpoint(), source(file), options(owned_by("a")), reporter_, {});
    const auto refused = merge_graph(server_.endpoint(), source(file), options(owned_by("a")), reporter_, {});
    for (const auto* one : {&foretold, &refused}) {
      ASSERT_FALSE(one->ok());
      EXPECT_EQ(one->error().code(), Code::kRefused);
      EXPECT_THAT(one->error().message(), HasSubstr(why));
    }
  }
  GraphMergeReport previewed(const std::string& file, const GraphFilter& filter) {
    auto done = preview_merge(server_.endpoint(), source(file), options(filter), reporter_, {});
    EXPECT_TRUE(done.ok()) << done.error().to_string();
    return std::move(done).value_or({});
  }
  static ElementChanges changes_of(const GraphMergeReport& report, const std::string& name) {
    for (const auto& one : report.changes) {
      if (one.name == name) return one;
    }
    return {};
  }
  void damage() {
    run("MATCH (n:Entity {tenant_id: 'a'}) WHERE n.key IN ['a1', 'a2', 'a3'] DETACH DELETE n");
    run("MATCH (n:Entity {tenant_id: 'a'}) WHERE n.key IN ['a4', 'a5'] SET n.name = 'spoiled', n:Spoiled");
    run("MATCH (:Note {tenant_id: 'a'})-[r:ABOUT]->(:Entity {key: 'a6'}) DELETE r");
    run("CREATE (:Entity {tenant_id: 'a', key: 'intruder'})-[:OF]->(:Tenant {id: 'd'})");
    run("MATCH (n:Entity {key: 'a7'}), (m:Entity {key: 'a8'}) CREATE (n)-[:KNOWS]->(m)");
  }

  std::optional<BoltConnection> bolt_;
  std::optional<TemporaryDirectory> directory_;
  SilentReporter reporter_;
};

TEST_F(GraphMerge, WritesNothingWhenTheTenantIsAsInTheFile) {
  std::string file;
  state(owned_by("a"), &file);
  const auto last = number("MATCH (n) RETURN max(id(n))");
  const auto report = merged(file, owned_by("a"));
  EXPECT_FALSE(report.writes());
  EXPECT_EQ(report.owned_nodes, 61u);
  EXPECT_EQ(changes_of(report, "(:Note)").backed_up, 30u);
  EXPECT_EQ(number("MATCH (n) RETURN max(id(n))"), last);
}

TEST_F(GraphMerge, MakesTheTenantWhatItWasAndTouchesNobodyElse) {
  std::string file;
  const auto before = state(owned_by("a"), &file);
  damage();
  const auto others = state(others_of(owned_by("a")));
  const auto foretold = previewed(file, owned_by("a"));
  EXPECT_NE(state(owned_by("a")), before);

  const auto report = merged(file, owned_by("a"));

  EXPECT_EQ(state(owned_by("a")), before);
  EXPECT_EQ(state(others_of(owned_by("a"))), others);
  EXPECT_TRUE(report.others_compared);
  EXPECT_FALSE(report.others_changed);
  EXPECT_EQ(report.others_before.nodes, 123u);
  const auto entities = changes_of(report, "(:Entity)");
  EXPECT_EQ(entities.created, 3u);
  EXPECT_EQ(entities.changed, 2u);
  EXPECT_EQ(entities.deleted, 1u);
  EXPECT_EQ(changes_of(report, "-[:ABOUT]->").created, 4u);
  EXPECT_EQ(changes_of(report, "-[:KNOWS]->").deleted, 1u);
  EXPECT_THAT(report.severed, ElementsAre(Pair("OF", 1u)));
  for (const auto& one : foretold.changes) {
    const auto done = changes_of(report, one.name);
    EXPECT_EQ(std::tuple(done.created, done.changed, done.deleted),
              std::tuple(one.created, one.changed, one.deleted))
        << one.name;
  }
  EXPECT_EQ(number("MATCH (:Entity {tenant_id: 'a'})-[r:KNOWS]->(:Entity {tenant_id: 'b'}) RETURN count(r)"),
            27)
      << "those of nodes that stayed";
  EXPECT_EQ(
      number("CALL db.propertyKeys() YIELD propertyKey WHERE propertyKey STARTS WITH '_' RETURN count(*)"),
      0);
  EXPECT_EQ(number("SHOW INDEXES YIELD name WHERE name STARTS WITH 'summit' RETURN count(*)"), 0);
  EXPECT_FALSE(merged(file, owned_by("a")).writes()) << "a second time there is nothing to do";
}

TEST_F(GraphMerge, BringsBackAProjectThatIsGoneByItsRelationships) {
  run("UNWIND ['p', 'q'] AS p CREATE (c:Case {id: p}) WITH c UNWIND range(1, 20) AS n "
      "CREATE (:Paper {n: n})-[:PART_OF]->(:Folder {n: n})-[:PART_OF {n: n}]->(c)");
  std::string file;
  const auto before = state(part_of("p"), &file);
  const auto others = state(others_of(part_of("p")));
  run("MATCH (n)-[:PART_OF*0..]->(:Case {id: 'p'}) DETACH DELETE n");
  const auto report = merged(file, part_of("p"));
  EXPECT_EQ(report.owned_nodes, 0u);
  EXPECT_EQ(changes_of(report, "(:Paper)").created, 20u);
  EXPECT_EQ(state(part_of("p")), before);
  EXPECT_EQ(state(others_of(part_of("p"))), others);
}

// A paper of both cases, which changes after the backup, and one of q that joins p after it.
TEST_F(GraphMerge, NeverChangesOrDeletesWhatBelongsToSeveral) {
  run("CREATE CONSTRAINT paper_key FOR (n:Paper) REQUIRE n.key IS UNIQUE");
  run("CREATE (p:Case {id: 'p'}), (q:Case {id: 'q'}), (:Paper {key: 'own', v: 1})-[:PART_OF]->(p), "
      "(both:Paper {key: 'both', v: 1})-[:PART_OF]->(p), (both)-[:PART_OF]->(q), "
      "(joins:Paper {key: 'joins'})-[:PART_OF]->(q), (joins)-[:CITES]->(:Paper {key: 'far'})");
  std::string file;
  state(part_of("p"), &file);
  run("MATCH (p:Case {id: 'p'}), (joins:Paper {key: 'joins'}), (both:Paper {key: 'both'}), "
      "(own:Paper {key: 'own'}) SET both.v = 2, own.v = 2 "
      "CREATE (joins)-[:PART_OF]->(p), (both)-[:CITES]->(own), (joins)-[:CITES]->(both), "
      "(:Paper {key: 'surplus'})-[:PART_OF]->(p)");
  const auto of_q = state(part_of("q"));
  const auto foretold = previewed(file, part_of("p"));
  EXPECT_EQ(foretold.nodes_of_several, 2u);
  EXPECT_EQ(foretold.differing_of_several, 2u);

  const auto report = merged(file, part_of("p"));

  EXPECT_EQ(state(part_of("q")), of_q);
  EXPECT_FALSE(report.others_changed);
  EXPECT_EQ(number("MATCH (:Paper {key: 'joins'})-[r:CITES]->(:Paper {key: 'far'}) RETURN count(r)"), 1);
  EXPECT_EQ(number("MATCH (n:Paper {key: 'own'}) RETURN n.v"), 1) << "the owner's own";
  EXPECT_EQ(number("MATCH (n:Paper {key: 'surplus'}) RETURN count(n)"), 0);
  EXPECT_EQ(number("MATCH (:Paper {key: 'joins'})-[r:PART_OF]->(:Case {id: 'p'}) RETURN count(r)"), 0);
  EXPECT_EQ(number("MATCH (:Paper {key: 'both'})-[r:CITES]->(:Paper {key: 'own'}) RETURN count(r)"), 0);
  const auto papers = changes_of(report, "(:Paper)");
  EXPECT_EQ(std::tuple(papers.created, papers.changed, papers.deleted), std::tuple(0u, 1u, 1u));
  EXPECT_FALSE(merged(file, part_of("p")).writes()) << "a second time there is nothing to do";
}

TEST_F(GraphMerge, InsertsWhatBelongedToSeveralWhereItIsMissing) {
  run("CREATE (p:Case {id: 'p'}), (q:Case {id: 'q'}), (f:Folder {n: 1})-[:PART_OF]->(p), "
      "(f)-[:PART_OF]->(q), "
      "(:Paper {n: 1})-[:PART_OF]->(f)");
  std::string file;
  const auto before = state(part_of("p"), &file);
  run("MATCH (n:Paper) DETACH DELETE n");
  const auto report = merged(file, part_of("p"));
  EXPECT_EQ(changes_of(report, "(:Paper)").created, 1u);
  EXPECT_FALSE(report.others_changed);
  EXPECT_EQ(state(part_of("p")), before);
}

// The start of one case lies in another case: it is that case's, too, but first of all its own.
TEST_F(GraphMerge, AStartNodeBelongsToItsOwnerAlone) {
  run("CREATE (p:Case {id: 'p', v: 1})-[:PART_OF]->(q:Case {id: 'q', v: 1})");
  std::string of_p;
  std::string of_q;
  const auto before = state(part_of("p"), &of_p);
  state(part_of("q"), &of_q);
  run("MATCH (p:Case {id: 'p'}) SET p.v = 2");
  EXPECT_EQ(previewed(of_q, part_of("q")).nodes_of_several, 1u);
  EXPECT_EQ(previewed(of_p, part_of("p")).nodes_of_several, 0u);
  merged(of_p, part_of("p"));
  EXPECT_EQ(state(part_of("p")), before);
}

TEST_F(GraphMerge, MakesIndexesAndConstraintsOnlyWhereNobodyElseIs) {
  std::string file;
  state(owned_by("a"), &file);
  run("DROP CONSTRAINT entity_key");
  merged(file, owned_by("a"));
  EXPECT_EQ(number("SHOW CONSTRAINTS YIELD name RETURN count(*)"), 0);
  run("MATCH (n) DETACH DELETE n");
  merged(file, owned_by("a"));
  EXPECT_EQ(number("SHOW CONSTRAINTS YIELD name RETURN count(*)"), 1);
  EXPECT_EQ(number("MATCH (n) RETURN count(n)"), 61);
}

TEST_F(GraphMerge, AValueThatSomebodyElseHasNowIsForetoldAndNothingIsWritten) {
  std::string file;
  state(owned_by("a"), &file);
  damage();
  run("CREATE (:Entity {tenant_id: 'b', key: 'a1'})");
  const auto damaged = state({});
  expect_refused(file, "1 of the backup's nodes :Entity has a value of key that a node of others has now");
  EXPECT_EQ(state({}), damaged);
  EXPECT_EQ(merge_graph(server_.endpoint(), source(file), options({}), reporter_, {}).error().code(),
            Code::kRefused);
}

TEST_F(GraphMerge, AValueThatANodeOfSeveralHasNowIsForetold) {
  run("CREATE CONSTRAINT one_key FOR (n:Paper) REQUIRE n.key IS UNIQUE");
  run("CREATE CONSTRAINT two_code FOR (n:Paper) REQUIRE n.code IS UNIQUE");
  run("CREATE (p:Case {id: 'p'}), (q:Case {id: 'q'}), (:Paper {key: 1, code: 1})-[:PART_OF]->(p), "
      "(both:Paper {key: 2, code: 2})-[:PART_OF]->(p), (both)-[:PART_OF]->(q)");
  std::string file;
  state(part_of("p"), &file);
  run("MATCH (n:Paper {key: 1}) SET n.code = 3");
  run("MATCH (n:Paper {key: 2}) SET n.code = 1");
  const auto foretold = preview_merge(server_.endpoint(), source(file), options(part_of("p")), reporter_, {});
  ASSERT_FALSE(foretold.ok());
  EXPECT_THAT(foretold.error().message(), HasSubstr("a value of code that a node of others has now"));
}

TEST_F(GraphMerge, NodesOfTheOwnerThatExchangedUniqueValuesGetThemBack) {
  run("CREATE CONSTRAINT one_id FOR (n:Mailbox) REQUIRE n.id IS UNIQUE");
  run("CREATE CONSTRAINT two_mail FOR (n:Mailbox) REQUIRE n.mail IS UNIQUE");
  run("CREATE CONSTRAINT three FOR (n:Named) REQUIRE (n.tenant_id, n.name) IS UNIQUE");
  run("UNWIND range(1, 20) AS i CREATE (:Mailbox {tenant_id: 'a', id: i, mail: 'm' + i}), "
      "(:Mailbox:Named {tenant_id: 'a', id: 100 + i, name: 'n' + i})");
  std::string file;
  const auto before = state(owned_by("a"), &file);
  run("MATCH (n:Mailbox) WHERE n.mail IS NOT NULL SET n.mail = 'x' + n.id");
  run("MATCH (n:Mailbox) WHERE n.mail IS NOT NULL SET n.mail = 'm' + (21 - n.id)");
  run("MATCH (n:Mailbox {id: 3}) DELETE n");
  run("MATCH (n:Named {id: 101}) REMOVE n:Named");
  run("MATCH (n:Named {id: 102}) SET n.name = 'n1', n.mail = 'm18'");
  run("CREATE (:Named {tenant_id: 'a', name: 'n2'})");
  merged(file, owned_by("a"));
  EXPECT_EQ(state(owned_by("a")), before);
}

// A label that one node is to lose and another to get, with the same value.
TEST_F(GraphMerge, ALabelThatWentToAnotherNodeOfTheOwnerComesBack) {
  run("CREATE CONSTRAINT one_id FOR (n:Person) REQUIRE n.id IS UNIQUE");
  run("CREATE CONSTRAINT two_seat FOR (n:Chair) REQUIRE n.seat IS UNIQUE");
  run("CREATE (:Person:Chair {tenant_id: 'a', id: 1, seat: 1}), (:Person {tenant_id: 'a', id: 2, seat: 1})");
  std::string file;
  const auto before = state(owned_by("a"), &file);
  run("MATCH (n:Chair) REMOVE n:Chair");
  run("MATCH (n:Person {id: 2}) SET n:Chair");
  merged(file, owned_by("a"));
  EXPECT_EQ(state(owned_by("a")), before);
}

TEST_F(GraphMerge, RelationshipsOfOthersToNodesThatWouldGoAreForetoldAndKept) {
  run("CREATE (:NoKey {tenant_id: 'b'})-[:USES]->(:NoKey {tenant_id: 'a', name: 'nk'})");
  std::string file;
  state(owned_by("a"), &file);
  run("MATCH (n:NoKey {name: 'nk'}) SET n.name = 'changed'");
  const auto damaged = state({});
  expect_refused(file, "1 relationships of type USES lead from nodes of others");
  EXPECT_EQ(state({}), damaged);
}

TEST_F(GraphMerge, KilledInTheMiddle_NothingIsWrittenAndTheNextOneSucceeds) {
  std::string file;
  const auto before = state(owned_by("a"), &file);
  damage();
  const auto damaged = state({});
  bolt_.reset();
  int pipe[2] = {-1, -1};
  ASSERT_EQ(::pipe(pipe), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    // After the comparison, the look for conflicts and the release of values the fourth reading is the one
    // that writes: there it waits for its end.
    int readings = 0;
    const auto waiting = [&](const std::function<Result<void>(ByteView)>& consume) -> Result<void> {
      if (++readings < 4) return consume(as_bytes(file));
      RETURN_IF_ERROR(consume(as_bytes(std::string_view(file).substr(0, file.size() - 40))));
      const auto written = ::write(pipe[1], "x", 1);
      while (written == 1) static_cast<void>(pause_for(std::chrono::seconds(1), {}).ok());
      return {};
    };
    auto small = options(owned_by("a"));
    small.batch_rows = 1;
    static_cast<void>(merge_graph(server_.endpoint(), waiting, small, reporter_, {}).ok());
    ::_exit(1);
  }
  char told = 0;
  EXPECT_EQ(::read(pipe[0], &told, 1), 1);
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status));
  ::close(pipe[0]);
  ::close(pipe[1]);

  bolt_.emplace(BoltConnection::open(server_.endpoint()).value());
  EXPECT_EQ(state({}), damaged);
  merged(file, owned_by("a"));
  EXPECT_EQ(state(owned_by("a")), before);
}

// Says when something is tried again.
class AgainReporter final : public Reporter {
 public:
  explicit AgainReporter(std::function<void()> again) : again_(std::move(again)) {}
  std::unique_ptr<Phase> phase(std::string_view store, std::string_view what,
                               std::string_view unit) override {
    return silent_.phase(store, what, unit);
  }
  void say(Level, std::string_view text) override {
    if (text.find("again, because") != std::string_view::npos) again_();
  }

 private:
  SilentReporter silent_;
  std::function<void()> again_;
};

TEST_F(GraphMerge, ALockThatSomebodyHoldsIsWaitedForFromTheStart) {
  std::string file;
  const auto before = state(owned_by("a"), &file);
  damage();
  auto other = BoltConnection::open(server_.endpoint()).value();
  ASSERT_TRUE(other.begin().ok());
  ASSERT_TRUE(other.run("MATCH (n:Entity {key: 'a5'}) SET n.name = 'of another'").ok());
  size_t refused = 0;
  AgainReporter reporter([&] {
    if (++refused > 1) return;
    EXPECT_TRUE(other.commit().ok());
  });
  const auto done = merge_graph(server_.endpoint(), source(file), options(owned_by("a")), reporter, {});
  ASSERT_TRUE(done.ok()) << done.error().to_string();
  EXPECT_GE(refused, 1u);
  EXPECT_EQ(state(owned_by("a")), before);
}

TEST_F(GraphMerge, GoesOnWhileOthersWriteAndTheirWritesStay) {
  std::string file;
  const auto before = state(owned_by("a"), &file);
  damage();
  Cancellation enough;
  TaskGroup writers(enough);
  std::atomic<int> written{0};
  writers.spawn([&]() -> Result<void> {
    ASSIGN_OR_RETURN(auto bolt, BoltConnection::open(server_.endpoint()));
    while (!enough.requested()) {
      RETURN_IF_ERROR(bolt.run("MATCH (n:Entity {key: 'b1'}) SET n.seen = coalesce(n.seen, 0) + 1"));
      ++written;
    }
    return {};
  });
  ASSERT_TRUE(wait_until([&]() -> Result<bool> { return written > 5; }, "a writer", std::chrono::seconds(30),
                         std::chrono::milliseconds(10), {})
                  .ok());
  merged(file, owned_by("a"));
  enough.request();
  const auto joined = writers.join();
  EXPECT_TRUE(joined.ok() || joined.error().code() == Code::kCancelled) << joined.error().to_string();
  EXPECT_EQ(state(owned_by("a")), before);
  EXPECT_EQ(number("MATCH (n:Entity {key: 'b1'}) RETURN n.seen"), written.load());
}

}  // namespace
}  // namespace summit::neo4j
