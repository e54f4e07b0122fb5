// Backup and restore of a Neo4j server through their components, on real servers.

#include <gmock/gmock.h>

#include "core/process.h"
#include "core/wait.h"
#include "repository/copy_backup.h"
#include "repository/packed/packed_repository.h"
#include "storage/local_store.h"
#include "stores/neo4j/admin.h"
#include "stores/neo4j/marker.h"
#include "stores/neo4j/server.h"
#include "tests/scratch/backup_world.h"

namespace summit::neo4j {
namespace {

using testing::HasSubstr;

config::EnvironmentMarker marker_of(const std::string& environment) {
  return {environment, "dev", "2026-11-21T03:10:48Z", "0123456789abcdef0123456789abcdef"};
}

// Names of the entries of a directory that a backup or restore might have left.
std::vector<std::string> leftovers(const StoreLayout& layout) {
  std::vector<std::string> names;
  for (const auto& directory : {layout.data, layout.databases(), layout.transactions}) {
    for (const auto& entry : fs::directory_iterator(directory)) {
      const std::string name = entry.path().filename();
      if (name.find("summit-dr") != std::string::npos || name.find("replaced") != std::string::npos)
        names.push_back(name);
    }
  }
  return names;
}

const Fingerprint* find(const std::vector<Fingerprint>& all, std::string_view kind, std::string_view name) {
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const auto& one) { return one.kind == kind && one.name == name; });
  return found == all.end() ? nullptr : &*found;
}

class Neo4jBackup : public ServerTest {
 protected:
  void SetUp() override {
    base_.emplace(must(TemporaryDirectory::create(fs::temp_directory_path(), "neo4j-backups-")));
  }

  const fs::path& base() const { return base_->path(); }
  StoreLayout layout() const { return must(layout_of(server_.endpoint())); }

  // `neo4j-admin database load` takes the dump in this directory.
  void expect_stock_load(const fs::path& directory) const {
    const auto home = must(TemporaryDirectory::create(fs::temp_directory_path(), "neo4j-stock-"));
    const PrivateHome private_home{home.path(), StoreLayout::below(home.path() / "data")};
    must(private_home.create({}));
    Command load;
    load.argv = {must(find_programs(server_.endpoint())).admin,
                 "database",
                 "load",
                 "neo4j",
                 "--from-path=" + directory.native(),
                 "--overwrite-destination=true"};
    load.env["NEO4J_CONF"] = private_home.configuration();
    must(run(load));
    EXPECT_GT(stored_bytes(private_home.layout.store("neo4j")), 0u);
  }

  std::optional<TemporaryDirectory> base_;
};

TEST_F(Neo4jBackup, RestoresEveryPropertyTypeAndTheSchemaWithEqualFingerprints) {
  fill_with_every_type(bolt());
  fill_with_accounts(bolt());
  must(write_marker(bolt(), marker_of("before")));
  const auto counts = must(count_elements(bolt()));
  const std::string id = must(back_up(server_.endpoint(), base()));
  must(bolt().run("MATCH (n) DETACH DELETE n"));
  must(bolt().run("DROP INDEX item_order"));
  must(bolt().run("CREATE (:OnlyInTheTarget {text: 'must be gone'})"));

  RestoreWorld world(server_.endpoint(), base(), id);
  const auto plan = must(world.component().plan(world.context()));
  EXPECT_TRUE(plan.overwrites_something);
  EXPECT_GT(plan.bytes, 0u);
  must(world.component().restore(world.context(), marker_of("after")));

  for (const auto& difference : must(world.component().compare(world.context()))) {
    ADD_FAILURE() << difference.what << ": expected " << difference.expected << ", found "
                  << difference.found;
  }
  EXPECT_THAT(must(world.component().probe(world.context())), testing::Contains(HasSubstr("indexes online")));
  const auto restored = must(count_elements(bolt()));
  EXPECT_EQ(restored.nodes, counts.nodes);
  EXPECT_EQ(restored.relationships, counts.relationships);
  EXPECT_EQ(must(read_marker(bolt())), marker_of("after"));
  EXPECT_THAT(leftovers(layout()), testing::IsEmpty());

  const auto& fingerprints = world.record().fingerprints;
  ASSERT_NE(find(fingerprints, "graph", "nodes"), nullptr);
  EXPECT_EQ(find(fingerprints, "graph", "nodes")->count, counts.nodes);
  EXPECT_EQ(find(fingerprints, "label", "Every")->count, 2u);
  EXPECT_EQ(find(fingerprints, "label", "")->count, 2u);
  EXPECT_EQ(find(fingerprints, "label", "SummitDrEnvironment"), nullptr);
  EXPECT_EQ(find(fingerprints, "relationship_type", "LINKS")->count, 3u);
  EXPECT_NE(find(fingerprints, "index", "item_order"), nullptr);
  EXPECT_NE(find(fingerprints, "constraint", "account_id"), nullptr);
  EXPECT_FALSE(world.record().server_version.empty());

  // One changed property among all must not go unseen.
  must(bolt().run("MATCH (n:Every) WHERE n.text IS NOT NULL SET n.real = 0.2"));
  const auto differences = must(world.component().compare(world.context()));
  const auto names = [&] {
    std::vector<std::string> all;
    for (const auto& difference : differences) all.push_back(difference.what);
    return all;
  }();
  EXPECT_THAT(names, testing::Contains("label Every"));
  EXPECT_THAT(names, testing::Contains("relationship_type LINKS"));
  EXPECT_THAT(names, testing::Not(testing::Contains("label Account")));
}

TEST_F(Neo4jBackup, HoldsTheCommitsBeforeTheCutWhileAWriterRuns) {
  fill_with_accounts(bolt());
  AccountWriter writer(server_.endpoint());
  writer.await_more();
  const std::string id =
      must(back_up(server_.endpoint(), base(), {}, [&] { must(bolt().run("CREATE (:BeforeTheCut)")); }));
  writer.stop();
  must(bolt().run("MATCH (n) DETACH DELETE n"));

  RestoreWorld world(server_.endpoint(), base(), id);
  must(world.component().restore(world.context(), {}));

  expect_invariants(bolt());
  EXPECT_EQ(must(bolt().scalar("MATCH (n:BeforeTheCut) RETURN count(n)")).integer_or(-1), 1);
  EXPECT_THAT(must(world.component().compare(world.context())), testing::IsEmpty());
}

TEST_F(Neo4jBackup, ItsDumpIsLoadedByTheStockTool) {
  const std::string id = fill_with_backed_up_accounts(server_.endpoint(), base());
  expect_stock_load(base() / id);
  EXPECT_THAT(must(read_file(base() / id / "neo4j.dump", 64 * MiB)).size(), testing::Gt(1000u));
}

TEST_F(Neo4jBackup, PackedDumpsShareTheirBytesAndAreLoadedByTheStockTool) {
  // Texts that do not shrink: what is stored twice shows.
  must(bolt().run(
      "UNWIND range(1, 20000) AS i CREATE (:Document {id: i, text: randomUUID() + randomUUID()})"));
  auto store = must(storage::LocalStore::open(base() / "packed", storage::LocalStore::IfMissing::kCreate));
  const repository::packed::NewSlot slot{
      .secret = repository::packed::SlotSecret{.kind = repository::packed::SlotKind::kPassphrase,
                                               .secret = Secret("correct horse"),
                                               .source = "the test"},
      .label = "test",
      .cost = {.passes = 1, .memory_kib = 64, .lanes = 1}};
  repository::packed::PackedOptions options;
  options.cache = base() / "cache";
  options.scratch = base() / "scratch";
  const auto packed =
      must(repository::packed::PackedRepository::create(std::move(store), slot, nullptr, options));
  const auto stored = [&] { return size_below(base() / "packed/repository/packs"); };

  must(back_up(server_.endpoint(), *packed));
  const auto first = stored();
  must(bolt().run("MATCH (d:Document) WHERE d.id < 5 SET d.text = 'changed'"));
  const std::string id = must(back_up(server_.endpoint(), *packed));
  EXPECT_LT(stored() - first, first / 2);

  SilentReporter reporter;
  repository::PlainRepository exported(base() / "exported");
  must(repository::copy_backup(*must(packed->open(id)), exported, reporter));
  expect_stock_load(exported.base() / id);
}

TEST_F(Neo4jBackup, BringsUsersBackOntoAnEmptyTargetOnlyWithTheKey) {
  must(bolt().run("CREATE (:Kept {n: 1})"));
  must(must(BoltConnection::open(server_.endpoint(), {}, {.database = "system"}))
           .run("CREATE USER second SET PASSWORD 'second-password' CHANGE NOT REQUIRED"));
  const std::string sealed = must(back_up(server_.endpoint(), base(), sealing_key("a long passphrase")));
  const std::string plain = must(back_up(server_.endpoint(), base()));
  EXPECT_TRUE(is_present(base() / sealed / "neo4j-system.dump.enc"));
  EXPECT_FALSE(is_present(base() / plain / "neo4j-system.dump.enc"));
  auto second = server_.endpoint();
  second.user = "second";
  second.password = Secret("second-password");

  must(server_.stop());
  must(server_.wipe());
  RestoreWorld with_key(server_.endpoint(), base(), sealed, sealing_key("a long passphrase"));
  EXPECT_THAT(must(with_key.component().plan(with_key.context())).overwrites, HasSubstr("nothing"));
  must(with_key.component().restore(with_key.context(), {}));
  EXPECT_EQ(must(scalar(second, "MATCH (n:Kept) RETURN n.n")), "1");

  must(server_.stop());
  must(server_.wipe());
  RestoreWorld without_key(server_.endpoint(), base(), plain);
  must(without_key.component().restore(without_key.context(), {}));
  EXPECT_EQ(must(scalar(server_.endpoint(), "MATCH (n:Kept) RETURN n.n")), "1");
  const auto refused = scalar(second, "RETURN 1");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), Code::kDenied);
}

TEST_F(Neo4jBackup, SaysWhatIsWrongAndLeavesNothingBehind) {
  must(bolt().run("CREATE (:Kept)"));
  const auto expect_failure = [&](const config::Neo4jEndpoint& endpoint, Code code, std::string_view words) {
    const auto failed = back_up(endpoint, base());
    ASSERT_FALSE(failed.ok());
    EXPECT_EQ(failed.error().code(), code) << failed.error().to_string();
    EXPECT_THAT(failed.error().to_string(), HasSubstr(std::string(words)));
    EXPECT_FALSE(failed.error().hint().empty()) << failed.error().to_string();
    EXPECT_TRUE(fs::is_empty(base())) << "a failed backup left something in " << base();
  };
  auto wrong_password = server_.endpoint();
  wrong_password.password = Secret("wrong");
  expect_failure(wrong_password, Code::kDenied, "Unauthorized");

  auto no_tool = server_.endpoint();
  no_tool.bin_directory = base() / "not-there";
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", "/nowhere", 1);
  expect_failure(no_tool, Code::kMissingTool, "neo4j");
  ::setenv("PATH", path.c_str(), 1);

  auto wrong_home = server_.endpoint();
  const auto elsewhere = must(TemporaryDirectory::create(fs::temp_directory_path(), "neo4j-elsewhere-"));
  wrong_home.home = elsewhere.path();
  wrong_home.data_directory.clear();
  expect_failure(wrong_home, Code::kConfig, "are not those of neo4j");

  auto container = server_.endpoint();
  container.access.kind = config::Access::Kind::kDocker;
  container.access.container = "neo4j";
  expect_failure(container, Code::kUnsupported, "container neo4j");

  auto nobody = server_.endpoint();
  nobody.bolt_uri = "bolt://127.0.0.1:1";
  expect_failure(nobody, Code::kUnreachable, "a server has the files open");
}

TEST_F(Neo4jBackup, OfAStoppedServerCopiesItsFilesAsTheyAre) {
  fill_with_accounts(bolt());
  must(server_.stop());
  const std::string id = must(back_up(server_.endpoint(), base()));
  EXPECT_FALSE(server_.running());
  must(server_.start());
  RestoreWorld world(server_.endpoint(), base(), id);
  EXPECT_THAT(world.record().notes, testing::Contains(HasSubstr("stopped")));
  EXPECT_THAT(must(world.component().compare(world.context())), testing::IsEmpty());
}

TEST_F(Neo4jBackup, ADamagedDumpLeavesTheTargetAsItWas) {
  const std::string id = fill_with_backed_up_accounts(server_.endpoint(), base());
  must(bolt().run("CREATE (:OfTheTarget)"));
  const fs::path dump = base() / id / "neo4j.dump";
  std::string bytes = must(read_file(dump, 64 * MiB));

  for (const size_t position : {size_t{0}, bytes.size() / 2, bytes.size() - 1}) {
    std::string damaged = bytes;
    damaged[position] = static_cast<char>(damaged[position] ^ 0x40);
    must(write_file_durably(dump, damaged));
    RestoreWorld world(server_.endpoint(), base(), id);
    const auto restored = world.component().restore(world.context(), {});
    ASSERT_FALSE(restored.ok()) << "with byte " << position << " changed";
    EXPECT_EQ(must(bolt().scalar("MATCH (n:OfTheTarget) RETURN count(n)")).integer_or(-1), 1);
    EXPECT_THAT(leftovers(layout()), testing::IsEmpty());
  }
  expect_invariants(bolt());
}

TEST_F(Neo4jBackup, AnAddressWhereNobodySpeaksBoltIsRefusedBeforeTheServerStops) {
  const std::string id = fill_with_backed_up_accounts(server_.endpoint(), base());
  auto wrong_port = server_.endpoint();
  const std::string http = server_.http_uri().value();
  wrong_port.bolt_uri = "bolt" + http.substr(http.find(':'));
  RestoreWorld world(wrong_port, base(), id);
  const auto restored = world.component().restore(world.context(), {});
  ASSERT_FALSE(restored.ok());
  EXPECT_EQ(restored.error().code(), Code::kUnsupported) << restored.error().to_string();
  EXPECT_TRUE(server_.running());
  EXPECT_THAT(leftovers(layout()), testing::IsEmpty());
}

TEST_F(Neo4jBackup, AServerThatDoesNotStartGetsItsOldDataBack) {
  const std::string id = fill_with_backed_up_accounts(server_.endpoint(), base());
  {
    auto unstoppable = server_.endpoint();
    unstoppable.access.stop_command.clear();
    RestoreWorld world(unstoppable, base(), id);
    EXPECT_EQ(world.component().plan(world.context()).error().code(), Code::kUnsupported);
    EXPECT_EQ(world.component().restore(world.context(), {}).error().code(), Code::kUnsupported);
    EXPECT_TRUE(server_.running());
  }
  must(bolt().run("CREATE (:OfTheTarget)"));
  // The first start of the restore is refused, the second, with the old data, is not.
  auto endpoint = server_.endpoint();
  const fs::path once = base() / "refused-once";
  std::string start = "test -e " + once.native() + " || { touch " + once.native() +
                      "; echo 'no start today' >&2; exit 1; }; exec";
  for (const auto& word : endpoint.access.start_command) start += " '" + word + "'";
  endpoint.access.start_command = {"/bin/sh", "-c", start};

  RestoreWorld world(endpoint, base(), id);
  const auto restored = world.component().restore(world.context(), {});

  ASSERT_FALSE(restored.ok());
  EXPECT_THAT(restored.error().message(), HasSubstr("the old data are back in place"));
  EXPECT_THAT(restored.error().message(), HasSubstr("no start today"));
  EXPECT_EQ(must(bolt().scalar("MATCH (n:OfTheTarget) RETURN count(n)")).integer_or(-1), 1);
  expect_invariants(bolt());
  EXPECT_THAT(leftovers(layout()), testing::IsEmpty());
}

}  // namespace
}  // namespace summit::neo4j
