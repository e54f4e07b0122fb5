// What surrounds the program is not as it should be: credentials, programs, servers, rights, room.
#include <sys/stat.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "devtools/platform/postgres_client.h"
#include "tests/e2e/world.h"

namespace summit::e2e {
namespace {

class Fault : public testing::Test {
 protected:
  World& world_ = World::shared();
  fs::path base_ = world_.new_base(testing::UnitTest::GetInstance()->current_test_info()->name());
  std::string base_option_ = "--backup-base=" + base_.string();

  std::vector<std::string> backup_of(const std::string& stores) const {
    return {base_option_, "backup", "--set=full", "--datastores=" + stores};
  }
  // The same as a program's argument vector, behind words that change how it runs.
  std::vector<std::string> behind(std::vector<std::string> words, const std::string& stores) const {
    words.emplace_back(SUMMIT_BIN_DIR "/summit-dr");
    for (auto& word : backup_of(stores)) words.push_back(std::move(word));
    return words;
  }

  // A refusal says what is wrong and how to mend it, and there is no backup.
  void expect_refused(const Ran& ran, const std::string& what) const {
    EXPECT_EQ(ran.exit_code, 1) << ran;
    EXPECT_NE(ran.err.find(what), std::string::npos) << what << " is not named: " << ran;
    EXPECT_NE(ran.err.find("hint:"), std::string::npos) << ran;
    EXPECT_TRUE(world_.ids(base_).empty());
  }

  void TearDown() override {
    EXPECT_TRUE(World::processes_with(base_.string()).empty()) << "a program was left running";
    if (!fs::exists(base_)) return;
    for (const auto& entry : fs::directory_iterator(base_)) {
      EXPECT_FALSE(entry.path().filename().string().starts_with(".incomplete-")) << entry.path();
    }
    EXPECT_TRUE(!fs::exists(base_ / ".restores/work") || fs::is_empty(base_ / ".restores/work"));
  }

  bool has_table(const std::string& name) const {
    auto client = platform::PostgresClient::connect(world_.platform().postgres().endpoint());
    EXPECT_TRUE(client.ok());
    const auto found = client->value("SELECT (to_regclass('" + name + "') IS NOT NULL)::text");
    return found.ok() && *found == "true";
  }
  void on_postgres(const std::string& statement) const {
    auto client = platform::PostgresClient::connect(world_.platform().postgres().endpoint());
    ASSERT_TRUE(client.ok()) << client.error().to_string();
    const auto done = client->execute(statement);
    EXPECT_TRUE(done.ok()) << done.error().to_string();
  }
};

TEST_F(Fault, WrongPassword_IsSaidForEachStoreAndListsNothing) {
  struct Row {
    const char* store;
    const char* variable;
    const char* said;
  };
  for (const auto& row : {Row{"postgres", "POSTGRES_PASSWORD", "does not accept the password"},
                          Row{"neo4j", "NEO4J_PASSWORD", "Security.Unauthorized"},
                          Row{"redis", "REDIS_PASSWORD", "invalid username-password pair"}}) {
    const auto ran = world_.run(backup_of(row.store), {{row.variable, "wrong"}});
    expect_refused(ran, row.said);
    EXPECT_NE(ran.err.find(row.variable), std::string::npos) << "the hint names no variable: " << ran;
  }
}

TEST_F(Fault, StoppedServer_ABackupOfItNamesItsAddressAndARestoreChangesNothing) {
  const auto backup = world_.small_backup(base_);
  auto& server = world_.platform().postgres();
  ASSERT_TRUE(server.stop().ok());
  const auto backed_up = world_.run(backup_of("postgres"));
  const auto restored =
      world_.run({base_option_, "restore", backup.filename(), "--datastores=postgres,config"});
  ASSERT_TRUE(server.start().ok());
  for (const auto& ran : {backed_up, restored}) {
    EXPECT_EQ(ran.exit_code, 1) << ran;
    EXPECT_NE(ran.err.find(std::to_string(server.port())), std::string::npos) << ran;
    EXPECT_NE(ran.err.find("hint:"), std::string::npos) << ran;
  }
  EXPECT_EQ(world_.ids(base_).size(), 1U) << "a backup of nothing was listed";
  EXPECT_EQ(world_.run({"smoke"}).exit_code, 0);
}

TEST_F(Fault, MissingTool_IsNamedWithAHint) {
  const auto empty = world_.project() / "empty-bin";
  fs::create_directories(empty);
  const Variables without_postgres{{"POSTGRES_BIN_DIR", empty.string()}, {"PATH", empty.string()}};
  expect_refused(world_.run(backup_of("postgres"), without_postgres), "pg_dump");
  expect_refused(
      world_.run(backup_of("neo4j"), {{"NEO4J_BIN_DIR", empty.string()}, {"PATH", empty.string()}}),
      "neo4j is not installed");
}

TEST_F(Fault, MissingPgRestore_LeavesTheDatabaseAsItWas) {
  const auto backup = world_.small_backup(base_);
  const auto empty = world_.project() / "empty-bin";
  fs::create_directories(empty);
  on_postgres("CREATE TABLE canary (id integer)");
  const auto ran =
      world_.run({base_option_, "restore", backup.filename(), "--datastores=postgres", "--no-safety-backup"},
                 {{"POSTGRES_BIN_DIR", empty.string()}, {"PATH", empty.string()}});
  EXPECT_EQ(ran.exit_code, 1) << ran;
  EXPECT_NE((ran.out + ran.err).find("pg_restore"), std::string::npos) << ran;
  EXPECT_NE((ran.out + ran.err).find("hint:"), std::string::npos) << ran;
  EXPECT_TRUE(has_table("canary"));
  on_postgres("DROP TABLE canary");
}

TEST_F(Fault, UnwritableBase_SaysWhichDirectory) {
  fs::create_directories(base_);
  ASSERT_EQ(::chmod(base_.c_str(), 0500), 0);
  // Root may write everywhere unless it gives that right up.
  std::vector<std::string> without_rights;
  if (::geteuid() == 0) without_rights = {"setpriv", "--bounding-set=-dac_override,-dac_read_search"};
  const auto ran = world_.run_program(behind(without_rights, "redis"));
  ASSERT_EQ(::chmod(base_.c_str(), 0700), 0);
  expect_refused(ran, base_.string());
}

TEST_F(Fault, FileSizeLimit_FailsListsNothingAndTheNextRunWorks) {
  // No file may grow beyond 64 KiB.
  const auto ran = world_.run_program(
      behind({"env", "--ignore-signal=XFSZ", "prlimit", "--fsize=65536"}, "postgres,redis"));
  EXPECT_EQ(ran.exit_code, 1) << ran;
  EXPECT_TRUE(world_.ids(base_).empty());
  world_.small_backup(base_);
  EXPECT_EQ(world_.run({base_option_, "verify", "latest"}).exit_code, 0);
}

TEST_F(Fault, FileSizeLimitOfOneLargeComponent_KeepsTheOthersAndClaimsNoCompleteness) {
  const auto ran = world_.run_program(
      behind({"env", "--ignore-signal=XFSZ", "prlimit", "--fsize=700000"}, "redis,uploads"));
  EXPECT_EQ(ran.exit_code, 3) << ran;
  EXPECT_NE((ran.out + ran.err).find("File too large"), std::string::npos) << ran;
  const auto ids = world_.ids(base_);
  ASSERT_EQ(ids.size(), 1U);
  EXPECT_EQ(world_.metadata(base_ / ids[0]).at("status"), "partial");
  EXPECT_EQ(world_.run({base_option_, "verify", ids[0]}).exit_code, 0) << "what is kept is whole";
}

// A disk of its own for the base, in a mount namespace that ends with the program: as root, or as a user in a
// user namespace. Where neither is allowed (a container without rights) a quota does the same: the limit
// above.
class FullDisk : public Fault {
 protected:
  std::vector<std::string> on_small_disk(const std::string& size, const std::string& shell) const {
    std::vector<std::string> words{"unshare", "--mount"};
    if (::geteuid() != 0) words = {"unshare", "--user", "--map-root-user", "--mount"};
    for (const auto& word : {std::string("bash"), std::string("-c"),
                             "mount -t tmpfs -o size=" + size + " tmpfs \"$1\" || exit 77; " + shell,
                             std::string(SUMMIT_BIN_DIR "/summit-dr"), base_.string()}) {
      words.push_back(word);
    }
    return words;
  }
  // True when a disk of our own can be mounted here.
  bool may_mount() {
    fs::create_directories(base_);
    return world_.run_program(on_small_disk("64k", "exit 0")).exit_code == 0;
  }
};

TEST_F(FullDisk, OfABackup_SaysSoListsNothingAndLeavesNothing) {
  const std::string backup = "\"$0\" --backup-base=\"$1\" backup --set=full --datastores=postgres,redis";
  const auto ran =
      may_mount()
          ? world_.run_program(on_small_disk(
                "256k", backup + "; code=$?; find \"$1\" -mindepth 1 -not -name '.lock*'; exit $code"))
          : world_.run_program(
                behind({"env", "--ignore-signal=XFSZ", "prlimit", "--fsize=65536"}, "postgres,redis"));
  EXPECT_EQ(ran.exit_code, 1) << ran;
  EXPECT_EQ(ran.out.find("summit-backup"), std::string::npos) << "something was left: " << ran;
  if (may_mount()) {
    EXPECT_NE(ran.err.find("No space left on device"), std::string::npos) << ran;
    EXPECT_NE(ran.err.find("hint:"), std::string::npos) << ran;
  }
}

}  // namespace
}  // namespace summit::e2e
