#include "backup/retention_policies.h"

#include <gtest/gtest.h>

namespace summit::backup {
namespace {

using std::chrono::days;

class RetentionPolicies : public testing::Test {
 protected:
  RetentionPolicies() {
    config::Environment production;
    production.name = "production";
    production.aliases = {"prod"};
    production.retention = days(30);
    config::Environment by_hand;
    by_hand.name = "drill";
    configuration_.environments = {production, by_hand};
    config::BackupSet set;
    set.name = "config_only";
    set.retention = days(90);
    configuration_.sets = {set};
  }

  repository::RetentionPolicy policy(const std::string& environment, const std::string& set,
                                     const RetentionChoice& choice = {}) const {
    return retention_policies(configuration_,
                              choice)({.id = {}, .environment = environment, .set = set, .scope = {}});
  }

  config::Configuration configuration_;
};

TEST_F(RetentionPolicies, TheLongerOfSetAndEnvironmentCounts) {
  EXPECT_EQ(policy("production", "config_only").age, days(90));
  EXPECT_EQ(policy("prod", "safety").age, days(30));
  EXPECT_TRUE(policy("drill", "config_only").is_manual());
}

TEST_F(RetentionPolicies, WhatIsNotConfiguredStays) {
  EXPECT_TRUE(policy("gone", "config_only").is_manual());
  EXPECT_TRUE(policy("", "").is_manual());
}

TEST_F(RetentionPolicies, WhatTheUserSaysReplacesThem) {
  EXPECT_EQ(policy("production", "config_only", {.days = 7, .rules = {}}).age, days(7));
  RetentionChoice choice;
  choice.rules.daily = 7;
  EXPECT_EQ(policy("production", "config_only", choice).daily, 7U);
  EXPECT_EQ(policy("production", "config_only", choice).age.count(), 0);
  choice.days = 3;
  EXPECT_EQ(policy("production", "config_only", choice).age, days(3));
}

TEST_F(RetentionPolicies, ALockLastsAsLongAsTheRetention) {
  repository::BackupMetadata metadata;
  metadata.environment = "production";
  metadata.set = "config_only";
  metadata.finished = *from_rfc3339("2026-11-21T03:10:48Z");
  const auto lock = retention_lock(configuration_);
  EXPECT_EQ(lock(metadata), metadata.finished + days(90));
  metadata.environment = "drill";
  EXPECT_FALSE(lock(metadata).has_value());
}

}  // namespace
}  // namespace summit::backup
