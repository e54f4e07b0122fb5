#include "storage/s3_bucket_admin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/s3_bucket_xml.h"
#include "tests/storage/testing/s3_world.h"
#include "tests/storage/testing/scripted_bucket.h"

namespace summit::storage {
namespace {

using testing::HasSubstr;

S3World& world() { return S3World::shared(); }

TEST(S3Bucket, IsCreatedOnce) {
  const auto bucket = world().bucket("summit-backups-created");
  EXPECT_FALSE(*bucket->exists());
  ASSERT_TRUE(bucket->create(false).ok());
  EXPECT_TRUE(*bucket->exists());
  const auto again = bucket->create(false);
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code(), Code::kAlreadyExists);
}

TEST(S3Bucket, HasVersionsWhenTheyAreTurnedOn) {
  const auto bucket = world().bucket(world().new_bucket(false));
  EXPECT_FALSE(*bucket->versioning());
  const auto set = bucket->set_versioning(true);
  ASSERT_TRUE(set.ok()) << set.error().to_string();
  EXPECT_TRUE(*bucket->versioning());
  ASSERT_TRUE(bucket->set_versioning(false).ok());
  EXPECT_FALSE(*bucket->versioning());
}

TEST(S3Bucket, KeepsLifecycleRulesAndThoseOfOthers) {
  const auto bucket = world().bucket(world().new_bucket(false));
  EXPECT_TRUE(bucket->lifecycle()->empty());
  LifecycleRule foreign;
  foreign.xml =
      "<Rule><ID>theirs</ID><Status>Enabled</Status><Filter><And><Prefix>logs/</Prefix><Tag><Key>team</Key>"
      "<Value>ops</Value></Tag></And></Filter><Expiration><Days>7</Days></Expiration></Rule>";
  const auto begun = bucket->set_lifecycle({foreign});
  ASSERT_TRUE(begun.ok()) << begun.error().to_string();

  auto rules = bucket->lifecycle().value();
  ASSERT_EQ(rules.size(), 1u);
  EXPECT_EQ(rules[0].prefix, "logs/");
  EXPECT_EQ(rules[0].expire_days, 7);
  LifecycleRule ours;
  ours.id = "summit-dr plain <backups>";
  ours.prefix = "summit-backups/";
  ours.expire_days = 90;
  rules.push_back(ours);
  ASSERT_TRUE(bucket->set_lifecycle(rules).ok());

  rules = bucket->lifecycle().value();
  ASSERT_EQ(rules.size(), 2u);
  const auto& kept = rules[0].id == "theirs" ? rules[0] : rules[1];
  const auto& added = rules[0].id == "theirs" ? rules[1] : rules[0];
  EXPECT_THAT(kept.xml, HasSubstr("<Key>team</Key>"));
  EXPECT_EQ(added.id, ours.id);
  EXPECT_EQ(added.prefix, "summit-backups/");
  EXPECT_EQ(added.expire_days, 90);
  EXPECT_TRUE(added.enabled);

  ASSERT_TRUE(bucket->set_lifecycle({}).ok());
  EXPECT_TRUE(bucket->lifecycle()->empty());
}

TEST(S3Bucket, KnowsItsObjectLock) {
  EXPECT_FALSE(world().bucket(world().new_bucket(false))->object_lock()->enabled);
  const auto bucket = world().bucket(world().new_bucket(true));
  auto lock = bucket->object_lock();
  ASSERT_TRUE(lock.ok()) << lock.error().to_string();
  EXPECT_TRUE(lock->enabled);
  EXPECT_FALSE(lock->default_mode.has_value());
  EXPECT_TRUE(*bucket->versioning());
  ASSERT_TRUE(bucket->set_object_lock({true, LockMode::kGovernance, 3}).ok());
  lock = bucket->object_lock();
  EXPECT_EQ(lock->default_mode, LockMode::kGovernance);
  EXPECT_EQ(lock->default_days, 3);
}

TEST(S3Bucket, IsNotReplicatedUntilItIsSet) {
  const auto bucket = world().bucket(world().new_bucket(true));
  const auto replication = bucket->replication();
  ASSERT_TRUE(replication.ok()) << replication.error().to_string();
  EXPECT_FALSE(replication->has_value());
  // The real server wants a target that it was told of before.
  Replication wanted{"arn:aws:iam::1:role/replicate",
                     {{.id = "dr", .destination_bucket_arn = "arn:aws:s3:::absent"}}};
  EXPECT_FALSE(bucket->set_replication(wanted).ok());
}

TEST(S3BucketXml, ReplicationIsReadAsItWasWritten) {
  const Replication written{"arn:aws:iam::1:role/replicate",
                            {{.id = "dr & more",
                              .prefix = "dr-backups/",
                              .priority = 7,
                              .destination_bucket_arn = "arn:aws:s3:::summit-backups-dr",
                              .storage_class = "STANDARD_IA",
                              .delete_markers = true}}};
  const auto read = parse_replication(replication_document(written));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->role_arn, written.role_arn);
  ASSERT_EQ(read->rules.size(), 1u);
  EXPECT_EQ(read->rules[0].id, "dr & more");
  EXPECT_EQ(read->rules[0].prefix, "dr-backups/");
  EXPECT_EQ(read->rules[0].priority, 7);
  EXPECT_EQ(read->rules[0].destination_bucket_arn, "arn:aws:s3:::summit-backups-dr");
  EXPECT_EQ(read->rules[0].storage_class, "STANDARD_IA");
  EXPECT_TRUE(read->rules[0].delete_markers);
}

TEST(S3BucketXml, EveryPartOfALifecycleRuleIsReadAsItWasWritten) {
  LifecycleRule rule;
  rule.id = "plain";
  rule.prefix = "summit-backups/";
  rule.enabled = false;
  rule.transition_days = 30;
  rule.transition_class = "GLACIER";
  rule.expire_days = 90;
  rule.expire_old_versions_days = 14;
  rule.abort_uploads_days = 2;
  const auto read = parse_lifecycle(lifecycle_document({rule}));
  ASSERT_TRUE(read.ok() && read->size() == 1);
  const LifecycleRule& found = read->front();
  EXPECT_EQ(found.transition_days, 30);
  EXPECT_EQ(found.transition_class, "GLACIER");
  EXPECT_EQ(found.expire_days, 90);
  EXPECT_EQ(found.expire_old_versions_days, 14);
  EXPECT_EQ(found.abort_uploads_days, 2);
  EXPECT_FALSE(found.enabled);
  // A rule that was read is written back as it is.
  EXPECT_THAT(lifecycle_document(*read), HasSubstr(found.xml));
}

TEST(S3Bucket, SettingsThatAServerDoesNotKnowAreUnsupported) {
  ScriptedBucket scripted;
  const auto bucket = S3Bucket::connect(scripted.settings(), ScriptedBucket::identity(), "bucket").value();
  EXPECT_EQ(bucket->lifecycle().error().code(), Code::kUnsupported);
  EXPECT_EQ(bucket->set_versioning(true).error().code(), Code::kUnsupported);
}

}  // namespace
}  // namespace summit::storage
