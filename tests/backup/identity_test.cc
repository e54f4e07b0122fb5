#include "backup/identity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "core/host.h"

namespace summit::backup {
namespace {

using config::EnvironmentClass;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

config::Environment environment(EnvironmentClass kind = EnvironmentClass::kDev) {
  config::Environment environment;
  environment.name = kind == EnvironmentClass::kProduction ? "production" : "dev";
  environment.kind = kind;
  return environment;
}

StoreIdentity marked(const std::string& store, const std::string& environment) {
  StoreIdentity identity{
      .store = store, .kind = store, .reachable = true, .problem = {}, .empty = false, .marker = {}};
  identity.marker =
      config::EnvironmentMarker{environment, environment, "2026-11-21T03:10:48Z", std::string(32, 'a')};
  return identity;
}
StoreIdentity unmarked(const std::string& store) {
  return {.store = store, .kind = store, .reachable = true, .problem = {}, .empty = false, .marker = {}};
}
StoreIdentity empty(const std::string& store) {
  return {.store = store, .kind = store, .reachable = true, .problem = {}, .empty = true, .marker = {}};
}
StoreIdentity unreachable(const std::string& store) {
  return {.store = store,
          .kind = store,
          .reachable = false,
          .problem = "no answer",
          .empty = false,
          .marker = {}};
}

StoreIdentity doubtful(const std::string& store) {
  auto identity = unreachable(store);
  identity.doubt = Error(Code::kCorrupt, "two markers").hint("remove one");
  return identity;
}

enum class Verdict { kAccepted, kWarned, kRefused };

TEST(Identities, TruthTableOfMarkersForReadingAndForOverwriting) {
  using enum Verdict;
  struct Row {
    const char* what;
    std::vector<StoreIdentity> stores;
    Verdict reading;
    Verdict overwriting;
  };
  const Row rows[] = {
      {"no stores at all", {}, kAccepted, kAccepted},
      {"marked as this environment", {marked("postgresql", "dev")}, kAccepted, kAccepted},
      {"marked as another", {marked("postgresql", "production")}, kRefused, kRefused},
      {"one of two marked as another",
       {marked("postgresql", "dev"), marked("neo4j", "production")},
       kRefused,
       kRefused},
      {"data without a marker", {unmarked("postgresql")}, kRefused, kRefused},
      {"a cache without a marker, alone", {unmarked("redis")}, kRefused, kRefused},
      {"empty without a marker", {empty("postgresql")}, kAccepted, kAccepted},
      {"empty beside data without a marker", {empty("postgresql"), unmarked("neo4j")}, kRefused, kRefused},
      {"unreachable", {unreachable("postgresql")}, kAccepted, kAccepted},
      {"a cache without a marker beside a marked store",
       {marked("postgresql", "dev"), unmarked("redis")},
       kWarned,
       kWarned},
      {"data without a marker beside a marked store",
       {marked("postgresql", "dev"), unmarked("neo4j")},
       kWarned,
       kRefused},
      {"the unmarked one first", {unmarked("neo4j"), marked("postgresql", "dev")}, kWarned, kRefused},
  };
  for (const auto& row : rows) {
    for (const auto purpose : {Purpose::kRead, Purpose::kOverwrite}) {
      const auto expected = purpose == Purpose::kRead ? row.reading : row.overwriting;
      const auto checked = check_identities(environment(), row.stores, purpose);
      const auto verdict = !checked.ok() ? kRefused : checked->empty() ? kAccepted : kWarned;
      EXPECT_EQ(verdict, expected) << row.what << (purpose == Purpose::kRead ? " (read)" : " (overwrite)");
      EXPECT_TRUE(checked.ok() || checked.error().code() == Code::kRefused) << row.what;
    }
  }
}

TEST(Identities, ARefusalNamesTheStoreBothEnvironmentsAndTheCommandThatMendsIt) {
  const auto elsewhere = check_identities(environment(), {marked("neo4j", "production")}, Purpose::kRead);
  ASSERT_FALSE(elsewhere.ok());
  EXPECT_THAT(elsewhere.error().message(),
              ::testing::AllOf(HasSubstr("neo4j"), HasSubstr("`production`"), HasSubstr("`dev`")));
  EXPECT_THAT(elsewhere.error().hint(), HasSubstr("--env=production"));

  const auto unknown =
      check_identities(environment(), {unmarked("neo4j"), unmarked("postgresql")}, Purpose::kRead);
  ASSERT_FALSE(unknown.ok());
  EXPECT_THAT(unknown.error().message(), HasSubstr("neo4j and postgresql"));
  EXPECT_THAT(unknown.error().hint(), HasSubstr("summit-dr env adopt dev"));
}

TEST(Identities, AToleratedStoreIsNamedWithTheCommandThatMarksIt) {
  const auto checked =
      check_identities(environment(), {marked("postgresql", "dev"), unmarked("redis")}, Purpose::kOverwrite);
  ASSERT_TRUE(checked.ok());
  EXPECT_THAT(*checked,
              ElementsAre(::testing::AllOf(HasSubstr("redis"), HasSubstr("summit-dr env adopt dev"))));
}

TEST(Identities, WhatCannotBeToldIsNeverOverwritten) {
  const std::vector<StoreIdentity> stores{marked("postgresql", "dev"), doubtful("neo4j")};
  EXPECT_TRUE(check_identities(environment(), stores, Purpose::kRead).ok());
  const auto checked = check_identities(environment(), stores, Purpose::kOverwrite);
  ASSERT_FALSE(checked.ok());
  EXPECT_EQ(checked.error().code(), Code::kCorrupt);
  EXPECT_THAT(checked.error().to_string(),
              ::testing::AllOf(HasSubstr("to which environment neo4j belongs"), HasSubstr("two markers")));
  EXPECT_THAT(checked.error().hint(), HasSubstr("env adopt dev --replace"));
  const auto elsewhere = check_identities(environment(), {doubtful("neo4j"), marked("redis", "production")},
                                          Purpose::kOverwrite);
  EXPECT_EQ(elsewhere.error().code(), Code::kRefused) << "what is known weighs more";
}

class ScopedVariable {
 public:
  ScopedVariable(const char* name, const char* value) : name_(name) { setenv(name, value, 1); }
  ~ScopedVariable() { unsetenv(name_); }
  ScopedVariable(const ScopedVariable&) = delete;
  ScopedVariable& operator=(const ScopedVariable&) = delete;

 private:
  const char* name_;
};

TEST(Identities, OnlyEndpointsOfTheChosenDatastoresAreNeeded) {
  using ::testing::IsEmpty;
  using ::testing::UnorderedElementsAre;
  EXPECT_THAT(endpoint_kinds({}, Purpose::kRead), IsEmpty()) << "nothing chosen means everything";
  EXPECT_THAT(endpoint_kinds({"postgres"}, Purpose::kRead), UnorderedElementsAre("files", "postgresql"));
  EXPECT_THAT(endpoint_kinds({"timescaledb"}, Purpose::kRead), UnorderedElementsAre("files", "postgresql"));
  EXPECT_THAT(endpoint_kinds({"neo4j", "redis"}, Purpose::kOverwrite),
              UnorderedElementsAre("files", "neo4j", "redis"));
  EXPECT_THAT(endpoint_kinds({"elasticsearch"}, Purpose::kRead),
              UnorderedElementsAre("files", "elasticsearch"));
  EXPECT_THAT(endpoint_kinds({"uploads"}, Purpose::kRead), UnorderedElementsAre("files"))
      << "an empty list would mean every kind";
}

TEST(Identities, TheSecretsNeedPostgresqlForItsRolePasswordsWhenTheyAreRead) {
  using ::testing::UnorderedElementsAre;
  for (const std::string datastore : {"secrets", "config"}) {
    EXPECT_THAT(endpoint_kinds({datastore}, Purpose::kRead), UnorderedElementsAre("files", "postgresql"));
    EXPECT_THAT(endpoint_kinds({datastore}, Purpose::kOverwrite), UnorderedElementsAre("files"));
  }
}

TEST(Production, OtherEnvironmentsNeedNeitherHostNorConfirmation) {
  for (const auto kind : {EnvironmentClass::kDev, EnvironmentClass::kStaging, EnvironmentClass::kDrRehearsal,
                          EnvironmentClass::kTest, EnvironmentClass::kDrDrill}) {
    EXPECT_TRUE(check_production(environment(kind), false).ok());
  }
}

TEST(Production, NoConfirmationLiftsAnUnregisteredHost) {
  auto production = environment(EnvironmentClass::kProduction);
  production.hosts = {"some-other-machine"};
  const auto refused = check_production(production, true);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), Code::kRefused);
  EXPECT_THAT(refused.error().message(), HasSubstr("no flag lifts that"));

  const ScopedVariable in_pod("KUBERNETES_SERVICE_HOST", "10.0.0.1");
  const ScopedVariable allowed("SUMMIT_DR_JOB_CONFIRM_PRODUCTION", "true");
  EXPECT_FALSE(check_production(production, true).ok());
}

TEST(Production, ARegisteredHostNeedsTheConfirmation) {
  auto production = environment(EnvironmentClass::kProduction);
  production.hosts = {host_name()};
  EXPECT_TRUE(check_production(production, true).ok());
  if (standing_confirmation()) return;  // an administrator allowed it on this very machine
  const auto refused = check_production(production, false);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().hint(), "add --confirm-production");
}

TEST(Production, TheJobsVariableConfirmsOnlyWithinAPodAndOnlyWhenTrue) {
  if (standing_confirmation()) return;  // an administrator allowed it on this very machine
  {
    const ScopedVariable allowed("SUMMIT_DR_JOB_CONFIRM_PRODUCTION", "true");
    EXPECT_FALSE(standing_confirmation());
  }
  const ScopedVariable in_pod("KUBERNETES_SERVICE_HOST", "10.0.0.1");
  EXPECT_FALSE(standing_confirmation());
  const ScopedVariable not_true("SUMMIT_DR_JOB_CONFIRM_PRODUCTION", "yes");
  EXPECT_FALSE(standing_confirmation());
  const ScopedVariable allowed("SUMMIT_DR_JOB_CONFIRM_PRODUCTION", "true");
  EXPECT_TRUE(standing_confirmation());
}

TEST(Markers, ARestoreKeepsTheIdentityThatIsThere) {
  const auto marker = marker_to_write(environment(), {empty("postgresql"), marked("neo4j", "dev")});
  ASSERT_TRUE(marker.ok());
  EXPECT_EQ(*marker, marked("neo4j", "dev").marker);
}

TEST(Markers, AnEmptyPlatformGetsANewIdentityOfTheEnvironment) {
  const auto one = marker_to_write(environment(), {empty("postgresql")});
  const auto other = marker_to_write(environment(), {empty("postgresql")});
  ASSERT_TRUE(one.ok() && one->has_value());
  ASSERT_TRUE(other.ok() && other->has_value());
  EXPECT_EQ((*one)->environment, "dev");
  EXPECT_EQ((*one)->kind, "dev");
  EXPECT_THAT((*one)->identity, ::testing::MatchesRegex("[0-9a-f]{32}"));
  EXPECT_NE((*one)->identity, (*other)->identity);
}

TEST(Markers, FilesKeepNone) {
  const auto marker = marker_to_write(environment(), {});
  ASSERT_TRUE(marker.ok());
  EXPECT_FALSE(marker->has_value());
}

}  // namespace
}  // namespace summit::backup
