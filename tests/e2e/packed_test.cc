// The packed layout and buckets, through the program.
#include <nlohmann/json.hpp>

#include "tests/e2e/world.h"
#include "tests/storage/testing/s3_world.h"

namespace summit::e2e {
namespace {

class Packed : public testing::Test {
 protected:
  World& world_ = World::shared();
  fs::path base_ = world_.new_base(testing::UnitTest::GetInstance()->current_test_info()->name());
  std::string base_option_ = "--backup-base=" + base_.string();

  Ran backup(const std::string& stores, const Variables& variables = {}) const {
    return world_.run({base_option_, "backup", "--set=full", "--layout=packed", "--datastores=" + stores},
                      variables);
  }
  std::string latest(const std::string& base_option) const {
    const auto ran = world_.run({base_option, "list", "--latest"}, s3());
    EXPECT_EQ(ran.exit_code, 0) << ran;
    return ran.out.substr(0, ran.out.find('\n'));
  }

  // How the bucket is reached, whatever the machine's own settings are.
  static Variables s3() {
    auto& server = storage::S3World::shared().server();
    return {{"AWS_ENDPOINT_URL", server.url()},
            {"AWS_ACCESS_KEY_ID", server.access_key()},
            {"AWS_SECRET_ACCESS_KEY", server.secret_key().reveal()},
            {"AWS_REGION", server.region()},
            {"AWS_MAX_ATTEMPTS", "2"}};
  }
  static Variables with(Variables variables, const Variables& more) {
    for (const auto& [name, value] : more) variables[name] = value;
    return variables;
  }
};

TEST_F(Packed, EveryStoreComesBackEqual_AndUnchangedDataAreStoredOnce) {
  const auto made = backup("all");
  ASSERT_EQ(made.exit_code, 0) << made;
  const auto first = size_below(base_ / "repository/packs");
  const auto again = backup("postgres,redis,config");
  ASSERT_EQ(again.exit_code, 0) << again;
  EXPECT_LT(size_below(base_ / "repository/packs") - first, first / 2);

  const auto id = world_.ids(base_).front();
  const auto verify = world_.run({base_option_, "verify", "--all"});
  EXPECT_EQ(verify.exit_code, 0) << verify;
  const auto stock = world_.run_program(
      {"env", "--chdir=" + (base_ / id).string(), "sha256sum", "--strict", "-c", "CHECKSUMS"});
  EXPECT_EQ(stock.exit_code, 0) << stock;

  const auto restored = world_.run({base_option_, "restore", id});
  EXPECT_EQ(restored.exit_code, 0) << restored;
  const auto smoke = world_.run({"smoke"});
  EXPECT_EQ(smoke.exit_code, 0) << smoke;
}

TEST_F(Packed, AnEmptyMachineRestoresFromBucketAndKeyAlone) {
  const auto bucket = storage::S3World::shared().new_bucket(false);
  const auto direct = "--backup-base=s3://" + bucket + "/bare";
  const auto made =
      world_.run({direct, "backup", "--set=full", "--layout=packed", "--datastores=postgres,redis"}, s3());
  ASSERT_EQ(made.exit_code, 0) << made;

  auto bare = s3();
  bare["SUMMIT_DR_REPOSITORY_CACHE"] = (world_.project() / "empty-cache").string();
  bare["ENCRYPTION_KEY_FILE"] = (world_.project() / "xdg/summit-dr/key").string();
  bare["XDG_CONFIG_HOME"] = (world_.project() / "empty-home").string();
  const auto listed = world_.run({direct, "list"}, bare);
  EXPECT_EQ(listed.exit_code, 0) << listed;
  const auto planned = world_.run({direct, "restore", "latest", "--dry-run"}, bare);
  EXPECT_EQ(planned.exit_code, 0) << planned;
  const auto restored = world_.run({direct, "restore", "latest", "--no-safety-backup"}, bare);
  EXPECT_EQ(restored.exit_code, 0) << restored;

  auto without_key = bare;
  without_key.erase("ENCRYPTION_KEY_FILE");
  const auto closed = world_.run({direct, "restore", "latest", "--dry-run"}, without_key);
  EXPECT_EQ(closed.exit_code, 1) << closed;
  EXPECT_NE(closed.err.find("key"), std::string::npos) << closed;
  auto wrong_key = without_key;
  wrong_key["ENCRYPTION_KEY"] = "a key that never opened anything";
  const auto refused = world_.run({direct, "restore", "latest", "--dry-run"}, wrong_key);
  EXPECT_EQ(refused.exit_code, 12) << refused;
}

TEST_F(Packed, BothLayoutsGoToABucketTooAndCanBeUsedFromThere) {
  const auto bucket = storage::S3World::shared().new_bucket(false);
  const auto variables = with(s3(), {{"S3_BUCKET", bucket}});
  for (const std::string layout : {"plain", "packed"}) {
    const auto made = world_.run(
        {base_option_, "backup", "--set=full", "--layout=" + layout, "--datastores=redis"}, variables);
    ASSERT_EQ(made.exit_code, 0) << made;
    const auto id = latest(base_option_);
    const auto there = "--backup-base=s3://" + bucket + "/summit-backups";
    EXPECT_EQ(latest(there), id);
    const auto verify = world_.run({there, "verify", id}, s3());
    EXPECT_EQ(verify.exit_code, 0) << verify;
    const auto restored = world_.run({there, "restore", id, "--no-safety-backup"}, s3());
    EXPECT_EQ(restored.exit_code, 0) << restored;
  }
}

TEST_F(Packed, ADisasterRecoveryBackupIsProvenInBothRegions) {
  auto& server = storage::S3World::shared();
  const auto primary = server.new_bucket(false);
  const auto second = server.new_bucket(false);
  const auto made = world_.run(
      {base_option_, "backup", "--set=disaster_recovery", "--layout=packed", "--datastores=redis"},
      with(s3(),
           {{"S3_BUCKET", primary}, {"DR_S3_BUCKET", second}, {"DR_AWS_REGION", server.server().region()}}));
  EXPECT_EQ(made.exit_code, 0) << made;
  const auto id = latest(base_option_);
  for (const auto& bucket : {primary, second}) {
    const auto verify = world_.run({"--backup-base=s3://" + bucket + "/dr-backups", "verify", id}, s3());
    EXPECT_EQ(verify.exit_code, 0) << bucket << ": " << verify;
  }
}

TEST_F(Packed, ABucketThatIsGoneAndCredentialsThatAreWrongHaveTheirOwnMessages) {
  const auto gone = world_.run({"--backup-base=s3://no-such-bucket-here/x", "list"}, s3());
  EXPECT_EQ(gone.exit_code, 10) << gone;
  EXPECT_NE(gone.err.find("no-such-bucket-here"), std::string::npos) << gone;
  const auto bucket = storage::S3World::shared().new_bucket(false);
  const auto denied = world_.run({"--backup-base=s3://" + bucket + "/x", "list"},
                                 with(s3(), {{"AWS_SECRET_ACCESS_KEY", "not-the-secret-one"}}));
  EXPECT_EQ(denied.exit_code, 1) << denied;
  EXPECT_NE(denied.err.find("hint:"), std::string::npos) << denied;
  EXPECT_EQ(denied.err.find("not-the-secret-one"), std::string::npos) << denied;
}

TEST_F(Packed, ARolledBackRepositoryIsNoticed) {
  ASSERT_EQ(backup("redis").exit_code, 0);
  fs::copy(base_, base_.string() + "-old", fs::copy_options::recursive);
  ASSERT_EQ(backup("config").exit_code, 0);
  fs::remove_all(base_);
  fs::rename(base_.string() + "-old", base_);
  const auto noticed = world_.run({base_option_, "verify", "latest"});
  EXPECT_NE(noticed.exit_code, 0) << noticed;
  EXPECT_NE(noticed.err.find("rolled back"), std::string::npos) << noticed;
  const auto accepted = world_.run({base_option_, "--accept-other-history", "verify", "latest"});
  EXPECT_EQ(accepted.exit_code, 0) << accepted;
  EXPECT_EQ(world_.run({base_option_, "verify", "latest"}).exit_code, 0);
}

}  // namespace
}  // namespace summit::e2e
