#include <nlohmann/json.hpp>

#include "devtools/write_load/write_load.h"
#include "tests/e2e/world.h"

namespace summit::e2e {
namespace {

// One full backup, made while all three stores are written to, that the cases below look at in turn.
class FullBackup : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto& world = World::shared();
    auto load = platform::WriteLoad::start({.postgres = world.platform().postgres().endpoint(),
                                            .neo4j = world.platform().neo4j().endpoint(),
                                            .redis = world.platform().redis().endpoint()});
    ASSERT_TRUE(load.ok()) << load.error().to_string();
    const auto before = (*load)->counts();
    const auto ran = world.run({"backup", "--set=full"});
    const auto after = (*load)->counts();
    const auto stopped = (*load)->stop();
    ASSERT_TRUE(stopped.ok()) << stopped.error().to_string();
    ASSERT_EQ(ran.exit_code, 0) << ran;
    ASSERT_GT(after.postgres, before.postgres);
    ASSERT_GT(after.neo4j, before.neo4j);
    ASSERT_GT(after.redis, before.redis);
    const auto latest = world.run({"list", "--latest"});
    ASSERT_EQ(latest.exit_code, 0) << latest;
    backup_ = world.backups() / latest.out.substr(0, latest.out.find('\n'));
  }
  void SetUp() override { ASSERT_FALSE(backup_.empty()) << "there is no backup to look at"; }

  World& world_ = World::shared();
  static inline fs::path
      backup_{};  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables): GoogleTest's way
};

TEST_F(FullBackup, VerifyFindsEveryByteAsItWas) {
  const auto ran = world_.run({"verify", "latest"});
  EXPECT_EQ(ran.exit_code, 0) << ran;
}

TEST_F(FullBackup, ItsChecksumsHoldForSha256sum) {
  const auto inside =
      world_.run_program({"env", "--chdir=" + backup_.string(), "sha256sum", "--strict", "-c", "CHECKSUMS"});
  EXPECT_EQ(inside.exit_code, 0) << inside;
  const auto from_project = world_.shell("sha256sum --strict -c ./backups/CHECKSUMS");
  EXPECT_EQ(from_project.exit_code, 0) << from_project;
}

TEST_F(FullBackup, MetadataHaveEveryFieldThatTheirSchemaRequires) {
  const auto metadata = world_.metadata(backup_);
  const auto schema = nlohmann::json::parse(
      read_text(fs::path(SUMMIT_SOURCE_DIR) / "docs/schemas/backup-metadata.schema.json"));
  ASSERT_FALSE(schema.at("required").empty());
  for (const auto& field : schema.at("required"))
    EXPECT_TRUE(metadata.contains(field.get<std::string>())) << field;
  EXPECT_EQ(metadata.at("status"), "complete");
  EXPECT_EQ(metadata.at("environment_class"), "dev");
}

TEST_F(FullBackup, StoresAreLessThanTwoSecondsApartUnderLoad) {
  EXPECT_LT(world_.metadata(backup_).at("skew_seconds").get<double>(), 2.0);
}

TEST_F(FullBackup, StockPgRestoreListsTheArchive) {
  const auto ran = world_.run_program({installed("postgresql-16/bin/pg_restore").string(), "--list",
                                       (backup_ / "postgres-full.dump").string()});
  EXPECT_EQ(ran.exit_code, 0) << ran;
  EXPECT_NE(ran.out.find("TABLE DATA public users"), std::string::npos) << ran;
}

TEST_F(FullBackup, StockNeo4jAdminLoadsTheDump) {
  const auto home = world_.project() / "scratch-neo4j";
  fs::create_directories(home / "conf");
  fs::create_directories(home / "dumps");
  fs::copy_file(installed("neo4j-5/conf/neo4j.conf"), home / "conf/neo4j.conf");
  fs::copy_file(backup_ / "neo4j.dump", home / "dumps/neo4j.dump");
  const auto ran =
      world_.run_program({installed("neo4j-5/bin/neo4j-admin").string(), "database", "load", "neo4j",
                          "--from-path=" + (home / "dumps").string()},
                         {{"NEO4J_HOME", home.string()}, {"NEO4J_CONF", (home / "conf").string()}});
  EXPECT_EQ(ran.exit_code, 0) << ran;
  EXPECT_TRUE(fs::exists(home / "data/databases/neo4j/neostore"));
}

TEST_F(FullBackup, StockRedisReadsTheRdb) {
  const auto ran =
      world_.run_program({installed("redis-7/bin/redis-server").parent_path() / "redis-check-rdb",
                          (backup_ / "redis.rdb").string()});
  EXPECT_EQ(ran.exit_code, 0) << ran;
}

TEST_F(FullBackup, BringsBackEverythingAfterATotalLoss) {
  const auto lost = world_.platform().destroy();
  ASSERT_TRUE(lost.ok()) << lost.error().to_string();
  ASSERT_NE(world_.run({"smoke"}).exit_code, 0);

  const auto restored = world_.run({"restore", "latest"});
  ASSERT_EQ(restored.exit_code, 0) << restored;
  EXPECT_EQ(restored.out.find("differ"), std::string::npos) << restored;

  const auto smoke = world_.run({"smoke"});
  EXPECT_EQ(smoke.exit_code, 0) << smoke;
  const auto postgres = platform::check_invariants(world_.platform().postgres().endpoint());
  EXPECT_TRUE(postgres.ok()) << postgres.error().to_string();
  const auto neo4j = platform::check_invariants(world_.platform().neo4j().endpoint());
  EXPECT_TRUE(neo4j.ok()) << neo4j.error().to_string();
  const auto redis = platform::check_invariants(world_.platform().redis().endpoint());
  EXPECT_TRUE(redis.ok()) << redis.error().to_string();
}

}  // namespace
}  // namespace summit::e2e
