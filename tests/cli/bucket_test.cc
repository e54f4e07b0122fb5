// Buckets of a real S3 server, by the program: made, told their rules, filled, locked, replicated.

#include "program.h"
#include "storage/open_store.h"
#include "tests/storage/testing/s3_world.h"

namespace summit::cli {
namespace {

using storage::S3World;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class Buckets : public testing::Test {
 protected:
  void SetUp() override {
    project_.write("config/environments.yaml", fmt::format(R"(environments:
  dev:
    class: dev
    objectives: {{recovery_point: 4 hours, recovery_time: 30 minutes}}
    retention: 7 days
    layout: plain
    encrypted: false
    sanitization: full
    storage:
      bucket: {}
      prefix: summit-backups/
      lifecycle: {{standard_ia_after: 30 days, glacier_after: 90 days, delete_after_retention: 30 days}}
    endpoints:
      files:
        - {{name: uploads, root: uploads}}
)",
                                                           bucket_));
  }

  Finished run(std::vector<std::string> words) const {
    const auto& server = S3World::shared().server();
    words.insert(words.begin(), "--json");
    return project_.run(std::move(words), {{"AWS_ENDPOINT_URL", server.url()},
                                           {"AWS_ACCESS_KEY_ID", server.access_key()},
                                           {"AWS_SECRET_ACCESS_KEY", server.secret_key().reveal()},
                                           {"AWS_REGION", server.region()},
                                           {"AWS_MAX_ATTEMPTS", "2"},
                                           {"ENCRYPTION_KEY", "correct horse battery staple"}});
  }
  void expect_ok(std::vector<std::string> words) const {
    const auto finished = run(std::move(words));
    EXPECT_EQ(finished.code, 0) << finished.output << finished.diagnostics;
  }
  std::unique_ptr<storage::S3Bucket> bucket() const { return S3World::shared().bucket(bucket_); }
  std::vector<std::string> rule_ids() const {
    std::vector<std::string> ids;
    const auto rules = bucket()->lifecycle();
    EXPECT_TRUE(rules.ok()) << rules.error().to_string();
    for (const auto& rule : *rules) ids.push_back(rule.id);
    return ids;
  }
  std::vector<std::string> rule_prefixes() const {
    std::vector<std::string> prefixes;
    const auto rules = bucket()->lifecycle();
    EXPECT_TRUE(rules.ok()) << rules.error().to_string();
    for (const auto& rule : *rules) prefixes.push_back(rule.prefix);
    return prefixes;
  }
  std::vector<std::string> keys_below(const std::string& prefix) const {
    std::vector<std::string> keys;
    const auto store = S3World::shared().open(S3World::shared().settings(), bucket_, "");
    EXPECT_TRUE(store
                    ->list(prefix, "",
                           [&](const storage::ObjectInfo& object) -> Result<bool> {
                             keys.push_back(object.key);
                             return true;
                           })
                    .ok());
    return keys;
  }
  // As the server's own tool would ask: the program's word is not enough.
  std::string retention_of(const std::string& key) const {
    const auto& server = S3World::shared().server();
    const auto url = fmt::format("{}/{}/{}?retention=", server.url(), bucket_, key);
    project_.write("curlrc",
                   fmt::format("user = \"{}:{}\"\n", server.access_key(), server.secret_key().reveal()));
    const auto asked =
        run_to_end({.argv = {"curl", "--silent", "--aws-sigv4", "aws:amz:" + server.region() + ":s3",
                             "--config", (project_.path() / "curlrc").string(), url}});
    const auto begin = asked.output.find("<RetainUntilDate>");
    return begin == std::string::npos ? std::string() : asked.output.substr(begin + 17, 10);
  }

  Project project_;
  std::string bucket_ = fmt::format("cli-{}", to_compact(now()).substr(9, 6)) + std::to_string(getpid());
  std::string location_ = "s3://" + bucket_ + "/summit-backups";
};

TEST_F(Buckets, AreToldWhenPlainBackupsGo_AndNeverAnythingOfPacks) {
  EXPECT_EQ(run({"repository", "lifecycle"}).code, 3) << "there is no bucket yet";
  expect_ok({"repository", "init", "--create-bucket", "--location=s3://" + bucket_ + "/packed"});
  expect_ok({"repository", "lifecycle"});
  EXPECT_THAT(rule_ids(), IsEmpty()) << "there is no plain backup yet";

  expect_ok({"--backup-base=" + location_, "backup"});
  storage::LifecycleRule theirs{.id = "theirs", .prefix = "logs/"};
  theirs.expire_days = 7;
  ASSERT_TRUE(bucket()->set_lifecycle({theirs}).ok());
  expect_ok({"repository", "lifecycle", "--dry-run"});
  EXPECT_THAT(rule_ids(), SizeIs(1)) << "a dry run wrote";
  const auto told = run({"repository", "lifecycle"});
  ASSERT_EQ(told.code, 0) << told.output << told.diagnostics;
  EXPECT_THAT(rule_ids(), Contains("theirs"));
  EXPECT_THAT(rule_prefixes(), Contains("summit-backups/summit-backup-full-2"));
  EXPECT_THAT(run({"repository", "lifecycle"}).message("bucket_settings")["changes"], IsEmpty());
  EXPECT_THAT(rule_prefixes(), Contains("summit-backups/summit-backup-full-2"));

  // Once packs lie there the rule goes, and a rule of others that reaches them is named.
  auto everything = theirs;
  everything.id = "everything";
  everything.prefix = "";
  auto rules = bucket()->lifecycle().value();
  rules.push_back(everything);
  ASSERT_TRUE(bucket()->set_lifecycle(rules).ok());
  const auto refused = run({"repository", "init", "--location=" + location_});
  EXPECT_EQ(refused.message("error")["code"], "refused");
  ASSERT_TRUE(bucket()->set_lifecycle({theirs}).ok());
  expect_ok({"repository", "lifecycle"});
  expect_ok({"repository", "init", "--location=" + location_});
  expect_ok({"repository", "lifecycle"});
  EXPECT_THAT(rule_ids(), testing::ElementsAre("theirs"));
  ASSERT_TRUE(bucket()->set_lifecycle({theirs, everything}).ok());
  const auto warned = run({"repository", "lifecycle"});
  EXPECT_EQ(warned.code, 3);
  EXPECT_THAT(warned.output, HasSubstr("may delete what packed backups"));
}

TEST_F(Buckets, WithObjectLockKeepWhatABackupNeedsAsLongAsItsRetention) {
  expect_ok({"repository", "init", "--create-bucket", "--object-lock", "--location=" + location_});
  expect_ok({"--backup-base=" + location_, "backup", "--layout=packed"});
  expect_ok({"--backup-base=" + location_, "backup", "--layout=plain"});
  const auto until = to_rfc3339(now() + std::chrono::days(30)).substr(0, 10);
  for (const char* part : {"summit-backups/repository/packs/", "summit-backups/repository/log/",
                           "summit-backups/repository/keys/"}) {
    const auto keys = keys_below(part);
    ASSERT_THAT(keys, Not(IsEmpty())) << part;
    for (const auto& key : keys)
      EXPECT_GE(retention_of(key), to_rfc3339(now() + std::chrono::days(29)).substr(0, 10)) << key;
  }
  size_t artifacts = 0;
  for (const auto& key : keys_below("summit-backups/summit-backup-full-")) {
    if (!key.ends_with(".tar.zst")) continue;
    ++artifacts;
    EXPECT_LE(retention_of(key), until);
    EXPECT_THAT(retention_of(key), Not(IsEmpty()));
  }
  EXPECT_EQ(artifacts, 1U);

  expect_ok({"repository", "lifecycle"});
  const auto lock = bucket()->object_lock();
  EXPECT_EQ(lock->default_days, 30);
  // A prune meets the locks and leaves the newest, and nothing of it is an error.
  expect_ok({"--backup-base=" + location_, "verify", "--all"});
  expect_ok({"--backup-base=" + location_, "prune", "--keep-last=1", "--grace=0s"});
  const auto late =
      run({"repository", "init", "--create-bucket", "--object-lock", "--location=" + location_});
  EXPECT_EQ(late.message("error")["code"], "already_exists");
}

TEST_F(Buckets, HoldReplicasAndAPackedBackupWhoseViewALifecycleTookStays) {
  expect_ok({"repository", "init", "--create-bucket", "--location=" + location_});
  expect_ok({"--backup-base=" + location_, "backup", "--layout=packed"});
  expect_ok({"--backup-base=" + location_, "backup", "--layout=packed"});
  const auto elsewhere = (project_.path() / "elsewhere").string();
  expect_ok({"--backup-base=" + location_, "replicate", "--all", "--to=" + elsewhere});
  expect_ok({"--backup-base=" + elsewhere, "verify", "--all"});

  const auto store = S3World::shared().open(S3World::shared().settings(), bucket_, "");
  const auto views = keys_below("summit-backups/summit-backup-full-");
  ASSERT_THAT(views, SizeIs(6));
  for (size_t index = 0; index < 3; ++index) ASSERT_TRUE(store->remove(views[index]).ok());
  const auto pruned = run({"--backup-base=" + location_, "prune", "--grace=0s"});
  EXPECT_EQ(pruned.code, 0) << pruned.output;
  EXPECT_THAT(pruned.message("prune")["removed"], IsEmpty());
  EXPECT_EQ(keys_below("summit-backups/summit-backup-full-"), views);
}

}  // namespace
}  // namespace summit::cli
