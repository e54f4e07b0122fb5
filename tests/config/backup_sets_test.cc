#include <gmock/gmock.h>

#include "project.h"

namespace summit::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> names_of(const BackupSet& set) {
  std::vector<std::string> names;
  for (const auto& component : set.components) names.push_back(component.name);
  return names;
}

TEST(BackupSets, KindMethodAndTreesFollowFromTheName) {
  const Project project;
  project.write("config/backup-sets.yaml", R"(backup_sets:
  full:
    retention: 30 days
    storage: [local]
    components: [postgresql, redis, uploads, secrets]
)");
  const auto loaded = project.load();
  ASSERT_TRUE(loaded.ok()) << loaded.error().to_string();
  const auto& components = loaded->set("full").value()->components;
  EXPECT_EQ(components[0].kind, "postgresql");
  EXPECT_EQ(components[0].method, "logical");
  EXPECT_EQ(components[0].filter, "none");
  EXPECT_TRUE(components[0].required);
  EXPECT_EQ(components[1].method, "replica");
  EXPECT_THAT(components[2].trees, ElementsAre("uploads"));
  EXPECT_EQ(components[3].kind, "secrets");
  EXPECT_THAT(components[3].trees, ElementsAre()) << "all trees";
}

TEST(BackupSets, ASetExtendsAnotherAndOverridesIt) {
  const Project project;
  project.write("config/backup-sets.yaml", R"(backup_sets:
  child:
    extends: base
    retention: 60 days
    without: [redis]
    components:
      - {name: postgresql, description: mine, required: false}
      - uploads
  base:
    frequency: Daily
    schedule: ["0 2 * * *", "30 14 * * sun"]
    retention: 30 days
    storage: [local, s3]
    estimate: {size: 40 GB, duration: 30 minutes, per: tenant}
    hooks: {before: [[touch, x]]}
    components: [postgresql, redis]
)");
  const auto loaded = project.load();
  ASSERT_TRUE(loaded.ok()) << loaded.error().to_string();
  const auto& child = *loaded->set("child").value();
  EXPECT_THAT(names_of(child), ElementsAre("postgresql", "uploads"));
  EXPECT_EQ(child.components[0].description, "mine");
  EXPECT_FALSE(child.components[0].required);
  EXPECT_EQ(child.retention, std::chrono::hours(24 * 60));
  EXPECT_EQ(child.frequency, "Daily");
  EXPECT_EQ(child.schedule, "0 2 * * *; 30 14 * * sun");
  EXPECT_EQ(child.estimated_size, 40'000'000'000U);
  EXPECT_EQ(child.estimated_duration, std::chrono::minutes(30));
  EXPECT_EQ(child.estimated_per, "tenant");
  EXPECT_THAT(child.storage, ElementsAre("local", "s3"));
  EXPECT_THAT(child.hooks.before[0].argv, ElementsAre("touch", "x"));
  EXPECT_THAT(names_of(*loaded->set("base").value()), ElementsAre("postgresql", "redis"));
}

TEST(BackupSets, RequiredMetadataNamesItsVariables) {
  const Project project;
  project.write("config/backup-sets.yaml", replaced(kSmallestSets, "    storage", R"(    required_metadata:
      - tenant_id
      - {name: project_id, variables: [PROJECT_ID, INVESTIGATION_ID]}
    storage)"));
  const auto loaded = project.load().value();
  const auto& set = *loaded.set("full").value();
  EXPECT_THAT(set.required_metadata, ElementsAre("tenant_id", "project_id"));
  EXPECT_THAT(set.metadata_variables.at("tenant_id"), ElementsAre("TENANT_ID"));
  EXPECT_THAT(set.metadata_variables.at("project_id"), ElementsAre("PROJECT_ID", "INVESTIGATION_ID"));
}

TEST(BackupSets, RetentionObeysItsVariable) {
  const Project project;
  project.write("config/backup-sets.yaml",
                replaced(kSmallestSets, "30 days", "${TEST_RETENTION_DAYS:-30} days"));
  EXPECT_EQ(project.load().value().sets[0].retention, std::chrono::hours(24 * 30));
  const ScopedVariable days("TEST_RETENTION_DAYS", "7");
  EXPECT_EQ(project.load().value().sets[0].retention, std::chrono::hours(24 * 7));
  const ScopedVariable wrong("TEST_RETENTION_DAYS", "soon");
  EXPECT_THAT(project.findings(), HasSubstr("backup-sets.yaml:3: `soon days` is no duration"));
}

TEST(BackupSets, AComponentOfOnesOwnNeedsAKindAndATree) {
  const Project project;
  project.write("config/backup-sets.yaml", replaced(kSmallestSets, "{name: postgresql}",
                                                    "{name: reports, kind: files, trees: [uploads]}"));
  EXPECT_EQ(project.findings(), "");
  project.write("config/backup-sets.yaml", replaced(kSmallestSets, "{name: postgresql}", "{name: reports}"));
  EXPECT_THAT(
      project.findings(),
      HasSubstr("component `reports` is not known (give it a `kind`, such as files; known: postgresql"));
}

struct Wrong {
  const char* from;
  const char* to;
  const char* finding;
};

class WrongBackupSet : public testing::TestWithParam<Wrong> {};

TEST_P(WrongBackupSet, IsFoundWithLineAndFix) {
  const Project project;
  project.write("config/backup-sets.yaml", replaced(kSmallestSets, GetParam().from, GetParam().to));
  EXPECT_THAT(project.findings(), HasSubstr(GetParam().finding));
}

INSTANTIATE_TEST_SUITE_P(
    EachMistake, WrongBackupSet,
    testing::Values(
        Wrong{"{name: postgresql}", "{name: postgress}",
              "config/backup-sets.yaml:6: component `postgress` is not known (did you mean `postgresql`?)"},
        Wrong{"{name: postgresql}", "{name: postgress, kind: postgresql}",
              "component `postgress` is not known (did you mean `postgresql`?)"},
        Wrong{"{name: postgresql}", "postgress",
              "config/backup-sets.yaml:6: component `postgress` is not known"},
        Wrong{"{name: postgresql}", "{name: postgresql, kind: neo4j}",
              "component `postgresql` is of kind `postgresql`, not `neo4j`"},
        Wrong{"{name: postgresql}", "{name: mine, kind: postgres}",
              "kind `postgres` of component `mine` is not known (did you mean `postgresql`?)"},
        Wrong{"{name: postgresql}", "{name: postgresql, method: physical}",
              "`physical` is no method of this version for kind `postgresql` (known: logical)"},
        Wrong{"{name: postgresql}", "{name: postgresql, endpoints: [postgresq]}",
              "names the endpoint `postgresq`, which no environment declares (did you mean `postgresql`?)"},
        Wrong{"{name: postgresql}", "{name: uploads, trees: [upload]}",
              "names the tree `upload`, which no environment declares (did you mean `uploads`?)"},
        Wrong{"{name: postgresql}", "{name: terraform}",
              "names the tree `terraform`, which no environment declares"},
        Wrong{"{name: postgresql}", "{name: postgresql, trees: [uploads]}",
              "component `postgresql` of kind `postgresql` takes no trees"},
        Wrong{"{name: postgresql}", "{name: timescaledb}",
              "component `timescaledb` names no hypertables (add `tables: [events]`)"},
        Wrong{"{name: postgresql}", "{name: postgresql, filter: tenant}",
              "component `postgresql` is filtered by tenant, and set `full` does not require `tenant_id`"},
        Wrong{"{name: postgresql}", "{name: postgresql, filter: tenants}",
              "`tenants` is no filter of a component (did you mean `tenant`?)"},
        Wrong{"{name: postgresql}", "{kind: files}", "backup-sets.yaml:6: a component has no `name`"},
        Wrong{"{name: postgresql}", "{name: postgresql, requird: false}",
              "key `requird` of a component is not known (did you mean `required`?)"},
        Wrong{"{name: postgresql}", "{name: postgresql, required: perhaps}",
              "`perhaps` is neither true nor false"},
        Wrong{"      - {name: postgresql}\n", "      - postgresql\n      - postgresql\n",
              "backup-sets.yaml:7: component `postgresql` comes twice in set `full`"},
        Wrong{"    components:\n      - {name: postgresql}\n", "", "set `full` has no components"},
        Wrong{"    retention: 30 days\n", "", "set `full` has no `retention`"},
        Wrong{"    storage: [local]\n", "", "set `full` has no `storage`"},
        Wrong{"storage: [local]", "storage: [locale]",
              "backup-sets.yaml:4: `locale` is no storage of set `full` (did you mean `local`?)"},
        Wrong{"storage: [local]", "storage: [local]\n    schedule: 0 25 * * *",
              "backup-sets.yaml:5: hour `25` is not within 0 and 23"},
        Wrong{"storage: [local]", "storage: [local]\n    estimate: {size: huge}",
              "`huge` is no size (write for example 500 MB"},
        Wrong{"storage: [local]", "storage: [local]\n    extends: fulll",
              "set `full` extends `fulll`, which is no set (did you mean `full`?)"},
        Wrong{"storage: [local]", "storage: [local]\n    extends: full",
              "set `full` extends itself: full > full (break the circle)"},
        Wrong{"storage: [local]", "storage: [local]\n    without: [redis]",
              "set `full` is without `redis`, which its base does not have"},
        Wrong{"  full:", "  full-daily:", "set `full-daily` has a `-` in its name (write `_` instead)"},
        Wrong{"  full:", "  full: {}\n  full:", "`full` comes twice in backup_sets"},
        Wrong{"retention: 30 days", "retention: ${TEST_SURELY_UNSET} days",
              "variable TEST_SURELY_UNSET is not set"},
        Wrong{"backup_sets:", "sets:", "the file has no `backup_sets`"}));

TEST(BackupSets, CirclesOfSeveralSetsAreFound) {
  const Project project;
  project.write("config/backup-sets.yaml",
                kSmallestSets + "  a: {extends: b}\n  b: {extends: c}\n  c: {extends: a}\n");
  EXPECT_THAT(project.findings(),
              testing::StartsWith("3 findings in the configuration\nconfig/backup-sets.yaml:7: set `a` "
                                  "extends itself: a > b > c > a"));
}

}  // namespace
}  // namespace summit::config
