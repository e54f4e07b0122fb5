#include "backup/bucket_rules.h"

#include <gmock/gmock.h>

namespace summit::backup {
namespace {

using std::chrono::days;
using storage::LifecycleRule;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class BucketRules : public testing::Test {
 protected:
  BucketRules() {
    environment_.name = "production";
    environment_.retention = days(30);
    environment_.storage.s3_bucket = "summit-backups-prod";
    environment_.storage.s3_prefix = "summit-backups/";
    environment_.storage.dr_bucket = "summit-backups-dr";
    environment_.storage.dr_prefix = "dr-backups/";
    environment_.storage.lifecycle = {
        .standard_ia_after = days(30), .glacier_after = days(90), .delete_after_retention = days(30)};
    add_set("full", days(30), "", {"local", "s3"});
    add_set("config_only", days(90), "", {"local", "s3"});
    add_set("tenant", days(14), "", {"local", "s3"});
    add_set("disaster_recovery", days(60), "dr-backups/", {"s3", "s3_dr"});
    configuration_.sets.back().cross_region_replication = true;
  }

  void add_set(const std::string& name, days retention, const std::string& prefix,
               std::vector<std::string> storage) {
    config::BackupSet set;
    set.name = name;
    set.retention = retention;
    set.s3_prefix = prefix;
    set.storage = std::move(storage);
    configuration_.sets.push_back(std::move(set));
  }

  // The first bucket, plain backups everywhere.
  BucketLayout first() const {
    auto layout = bucket_layouts(configuration_, environment_).front();
    for (auto& place : layout.prefixes) place.holds_plain = true;
    return layout;
  }
  LifecyclePlan plan(const BucketLayout& layout, const std::vector<LifecycleRule>& present = {}) const {
    return plan_lifecycle(layout, environment_.storage.lifecycle, present);
  }
  static std::vector<LifecycleRule> of(const LifecyclePlan& plan, const std::string& prefix) {
    std::vector<LifecycleRule> found;
    for (const auto& rule : plan.rules)
      if (rule.prefix == prefix) found.push_back(rule);
    return found;
  }
  static LifecycleRule foreign(const std::string& id, const std::string& prefix) {
    LifecycleRule rule{.id = id, .prefix = prefix};
    rule.expire_days = 7;
    rule.xml = "<Rule><ID>" + id + "</ID><Expiration><Days>7</Days></Expiration></Rule>";
    return rule;
  }

  config::Configuration configuration_;
  config::Environment environment_;
};

TEST_F(BucketRules, TheDocumentedBucketsHoldTheDocumentedSets) {
  const auto layouts = bucket_layouts(configuration_, environment_);
  ASSERT_THAT(layouts, SizeIs(2));
  EXPECT_EQ(layouts[0].bucket, "summit-backups-prod");
  ASSERT_THAT(layouts[0].prefixes, SizeIs(2));
  EXPECT_EQ(layouts[0].prefixes[0].prefix, "summit-backups");
  EXPECT_THAT(layouts[0].prefixes[0].sets, SizeIs(3));
  EXPECT_EQ(layouts[0].prefixes[1].prefix, "dr-backups");
  EXPECT_EQ(layouts[1].bucket, "summit-backups-dr");
  ASSERT_THAT(layouts[1].prefixes, SizeIs(1));
  EXPECT_EQ(layouts[1].prefixes[0].sets.front().name, "disaster_recovery");
}

TEST_F(BucketRules, DeleteThirtyDaysAfterTheRetentionAndMoveWhereThatComesFirst) {
  const auto rules = of(plan(first()), "summit-backups/summit-backup-config_only-2");
  ASSERT_THAT(rules, SizeIs(2));
  EXPECT_EQ(rules[0].transition_days, 30);
  EXPECT_EQ(rules[0].transition_class, "STANDARD_IA");
  EXPECT_EQ(rules[1].transition_days, 90);
  EXPECT_EQ(rules[1].transition_class, "GLACIER");
  EXPECT_EQ(rules[1].expire_days, 120);
}

TEST_F(BucketRules, LeaveOutATransitionThatS3WouldRefuse) {
  const auto planned = plan(first());
  const auto rules = of(planned, "summit-backups/summit-backup-full-2");
  ASSERT_THAT(rules, SizeIs(2));
  EXPECT_EQ(rules[1].expire_days, 60);
  EXPECT_FALSE(rules[1].transition_days.has_value());
  EXPECT_THAT(planned.notes, testing::Contains(HasSubstr("no transition to GLACIER after 90 d")));
  for (const auto& rule : planned.rules)
    EXPECT_FALSE(rule.transition_days && rule.expire_days && *rule.transition_days >= *rule.expire_days);
}

TEST_F(BucketRules, TheLongerRetentionCountsAndNoneWhereItIsByHand) {
  // 14 days of the set, 30 of the environment.
  EXPECT_EQ(of(plan(first()), "summit-backups/summit-backup-tenant-").back().expire_days, 60);
  environment_.retention = {};
  for (const auto& rule : plan(first()).rules) EXPECT_FALSE(rule.expire_days.has_value()) << rule.id;
}

TEST_F(BucketRules, NeverReachAPackedRepositoryOrAnEmptyPrefix) {
  auto layout = first();
  layout.prefixes[0].holds_packed = true;
  layout.prefixes[1].holds_plain = false;
  EXPECT_THAT(plan(layout).rules, IsEmpty());
  for (const auto& rule : plan(first()).rules) {
    for (const std::string packs : {"summit-backups/repository/packs/00/x", "dr-backups/repository/log/1"})
      EXPECT_FALSE(packs.starts_with(rule.prefix)) << rule.id;
  }
}

TEST_F(BucketRules, RulesOfOthersStayAndOursAreReplaced) {
  auto stale =
      foreign("summit-dr summit-backups/summit-backup-gone-2", "summit-backups/summit-backup-gone-2");
  const auto planned = plan(first(), {foreign("theirs", "logs/"), stale});
  ASSERT_FALSE(planned.rules.empty());
  EXPECT_EQ(planned.rules.front().id, "theirs");
  EXPECT_THAT(of(planned, stale.prefix), IsEmpty());
  const auto again = plan(first(), planned.rules);
  EXPECT_EQ(again.rules.size(), planned.rules.size());
}

TEST_F(BucketRules, ARuleThatMayDeleteOrFreezePacksIsADanger) {
  auto layout = first();
  layout.prefixes[0].holds_packed = true;
  const auto found = [&](const LifecycleRule& rule) { return dangers(layout, {rule}); };
  EXPECT_THAT(found(foreign("all", "")), SizeIs(1));
  EXPECT_THAT(found(foreign("above", "summit-backups/")), SizeIs(1));
  EXPECT_THAT(found(foreign("packs", "summit-backups/repository/packs/00/")), SizeIs(1));
  EXPECT_THAT(found(foreign("elsewhere", "logs/")), IsEmpty());
  EXPECT_THAT(found(foreign("plain", "dr-backups/")), IsEmpty());
  auto off = foreign("off", "");
  off.enabled = false;
  EXPECT_THAT(found(off), IsEmpty());
  LifecycleRule frozen{.id = "second transition", .prefix = ""};
  frozen.xml =
      "<Rule><Transition><Days>1</Days><StorageClass>DEEP_ARCHIVE</StorageClass></Transition></Rule>";
  EXPECT_THAT(found(frozen), ElementsAre(HasSubstr("freeze")));
  LifecycleRule warm{.id = "warm", .prefix = ""};
  warm.transition_days = 30;
  warm.transition_class = "STANDARD_IA";
  EXPECT_THAT(found(warm), IsEmpty());
}

TEST_F(BucketRules, PlainBackupsForDisastersAreReplicatedByTheServer) {
  const auto role = "arn:aws:iam::111122223333:role/summit-replication";
  const auto planned = plan_bucket_replication(first(), environment_.storage, role, {});
  ASSERT_TRUE(planned.replication.has_value());
  ASSERT_THAT(planned.replication->rules, SizeIs(1));
  const auto& rule = planned.replication->rules.front();
  EXPECT_EQ(rule.prefix, "dr-backups/summit-backup-disaster_recovery-2");
  EXPECT_EQ(rule.destination_bucket_arn, "arn:aws:s3:::summit-backups-dr");
  EXPECT_FALSE(rule.delete_markers) << "a removal must not spread";
  EXPECT_FALSE(plan_bucket_replication(first(), environment_.storage, role, planned.replication).replication);

  auto packed = first();
  packed.prefixes[1].holds_packed = true;
  EXPECT_FALSE(plan_bucket_replication(packed, environment_.storage, role, {}).replication)
      << "a server copies packs and records in any order";
  EXPECT_THAT(plan_bucket_replication(first(), environment_.storage, "", {}).notes, SizeIs(1));
}

TEST_F(BucketRules, AReplicationOfOthersIsLeftAlone) {
  storage::Replication theirs{
      .role_arn = "arn:aws:iam::1:role/theirs",
      .rules = {{.id = "theirs", .destination_bucket_arn = "arn:aws:s3:::elsewhere"}}};
  const auto planned =
      plan_bucket_replication(first(), environment_.storage, "arn:aws:iam::1:role/ours", theirs);
  EXPECT_FALSE(planned.replication.has_value());
  EXPECT_THAT(planned.notes, ElementsAre(HasSubstr("rules of others")));
}

TEST_F(BucketRules, TheDefaultLockIsTheShortestRetentionAndIsNeverShortened) {
  EXPECT_FALSE(plan_default_lock(first(), {}).has_value());
  EXPECT_EQ(plan_default_lock(first(), {.enabled = true}), 30);
  EXPECT_EQ(
      plan_default_lock(
          first(), {.enabled = true, .default_mode = storage::LockMode::kGovernance, .default_days = 10}),
      30);
  EXPECT_FALSE(
      plan_default_lock(first(),
                        {.enabled = true, .default_mode = storage::LockMode::kGovernance, .default_days = 30})
          .has_value());
}

}  // namespace
}  // namespace summit::backup
