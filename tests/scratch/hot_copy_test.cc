// The promise of docs/formats/neo4j-hot-copy.md, shown on real servers that are written to.

#include <gmock/gmock.h>

#include <chrono>

#include "core/files.h"
#include "core/wait.h"
#include "scratch/neo4j_scratch.h"
#include "stores/neo4j/hot_copy.h"
#include "stores/neo4j/server.h"
#include "stores/neo4j/store_layout.h"
#include "tests/scratch/neo4j_world.h"

namespace summit::scratch {
namespace {

using namespace neo4j;

struct Copied {
  HotCopySummary summary;
  int64_t orders_before = 0;  // of writes that had ended before the cut
};

// Copies while `slowly` is waited between the stores and the cut, as other components of a backup make it
// happen.
Copied copy_running(const config::Neo4jEndpoint& endpoint, const fs::path& target,
                    std::chrono::milliseconds slowly) {
  SilentReporter reporter;
  auto api = must(HttpApi::create(endpoint));
  auto copy = must(HotCopy::begin(must(layout_of(endpoint)), {"neo4j", "system"}, target));
  must(copy.copy_stores("neo4j", 2, reporter, {}));
  must(pause_for(slowly, {}));
  Copied copied;
  must(api.run("CREATE (:BeforeTheCut)"));
  must(copy.cut());
  must(api.run("CREATE (:AfterTheCut)"));
  must(pause_for(slowly / 2, {}));
  copied.summary = must(copy.finish("neo4j", reporter, {}));
  return copied;
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
  must(await_indexes(server.api(), "neo4j", std::chrono::minutes(1), reporter, {}));
  expect_invariants(server.api());
  EXPECT_EQ(must(server.api().scalar("MATCH (n:BeforeTheCut) RETURN count(n)")).integer_or(-1), 1);
  EXPECT_EQ(must(server.api().scalar("MATCH (n:AfterTheCut) RETURN count(n)")).integer_or(-1), 0);
  must(server.shed_transaction_logs({}));
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
  auto api = must(HttpApi::create(server->endpoint()));
  fill_with_accounts(api);
  const auto directory = must(TemporaryDirectory::create(fs::temp_directory_path(), "hot-copy-"));
  AccountWriter writer(server->endpoint());
  // However busy the machine is: enough has been written before the copy, and more is while it runs.
  const auto warm = [&]() -> Result<bool> { return writer.transactions() > 20; };
  must(wait_until(warm, "the writer to write", std::chrono::seconds(60), std::chrono::milliseconds(50), {}));
  const auto before = writer.transactions();

  const auto copied = copy_running(server->endpoint(), directory.path(), std::chrono::milliseconds(500));

  EXPECT_GT(writer.transactions(), before);
  writer.stop();
  EXPECT_TRUE(copied.summary.derived_copied);
  // The preallocated quarter of a gigabyte is not shipped.
  EXPECT_LT(copied.summary.log_bytes, 64 * MiB);
  expect_consistent(directory.path(), server->endpoint());
  expect_invariants(api);
}

TEST(HotCopy, RecoversWhenCheckpointsHappenDuringTheCopy) {
  const auto server = start_server({{"db.checkpoint.interval.time", "1s"},
                                    {"db.checkpoint.interval.tx", "20"},
                                    {"db.tx_log.rotation.size", "256k"},
                                    {"db.tx_log.rotation.retention_policy", "2 days"}});
  auto api = must(HttpApi::create(server->endpoint()));
  fill_with_accounts(api);
  AccountWriter writer(server->endpoint());
  must(pause_for(std::chrono::seconds(2), {}));

  for (int round = 0; round < 2; ++round) {
    const auto directory = must(TemporaryDirectory::create(fs::temp_directory_path(), "hot-copy-"));
    // The checkpoint scheduler looks every ten seconds.
    const auto copied =
        copy_running(server->endpoint(), directory.path(), std::chrono::seconds(round == 0 ? 12 : 1));
    if (round == 0) {
      EXPECT_TRUE(copied.summary.checkpoint_passed);
    }
    expect_consistent(directory.path(), server->endpoint());
    must(api.run("MATCH (n) WHERE n:BeforeTheCut OR n:AfterTheCut DELETE n"));
  }
  writer.stop();
}

TEST(HotCopy, RecoversWithoutTheDerivedFiles) {
  const auto server = start_server();
  auto api = must(HttpApi::create(server->endpoint()));
  fill_with_accounts(api);
  const auto directory = must(TemporaryDirectory::create(fs::temp_directory_path(), "hot-copy-"));
  AccountWriter writer(server->endpoint());
  must(pause_for(std::chrono::seconds(1), {}));

  copy_running(server->endpoint(), directory.path(), std::chrono::milliseconds(100));
  writer.stop();
  const fs::path store = StoreLayout::below(directory.path() / "data").store("neo4j");
  for (const auto& file : must(list_files(store, FileKind::kDerived)))
    must(remove_recursively(store / file.path));

  expect_consistent(directory.path(), server->endpoint());
}

TEST(HotCopy, CopiesTheFilesOfAStoppedServerToo) {
  const auto server = start_server();
  auto api = must(HttpApi::create(server->endpoint()));
  fill_with_accounts(api);
  must(server->stop());
  const auto directory = must(TemporaryDirectory::create(fs::temp_directory_path(), "cold-copy-"));
  SilentReporter reporter;

  auto copy =
      must(HotCopy::begin(must(layout_of(server->endpoint())), {"neo4j", "system"}, directory.path()));
  must(copy.copy_stores("neo4j", 2, reporter, {}));
  must(copy.cut());
  must(copy.finish("neo4j", reporter, {}));

  auto recovered = start_on(directory.path(), server->endpoint());
  expect_invariants(recovered.api());
}

TEST(Neo4jScratch, LeavesNoProcessWhenTheFilesCannotBeRecovered) {
  const auto server = start_server();
  must(server->stop());
  const auto directory = must(TemporaryDirectory::create(fs::temp_directory_path(), "broken-copy-"));
  SilentReporter reporter;
  auto copy =
      must(HotCopy::begin(must(layout_of(server->endpoint())), {"neo4j", "system"}, directory.path()));
  must(copy.copy_stores("neo4j", 2, reporter, {}));
  must(copy.cut());
  must(copy.finish("neo4j", reporter, {}));
  must(write_file_durably(copy.layout().store("neo4j") / "neostore", "this is no store"));

  Neo4jScratchOptions options;
  options.programs = must(find_programs(server->endpoint()));
  options.home = directory.path();
  auto started = Neo4jScratch::start(options, reporter, {});

  ASSERT_FALSE(started.ok());
  EXPECT_THAT(started.error().to_string(), testing::HasSubstr("scratch server"))
      << started.error().to_string();
  EXPECT_FALSE(must(is_locked(copy.layout().store_lock())));
}

}  // namespace
}  // namespace summit::scratch
