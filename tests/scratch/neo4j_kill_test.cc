// kill -9 in the middle of a backup and of a restore of Neo4j.

#include <gmock/gmock.h>

#include <csignal>
#include <fstream>

#include "core/process.h"
#include "core/wait.h"
#include "stores/neo4j/server.h"
#include "stores/neo4j/store_swap.h"
#include "tests/scratch/backup_world.h"

namespace summit::neo4j {
namespace {

using std::chrono::milliseconds;

// Processes whose environment or arguments name `path`.
std::vector<std::string> processes_about(const fs::path& path) {
  std::vector<std::string> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc", error)) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos || name == std::to_string(::getpid()))
      continue;
    std::string text;
    for (const char* file : {"cmdline", "environ"}) {
      std::ifstream stream(entry.path() / file);
      text.append(std::istreambuf_iterator<char>(stream), {});
    }
    if (text.find(path.native()) != std::string::npos) found.push_back(text.substr(0, 200));
  }
  return found;
}

void expect_no_process_about(const fs::path& path) {
  // The guard that ends orphans needs a moment to see that its process is gone.
  const auto gone = wait_until([&]() -> Result<bool> { return processes_about(path).empty(); },
                               "orphans to end", std::chrono::seconds(20), milliseconds(100), {});
  EXPECT_TRUE(gone.ok()) << testing::PrintToString(processes_about(path));
}

// Runs a step in its own process and kills that, and only that, after `delay`. False when it had ended.
bool kill_step(std::vector<std::string> words, milliseconds delay) {
  words.insert(words.begin(), fs::path(SUMMIT_BIN_DIR) / "scratch-test-neo4j-step");
  Command command;
  command.argv = std::move(words);
  Process::Options streams;
  streams.output = Process::Stream::kInherit;
  auto process = must(Process::start(command, streams));
  must(pause_for(delay, {}));
  const bool ran = process.running();
  ::kill(process.pid(), SIGKILL);
  must(process.wait());
  return ran;
}

class Killed : public ServerTest {
 protected:
  void SetUp() override {
    base_.emplace(must(TemporaryDirectory::create(fs::temp_directory_path(), "neo4j-killed-")));
  }
  const fs::path& base() const { return base_->path(); }

  std::optional<TemporaryDirectory> base_;
};

TEST_F(Killed, ABackupLeavesNoServerAndNoBackup) {
  fill_with_accounts(bolt());
  for (const auto delay : {milliseconds(700), milliseconds(3000), milliseconds(6000)}) {
    const bool killed = kill_step({"backup", server_.root(), base()}, delay);
    expect_no_process_about(base());
    // On a quick machine the last one is whole by then.
    if (!killed) break;
    repository::PlainRepository repository(base());
    EXPECT_THAT(must(repository.list()), testing::IsEmpty());
    must(repository.remove_leftovers());
    EXPECT_TRUE(fs::is_empty(base()));
  }
  expect_invariants(bolt());
  must(back_up(server_.endpoint(), base()));
}

TEST_F(Killed, ARestoreLeavesTheOldDataOrTheNewAndTheNextOneSucceeds) {
  const std::string id = fill_with_backed_up_accounts(server_.endpoint(), base());
  must(bolt().run("CREATE (:OfTheTarget)"));
  const auto layout = must(layout_of(server_.endpoint()));
  for (const auto delay : {milliseconds(500), milliseconds(2500), milliseconds(4500), milliseconds(7000)}) {
    kill_step({"restore", server_.root(), base(), id}, delay);
    expect_no_process_about(layout.data / "summit-dr-staging");
    // What an operator does: nothing, while the server runs; else the next restore begins with this.
    if (!server_.running()) must(roll_back_interrupted(layout));
    // A restore that was killed while the server stopped leaves it stopping: it then runs, and ends a moment
    // later.
    if (!server_.start().ok()) {
      must(roll_back_interrupted(layout));
      must(server_.start());
    }
    const auto old = must(bolt().scalar("MATCH (n:OfTheTarget) RETURN count(n)")).integer_or(-1);
    EXPECT_THAT(old, testing::AnyOf(0, 1));
    expect_invariants(bolt());
    if (old == 0) must(bolt().run("CREATE (:OfTheTarget)"));
  }

  RestoreWorld world(server_.endpoint(), base(), id);
  must(world.component().restore(world.context(), {}));

  EXPECT_EQ(must(bolt().scalar("MATCH (n:OfTheTarget) RETURN count(n)")).integer_or(-1), 0);
  EXPECT_THAT(must(world.component().compare(world.context())), testing::IsEmpty());
  for (const auto& directory : {layout.data, layout.databases(), layout.transactions}) {
    for (const auto& entry : fs::directory_iterator(directory)) {
      EXPECT_THAT(entry.path().filename().native(),
                  testing::Not(testing::ContainsRegex("summit-dr|replaced")));
    }
  }
}

}  // namespace
}  // namespace summit::neo4j
