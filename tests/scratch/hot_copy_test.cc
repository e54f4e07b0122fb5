// The promise of docs/formats/neo4j-hot-copy.md, shown on real servers that are written to.

#include <gmock/gmock.h>

#include <chrono>
#include <functional>

#include "core/files.h"
#include "core/wait.h"
#include "scratch/neo4j_scratch.h"
#include "stores/neo4j/checkpoint.h"
#include "stores/neo4j/hot_copy.h"
#include "stores/neo4j/server.h"
#include "stores/neo4j/store_layout.h"
#include "tests/scratch/neo4j_world.h"

namespace summit::scratch {
namespace {

using namespace neo4j;

// Copies while `writer` writes. `meanwhile` happens between the stores and the cut, and `afterwards` between
// the cut and the end, as other components of a backup make it happen.
HotCopySummary copy_running(const config::Neo4jEndpoint& endpoint, const fs::path& target,
                            const AccountWriter& writer, const std::function<void()>& meanwhile = {},
                            const std::function<void()>& afterwards = {}) {
  SilentReporter reporter;
  auto bolt = must(BoltConnection::open(endpoint));
  auto copy = must(HotCopy::begin(must(layout_of(endpoint)), {"neo4j", "system"}, target));
  must(copy.copy_stores("neo4j", 2, reporter, {}));
  writer.await_more();
  if (meanwhile) meanwhile();
  must(bolt.run("CREATE (:BeforeTheCut)"));
  must(copy.cut());
  must(bolt.run("CREATE (:AfterTheCut)"));
  writer.await_more();
  if (afterwards) afterwards();
  return must(copy.finish("neo4j", reporter, {}));
}

// The scheduler of checkpoints looks every ten seconds.
void await_checkpoint(const config::Neo4jEndpoint& endpoint) {
  const auto logs = must(layout_of(endpoint)).logs("neo4j");
  const auto before = must(read_checkpoint_files(logs));
  const auto is_new = [&]() -> Result<bool> {
    ASSIGN_OR_RETURN(const auto now, read_checkpoint_files(logs));
    return now != before;
  };
  must(wait_until(is_new, "a checkpoint", std::chrono::minutes(1), std::chrono::milliseconds(50), {}));
}

Neo4jScratch start_on(const fs::path& home, const config::Neo4jEndpoint& endpoint) {
  SilentReporter reporter;
  return must(Neo4jScratch::start({.programs = must(find_programs(endpoint)),
                                   .home = home,
                                   .database = "neo4j",
                                   .store = "neo4j",
                                   .image_bytes = size_below(home)},
                                  reporter, {}));
}

void expect_consistent(const fs::path& home, const config::Neo4jEndpoint& endpoint) {
  auto server = start_on(home, endpoint);
  SilentReporter reporter;
  must(await_indexes(server.bolt(), "neo4j", std::chrono::minutes(1), reporter, {}));
  expect_invariants(server.bolt());
  EXPECT_EQ(must(server.bolt().scalar("MATCH (n:BeforeTheCut) RETURN count(n)")).integer_or(-1), 1);
  EXPECT_EQ(must(server.bolt().scalar("MATCH (n:AfterTheCut) RETURN count(n)")).integer_or(-1), 0);
  must(server.shed_transaction_logs());
  must(server.stop({}));
  const PrivateHome private_home{home, StoreLayout::below(home / "data")};
  for (const auto& [number, log] :
       must(list_numbered(private_home.layout.logs("neo4j"), "neostore.transaction.db."))) {
    EXPECT_LT(fs::file_size(log), 256 * KiB) << log << " would swell the dump";
  }
  Command check;
  check.argv = {must(find_programs(endpoint)).admin, "database", "check", "neo4j"};
  check.env["NEO4J_CONF"] = private_home.configuration();
  check.directory = home;
  auto checked = run(check);
  EXPECT_TRUE(checked.ok()) << checked.error().to_string();
}

TEST(HotCopy, RecoversAConsistentGraphWhileItIsWrittenTo) {
  const auto server = start_server({{"db.tx_log.preallocate", "true"}});
  auto bolt = must(BoltConnection::open(server->endpoint()));
  fill_with_accounts(bolt);
  const auto directory = must(TemporaryDirectory::create(fs::temp_directory_path(), "hot-copy-"));
  AccountWriter writer(server->endpoint());
  writer.await_more();
  const auto before = writer.transactions();

  const auto copied = copy_running(server->endpoint(), directory.path(), writer);

  EXPECT_GT(writer.transactions(), before);
  writer.stop();
  EXPECT_TRUE(copied.derived_copied);
  // The preallocated quarter of a gigabyte is not shipped.
  EXPECT_LT(copied.log_bytes, 64 * MiB);
  expect_consistent(directory.path(), server->endpoint());
  expect_invariants(bolt);
}

TEST(HotCopy, RecoversWhenCheckpointsHappenDuringTheCopy) {
  const auto server = start_server({{"db.checkpoint.interval.time", "1s"},
                                    {"db.checkpoint.interval.tx", "20"},
                                    {"db.tx_log.rotation.size", "256k"},
                                    {"db.tx_log.rotation.retention_policy", "2 days"}});
  const auto endpoint = server->endpoint();
  auto bolt = must(BoltConnection::open(endpoint));
  fill_with_accounts(bolt);
  const auto checkpoint = [&] { await_checkpoint(endpoint); };

  for (const bool before_the_cut : {true, false}) {
    const auto directory = must(TemporaryDirectory::create(fs::temp_directory_path(), "hot-copy-"));
    AccountWriter writer(endpoint);
    writer.await_more();
    const auto copied = before_the_cut ? copy_running(endpoint, directory.path(), writer, checkpoint)
                                       : copy_running(endpoint, directory.path(), writer, {}, checkpoint);
    writer.stop();
    EXPECT_TRUE(copied.checkpoint_passed);
    expect_consistent(directory.path(), endpoint);
    must(bolt.run("MATCH (n) WHERE n:BeforeTheCut OR n:AfterTheCut DELETE n"));
  }
}

TEST(HotCopy, RecoversWithoutTheDerivedFiles) {
  const auto& server = empty_server();
  auto bolt = must(BoltConnection::open(server.endpoint()));
  fill_with_accounts(bolt);
  const auto directory = must(TemporaryDirectory::create(fs::temp_directory_path(), "hot-copy-"));
  AccountWriter writer(server.endpoint());
  writer.await_more();

  copy_running(server.endpoint(), directory.path(), writer);
  writer.stop();
  const fs::path store = StoreLayout::below(directory.path() / "data").store("neo4j");
  for (const auto& file : must(list_files(store, FileKind::kDerived)))
    must(remove_recursively(store / file.path));

  expect_consistent(directory.path(), server.endpoint());
}

TEST(HotCopy, CopiesTheFilesOfAStoppedServerToo) {
  auto& server = empty_server();
  auto bolt = must(BoltConnection::open(server.endpoint()));
  fill_with_accounts(bolt);
  must(server.stop());
  const auto directory = must(TemporaryDirectory::create(fs::temp_directory_path(), "cold-copy-"));
  SilentReporter reporter;

  auto copy = must(HotCopy::begin(must(layout_of(server.endpoint())), {"neo4j", "system"}, directory.path()));
  must(copy.copy_stores("neo4j", 2, reporter, {}));
  must(copy.cut());
  must(copy.finish("neo4j", reporter, {}));

  auto recovered = start_on(directory.path(), server.endpoint());
  expect_invariants(recovered.bolt());
}

// Whoever may sign in at the source, and whoever does not sign in at all.
void expect_only_its_own_user(const Neo4jScratch& server, const config::Neo4jEndpoint& source) {
  auto nobody = server.endpoint();
  nobody.user.clear();
  nobody.password = Secret();
  auto of_the_source = server.endpoint();
  of_the_source.user = source.user;
  of_the_source.password = source.password;
  auto by_default = server.endpoint();
  by_default.password = Secret("neo4j");
  for (const auto& endpoint : {nobody, of_the_source, by_default}) {
    auto bolt = BoltConnection::open(endpoint);
    EXPECT_FALSE(bolt.ok() && bolt->run("RETURN 1").ok()) << endpoint.user;
  }
  // However often they try.
  EXPECT_TRUE(BoltConnection::open(server.endpoint()).ok());
}

TEST(Neo4jScratch, LetsInNobodyButItsOwnUser) {
  auto& source = empty_server();
  auto bolt = must(BoltConnection::open(source.endpoint()));
  must(bolt.run("CREATE (:BeforeTheCut)"));
  must(source.stop());
  const auto directory = must(TemporaryDirectory::create(fs::temp_directory_path(), "closed-copy-"));
  SilentReporter reporter;
  auto copy = must(HotCopy::begin(must(layout_of(source.endpoint())), {"neo4j", "system"}, directory.path()));
  must(copy.copy_stores("neo4j", 2, reporter, {}));
  must(copy.cut());
  must(copy.finish("neo4j", reporter, {}));
  {
    auto server = start_on(directory.path(), source.endpoint());
    EXPECT_EQ(must(server.bolt().scalar("MATCH (n:BeforeTheCut) RETURN count(n)")).integer_or(-1), 1);
    expect_only_its_own_user(server, source.endpoint());
    must(server.stop({}));
    uint64_t bytes = 0;
    must(server.dump_users(
        [&](ByteView block) {
          bytes += block.size();
          return Result<void>();
        },
        {}));
    EXPECT_GT(bytes, 4 * KiB) << "the source's users";
  }
  // On the same files once more.
  auto again = start_on(directory.path(), source.endpoint());
  expect_only_its_own_user(again, source.endpoint());
}

TEST(Neo4jScratch, WithoutAnImageLetsInNobodyElseEither) {
  const auto& source = server_as_it_is();
  const auto directory = must(TemporaryDirectory::create(fs::temp_directory_path(), "no-image-"));
  const auto server = start_on(directory.path(), source.endpoint());
  expect_only_its_own_user(server, source.endpoint());
  const auto password = server.endpoint().password.reveal();
  ASSERT_GE(password.size(), 32U);
  for (const auto& entry : fs::recursive_directory_iterator(directory.path())) {
    if (!entry.is_regular_file()) continue;
    const auto content = read_file(entry.path());
    EXPECT_FALSE(content.ok() && content->find(password) != std::string::npos) << entry.path();
  }
}

TEST(Neo4jScratch, LeavesNoProcessWhenTheFilesCannotBeRecovered) {
  auto& server = server_as_it_is();
  must(server.stop());
  const auto directory = must(TemporaryDirectory::create(fs::temp_directory_path(), "broken-copy-"));
  SilentReporter reporter;
  auto copy = must(HotCopy::begin(must(layout_of(server.endpoint())), {"neo4j", "system"}, directory.path()));
  must(copy.copy_stores("neo4j", 2, reporter, {}));
  must(copy.cut());
  must(copy.finish("neo4j", reporter, {}));
  must(write_file_durably(copy.layout().store("neo4j") / "neostore", "this is no store"));

  Neo4jScratchOptions options;
  options.programs = must(find_programs(server.endpoint()));
  options.home = directory.path();
  auto started = Neo4jScratch::start(options, reporter, {});

  ASSERT_FALSE(started.ok());
  EXPECT_THAT(started.error().to_string(), testing::HasSubstr("scratch server"))
      << started.error().to_string();
  EXPECT_FALSE(must(is_locked(copy.layout().store_lock())));
}

}  // namespace
}  // namespace summit::scratch
