#include "backup/plan.h"

#include "world.h"

namespace summit::backup {
namespace {

config::ComponentSpec spec(const std::string& name, const std::string& kind) {
  config::ComponentSpec spec;
  spec.name = name;
  spec.kind = kind;
  return spec;
}

class Plan : public ::testing::Test {
 protected:
  Plan() {
    environment.name = "dev";
    environment.kind = config::EnvironmentClass::kDev;
    environment.layout = config::Layout::kPlain;
    environment.redis.emplace_back();
    set("full").components = {spec("redis", "redis")};
  }

  config::BackupSet& set(const std::string& name) {
    for (auto& existing : configuration.sets) {
      if (existing.name == name) return existing;
    }
    configuration.sets.emplace_back().name = name;
    return configuration.sets.back();
  }

  Result<BackupPlan> plan() const { return plan_backup(request, environment, configuration); }

  config::Configuration configuration;
  config::Environment environment;
  BackupRequest request;
};

TEST_F(Plan, AFilteredSetNeedsTheOwnersId) {
  auto filtered = spec("redis", "redis");
  filtered.filter = "tenant";
  auto& tenant = set("tenant");
  tenant.components = {filtered};
  tenant.required_metadata = {"tenant_id"};
  tenant.metadata_variables = {{"tenant_id", {"TENANT_ID", "CUSTOMER_ID"}}};
  request.set = "tenant";
  const auto refused = plan();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), Code::kUsage);
  EXPECT_EQ(refused.error().message(),
            "the set `tenant` needs tenant_id, and TENANT_ID or CUSTOMER_ID is not set");
  EXPECT_EQ(refused.error().hint(), "TENANT_ID=… summit-dr backup --set=tenant");

  configuration.variables.set("CUSTOMER_ID", "acme");
  const auto planned = plan();
  ASSERT_TRUE(planned.ok()) << planned.error().to_string();
  EXPECT_EQ(planned->scope, (Scope{{"tenant_id", "acme"}}));
  configuration.variables.set("TENANT_ID", "globex");
  EXPECT_EQ(plan()->scope, (Scope{{"tenant_id", "globex"}})) << "the first variable wins";
}

TEST_F(Plan, SaysWhichPartOfAGraphIsTakenAndFromWhere) {
  environment.neo4j.emplace_back();
  auto graph = spec("neo4j", "neo4j");
  graph.filter = "core";
  graph.labels = {"User", "Tenant"};
  set("full").components = {graph};
  const auto description = [&] {
    const auto planned = plan();
    EXPECT_TRUE(planned.ok());
    std::string text;
    for (const auto& line : planned->components.front().component->describe()) text += line + "\n";
    return text;
  };
  EXPECT_NE(description().find("scratch server and read into neo4j.graph"), std::string::npos);
  EXPECT_NE(description().find("only nodes labelled User, Tenant, with the relationships between them"),
            std::string::npos);
  set("full").components.front().method = "live";
  EXPECT_NE(description().find("read while it runs, which is no snapshot"), std::string::npos);
}

TEST_F(Plan, TakesAFilterCalledNoneAsNoFilter) {
  set("full").components.front().filter = "none";
  EXPECT_TRUE(plan().ok());
}

TEST_F(Plan, TakesTheEnvironmentsLayoutUnlessAnotherIsAskedFor) {
  environment.kind = config::EnvironmentClass::kProduction;
  environment.layout = config::Layout::kPacked;
  EXPECT_EQ(plan()->layout, config::Layout::kPacked);
  request.layout = config::Layout::kPlain;
  EXPECT_EQ(plan()->layout, config::Layout::kPlain);
  environment.layout = config::Layout::kPlain;
  request.layout = config::Layout::kPacked;
  EXPECT_EQ(plan()->layout, config::Layout::kPacked);
}

TEST_F(Plan, NamesSeveralInstancesOfAKindByTheirEndpoint) {
  environment.redis.emplace_back().name = "sessions";
  const auto planned = plan();
  ASSERT_TRUE(planned.ok());
  ASSERT_EQ(planned->components.size(), 2U);
  EXPECT_EQ(planned->components[0].name, "redis/redis");
  EXPECT_EQ(planned->components[1].name, "redis/sessions");
  EXPECT_EQ(planned->components[1].store, "sessions");
}

TEST_F(Plan, TakesOnlyTheEndpointsThatTheSetNames) {
  environment.redis.emplace_back().name = "sessions";
  set("full").components.front().endpoints = {"sessions"};
  const auto planned = plan();
  ASSERT_TRUE(planned.ok());
  ASSERT_EQ(planned->components.size(), 1U);
  EXPECT_EQ(planned->components[0].name, "redis");
  EXPECT_EQ(planned->components[0].store, "sessions");
}

TEST_F(Plan, KeepsAStoreWithoutEndpointAsAbsentWithItsReason) {
  set("full").components.push_back(spec("neo4j", "neo4j"));
  const auto planned = plan();
  ASSERT_TRUE(planned.ok());
  ASSERT_EQ(planned->components.size(), 2U);
  EXPECT_EQ(planned->components[1].component, nullptr);
  EXPECT_EQ(planned->components[1].absent_reason, "no neo4j endpoint is declared for `dev`");
  EXPECT_NE(planned->components[1].absent_hint.find("environments.dev.endpoints"), std::string::npos);
}

TEST_F(Plan, HoldsOnlyTheChosenDatastores) {
  set("full").components.push_back(spec("neo4j", "neo4j"));
  request.datastores = {"redis"};
  const auto planned = plan();
  ASSERT_TRUE(planned.ok());
  ASSERT_EQ(planned->components.size(), 1U);
  EXPECT_EQ(planned->components[0].name, "redis");
}

TEST_F(Plan, IsRefusedWhenTheSetHasNoneOfTheChosenDatastores) {
  request.datastores = {"elasticsearch"};
  const auto refused = plan();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), Code::kUsage);
}

TEST_F(Plan, OfAnUnknownSetIsNotFound) {
  request.set = "fulll";
  const auto refused = plan();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), Code::kNotFound);
}

TEST(PredictedSizes, AddUpAndNameWhoCannotTell) {
  World world;
  auto plan = world.plan({{.name = "postgresql"}, {.name = "neo4j", .kind = "neo4j"}});
  PlannedComponent absent;
  absent.name = "redis";
  plan.components.push_back(std::move(absent));
  const auto predicted = predict_size(plan, world.configuration, world.reporter, {});
  EXPECT_EQ(predicted.bytes, 80U);
  EXPECT_EQ(predicted.by_component, (std::map<std::string, uint64_t>{{"neo4j", 40}, {"postgresql", 40}}));
  EXPECT_TRUE(predicted.unknown.empty());
}

}  // namespace
}  // namespace summit::backup
