// What stands between an engineer in a hurry and the wrong environment, and what never leaves the program.
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "core/host.h"
#include "devtools/platform/postgres_client.h"
#include "tests/e2e/world.h"

namespace summit::e2e {
namespace {

// The stores are marked `dev`. A second project registers `dev` as production, on the hosts that a case
// names.
class Guard : public testing::Test {
 protected:
  World& world_ = World::shared();
  fs::path base_ = world_.new_base(testing::UnitTest::GetInstance()->current_test_info()->name());
  std::string base_option_ = "--backup-base=" + base_.string();

  // The option that chooses a configuration in which `dev` is production.
  std::string production_on(const std::string& hosts) const {
    return world_.configured("production", [&](std::string& text) {
      const std::string dev = "\n  dev:\n";
      replace_line(text, dev, "    layout: plain\n", "    layout: packed\n");
      replace_line(text, dev, "    encrypted: false\n", "    encrypted: true\n");
      replace_line(text, dev, "    sanitization: full\n", "    sanitization: none\n");
      replace_line(text, dev, "    reduction_percent: 10\n", "");
      replace_line(text, dev, "    class: dev\n", "    class: production\n    hosts: [" + hosts + "]\n");
    });
  }
};

TEST_F(Guard, AnUnregisteredHostReadsNoProductionWhateverTheFlags) {
  const auto ran = world_.run({production_on(""), base_option_, "backup", "--set=full", "--datastores=redis",
                               "--layout=plain", "--confirm-production"});
  EXPECT_EQ(ran.exit_code, 1) << ran;
  EXPECT_NE(ran.err.find("is not registered"), std::string::npos) << ran;
  EXPECT_FALSE(fs::exists(base_));
}

TEST_F(Guard, ARegisteredHostReadsProductionOnlyWithTheFlag) {
  const auto config = production_on(host_name());
  const std::vector<std::string> words{config,       base_option_,         "backup",
                                       "--set=full", "--datastores=redis", "--layout=plain"};
  const auto without = world_.run(words);
  EXPECT_EQ(without.exit_code, 1) << without;
  EXPECT_NE(without.err.find("--confirm-production"), std::string::npos) << without;
  EXPECT_TRUE(world_.ids(base_).empty());

  auto with_flag = words;
  with_flag.emplace_back("--confirm-production");
  const auto with = world_.run(with_flag);
  EXPECT_EQ(with.exit_code, 0) << with;
  EXPECT_EQ(world_.ids(base_).size(), 1U);
}

TEST_F(Guard, AProductionRestoreNeedsChangeYesAndPhraseWithoutATerminal) {
  const auto config = production_on(host_name());
  ASSERT_EQ(world_
                .run({config, base_option_, "backup", "--set=full", "--datastores=redis", "--layout=plain",
                      "--confirm-production"})
                .exit_code,
            0);
  const auto id = world_.ids(base_).at(0);
  const std::vector<std::string> needed{"--change=CHG-1", "--yes", "--confirm=restore " + id + " into dev"};
  for (const auto& missing : needed) {
    std::vector<std::string> words{config, base_option_, "restore", id, "--datastores=redis"};
    for (const auto& word : needed) {
      if (word != missing) words.push_back(word);
    }
    const auto refused = world_.run(words);
    EXPECT_EQ(refused.exit_code, 1) << missing << ": " << refused;
    EXPECT_NE(refused.err.find(missing.substr(0, missing.find('='))), std::string::npos) << refused;
  }
  const auto wrong = world_.run({config, base_option_, "restore", id, "--datastores=redis", needed[0],
                                 needed[1], "--confirm=yes of course"});
  EXPECT_EQ(wrong.exit_code, 1) << wrong;
  EXPECT_EQ(world_.ids(base_).size(), 1U) << "a refused restore makes no safety backup";

  const auto allowed = world_.run(
      {config, base_option_, "restore", id, "--datastores=redis", needed[0], needed[1], needed[2]});
  EXPECT_EQ(allowed.exit_code, 0) << allowed;
  EXPECT_EQ(world_.ids(base_).size(), 2U) << "a production restore always makes a safety backup";
}

// The runbook's lines for a production PostgreSQL: nothing of the other stores is set.
TEST_F(Guard, ThePostgresScriptNeedsOnlyItsOwnVariables) {
  const auto& server = world_.platform().postgres().endpoint();
  auto client = platform::PostgresClient::connect(server);
  ASSERT_TRUE(client.ok()) << client.error().to_string();
  ASSERT_TRUE(client->execute("CREATE DATABASE summit_prod").ok());
  const auto config = world_.configured("registered", [](std::string& text) {
    replace_line(text, "\n  production:\n", "    hosts: []\n", "    hosts: [" + host_name() + "]\n");
  });
  // The project's own .env is of dev: production has none here.
  fs::remove(world_.project() / "registered/.env");
  const Variables variables{{"SUMMIT_DR_CONFIG", config.substr(std::string("--config=").size())},
                            {"BACKUP_BASE", base_.string()},
                            {"PGHOST", server.host},
                            {"PGPORT", std::to_string(server.port)},
                            {"PGUSER", server.user},
                            {"PGPASSWORD", std::string(server.password.reveal())},
                            {"PGDATABASE", "summit_prod"},
                            {"PGSSLMODE", "disable"},
                            {"POSTGRES_BIN_DIR", world_.platform().environment().at("POSTGRES_BIN_DIR")}};
  const std::vector<std::string> words{"./scripts/backups/postgres_backup.sh", "--layout=plain"};
  const auto unconfirmed = world_.run_program(words, variables);
  EXPECT_EQ(unconfirmed.exit_code, 1) << unconfirmed;
  EXPECT_NE(unconfirmed.err.find("--confirm-production"), std::string::npos) << unconfirmed;

  auto confirmed_words = words;
  confirmed_words.emplace_back("--confirm-production");
  const auto confirmed = world_.run_program(confirmed_words, variables);
  EXPECT_TRUE(client->execute("DROP DATABASE summit_prod").ok());
  EXPECT_EQ(confirmed.err.find("NEO4J_URI"), std::string::npos) << confirmed;
  // 3: an empty database has none of the hypertables that the set names.
  EXPECT_EQ(confirmed.exit_code, 3) << confirmed;
  const auto ids = world_.ids(base_);
  ASSERT_EQ(ids.size(), 1U);
  const auto metadata = world_.metadata(base_ / ids[0]);
  EXPECT_EQ(metadata.at("environment"), "production");
  EXPECT_EQ(metadata.at("components").at(0).at("name"), "postgresql");
  EXPECT_EQ(metadata.at("components").at(0).at("status"), "complete");
}

TEST_F(Guard, ProductionDataStayOutOfDev_NoFlagLiftsIt) {
  ASSERT_EQ(world_
                .run({production_on(host_name()), base_option_, "backup", "--set=full", "--datastores=redis",
                      "--layout=plain", "--confirm-production"})
                .exit_code,
            0);
  const auto id = world_.ids(base_).at(0);
  const auto ran = world_.run({base_option_, "restore", id, "--datastores=redis"});
  EXPECT_EQ(ran.exit_code, 1) << ran;
  EXPECT_NE(ran.err.find("mask"), std::string::npos) << ran;
  const auto unmasked = world_.run({base_option_, "restore", id, "--datastores=redis", "--sanitize=false"});
  EXPECT_EQ(unmasked.exit_code, 1) << unmasked;
  EXPECT_NE(unmasked.err.find("unmasked"), std::string::npos) << unmasked;
}

TEST_F(Guard, AStoreMarkedForAnotherEnvironmentIsRefused) {
  const auto ran = world_.run({base_option_, "backup", "--env=test", "--set=full", "--datastores=redis"});
  EXPECT_EQ(ran.exit_code, 1) << ran;
  EXPECT_NE(ran.err.find("marked as `dev`"), std::string::npos) << ran;
}

TEST_F(Guard, ARestoreIntoAnotherEnvironmentThanTheStoresAreMarkedForTouchesNothing) {
  const auto backup = world_.small_backup(base_);
  auto client = platform::PostgresClient::connect(world_.platform().postgres().endpoint());
  ASSERT_TRUE(client.ok()) << client.error().to_string();
  ASSERT_TRUE(client->execute("CREATE TABLE canary (id integer)").ok());
  const auto ran =
      world_.run({base_option_, "restore", backup.filename(), "--env=test", "--no-safety-backup"});
  EXPECT_EQ(ran.exit_code, 1) << ran;
  EXPECT_NE(ran.err.find("marked as `dev`"), std::string::npos) << ran;
  EXPECT_NE(ran.err.find("hint: --env=dev"), std::string::npos) << ran;
  EXPECT_TRUE(client->execute("DROP TABLE canary").ok()) << "the restore touched the database";
  EXPECT_EQ(world_.run({base_option_, "list", "--restores"}).out.find("restore-20"), std::string::npos);
}

TEST_F(Guard, AnUnmarkedStoreWithDataCountsAsProduction) {
  auto main = platform::PostgresClient::connect(world_.platform().postgres().endpoint());
  ASSERT_TRUE(main.ok()) << main.error().to_string();
  ASSERT_TRUE(main->execute("CREATE DATABASE unmarked").ok());
  {
    auto unmarked = platform::PostgresClient::connect(world_.platform().postgres().endpoint(), "unmarked");
    ASSERT_TRUE(unmarked.ok()) << unmarked.error().to_string();
    ASSERT_TRUE(unmarked->execute("CREATE TABLE precious (id integer)").ok());
  }
  const auto ran = world_.run({base_option_, "backup", "--set=full", "--datastores=postgres"},
                              {{"POSTGRES_DB", "unmarked"}});
  EXPECT_TRUE(main->execute("DROP DATABASE unmarked").ok());
  EXPECT_EQ(ran.exit_code, 1) << ran;
  EXPECT_NE(ran.err.find("env adopt dev"), std::string::npos) << ran;
}

TEST_F(Guard, SecretsAreInNoOutputNoMetadataAndNoArgumentVector) {
  const auto environment = world_.platform().environment();
  std::vector<std::string> secrets;
  for (const auto* name : {"POSTGRES_PASSWORD", "NEO4J_PASSWORD", "REDIS_PASSWORD"})
    secrets.push_back(environment.at(name));
  auto key = read_text(world_.project() / "xdg/summit-dr/key");
  key.erase(key.find_last_not_of(" \n") + 1);
  ASSERT_GE(key.size(), 16U);
  secrets.push_back(key);

  std::vector<pid_t> exposed;
  Ran backup;
  {
    std::jthread scan([&](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        const auto found = World::processes_with(secrets);
        exposed.insert(exposed.end(), found.begin(), found.end());
        std::this_thread::sleep_for(std::chrono::milliseconds(25));
      }
    });
    backup = world_.run({base_option_, "--verbose", "--json", "backup", "--set=full"});
  }
  ASSERT_EQ(backup.exit_code, 0) << backup;
  const auto restore =
      world_.run({base_option_, "--verbose", "restore", "latest", "--datastores=postgres,redis,secrets"});
  ASSERT_EQ(restore.exit_code, 0) << restore;
  const auto doctor = world_.run({"--verbose", "doctor"});
  const auto config = world_.run({"--verbose", "config", "show"});
  const auto denied = world_.run({base_option_, "--verbose", "backup", "--set=full", "--datastores=postgres"},
                                 {{"POSTGRES_PASSWORD", "a-wrong-one-that-is-secret-too"}});
  ASSERT_NE(denied.exit_code, 0) << denied;
  secrets.emplace_back("a-wrong-one-that-is-secret-too");

  EXPECT_TRUE(exposed.empty()) << exposed.size() << " command lines showed a secret";
  for (const auto& secret : secrets) {
    for (const auto& ran : {backup, restore, doctor, config, denied}) {
      EXPECT_EQ((ran.out + ran.err).find(secret), std::string::npos) << "a secret is in the output";
    }
    for (const auto& id : world_.ids(base_)) {
      EXPECT_EQ(read_text(base_ / id / "backup-metadata.json").find(secret), std::string::npos) << id;
      EXPECT_EQ(read_text(base_ / id / "postgres-globals.sql").find(secret), std::string::npos) << id;
    }
  }
}

}  // namespace
}  // namespace summit::e2e
