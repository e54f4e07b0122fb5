// The shipped files say what the framework and the runbook say.
#include <gmock/gmock.h>

#include <list>

#include "config/configuration.h"
#include "project.h"

namespace summit::config {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsSupersetOf;

constexpr hours kDay{24};

// The shipped files in a project without .env, and none of the variables that they use set.
class ShippedConfiguration : public testing::Test {
 protected:
  void SetUp() override {
    for (const auto* name : {"POSTGRES_HOST",
                             "POSTGRES_PORT",
                             "POSTGRES_DB",
                             "POSTGRES_USER",
                             "POSTGRES_PASSWORD",
                             "PGHOST",
                             "PGPORT",
                             "PGUSER",
                             "PGPASSWORD",
                             "PGDATABASE",
                             "DATABASE_URL",
                             "NEO4J_URI",
                             "NEO4J_USERNAME",
                             "NEO4J_PASSWORD",
                             "NEO4J_HOME",
                             "NEO4J_START_COMMAND",
                             "NEO4J_STOP_COMMAND",
                             "NEO4J_ACCESS",
                             "REDIS_HOST",
                             "REDIS_PORT",
                             "REDIS_PASSWORD",
                             "REDISCLI_AUTH",
                             "ELASTICSEARCH_URL",
                             "SUMMIT_PLATFORM_ROOT",
                             "RETENTION_DAYS",
                             "S3_BUCKET",
                             "BACKUP_BUCKET",
                             "DR_S3_BUCKET",
                             "DR_AWS_REGION",
                             "AWS_REGION",
                             "AWS_ENDPOINT_URL",
                             "SUMMIT_HEALTH_URL"}) {
      unset_.emplace_back(name, std::nullopt);
    }
    for (const auto* file : {"backup-sets.yaml", "environments.yaml"}) {
      project_.write(std::string("config/") + file,
                     read_file(fs::path(SUMMIT_SOURCE_DIR) / "config" / file).value());
    }
  }

  Configuration load() const {
    auto loaded = project_.load();
    if (!loaded.ok()) ADD_FAILURE() << loaded.error().to_string();
    return loaded.ok() ? *std::move(loaded) : Configuration();
  }

  Project project_;
  std::list<ScopedVariable> unset_;
};

struct DocumentedSet {
  const char* name;
  std::vector<std::string> components;
  const char* schedule;
  hours retention;
  std::vector<std::string> storage;
  uint64_t size;
  minutes duration;
};

TEST_F(ShippedConfiguration, TheSixSetsAreTheFrameworks) {
  const std::vector<std::string> full = {
      "neo4j",      "postgresql", "timescaledb",    "redis",   "audit_chain", "config",       "secrets",
      "provenance", "policies",   "policy_bundles", "catalog", "uploads",     "elasticsearch"};
  auto disaster_recovery = full;
  disaster_recovery.insert(disaster_recovery.end(), {"kubernetes", "terraform"});
  const std::vector<DocumentedSet> documented = {
      {"full", full, "0 2 * * *", 30 * kDay, {"local", "s3"}, 40'000'000'000, minutes(30)},
      {"minimal",
       {"postgresql", "neo4j", "redis"},
       "0 * * * *",
       7 * kDay,
       {"local"},
       3'000'000'000,
       minutes(5)},
      {"tenant",
       {"postgresql", "neo4j", "config", "audit_chain"},
       "0 * * * *",
       14 * kDay,
       {"local", "s3"},
       500'000'000,
       minutes(3)},
      {"project",
       {"postgresql", "neo4j", "artifacts", "provenance"},
       "",
       90 * kDay,
       {"local", "s3"},
       200'000'000,
       minutes(2)},
      {"config_only",
       {"config", "secrets", "policies", "policy_bundles", "catalog"},
       "0 */4 * * *",
       90 * kDay,
       {"local", "s3", "git"},
       20'000'000,
       minutes(1)},
      {"disaster_recovery",
       disaster_recovery,
       "0 */6 * * *",
       60 * kDay,
       {"s3", "s3_dr"},
       50'000'000'000,
       minutes(45)},
  };
  const auto configuration = load();
  EXPECT_EQ(configuration.sets.size(), documented.size());
  for (const auto& expected : documented) {
    SCOPED_TRACE(expected.name);
    const auto set = configuration.set(expected.name);
    ASSERT_TRUE(set.ok());
    std::vector<std::string> components;
    for (const auto& component : (*set)->components) components.push_back(component.name);
    EXPECT_THAT(components, testing::UnorderedElementsAreArray(expected.components));
    EXPECT_EQ((*set)->schedule, expected.schedule);
    EXPECT_EQ((*set)->retention, expected.retention);
    EXPECT_EQ((*set)->storage, expected.storage);
    EXPECT_EQ((*set)->estimated_size, expected.size);
    EXPECT_EQ((*set)->estimated_duration, expected.duration);
    EXPECT_FALSE((*set)->use_case.empty());
    EXPECT_FALSE((*set)->frequency.empty());
  }
}

TEST_F(ShippedConfiguration, TheDetailsOfTheSetsAreTheFrameworks) {
  const auto configuration = load();
  const auto& full = *configuration.set("full").value();
  for (const auto& component : full.components) {
    EXPECT_EQ(component.required, component.name != "elasticsearch" && component.name != "policy_bundles")
        << component.name;
    EXPECT_EQ(component.filter, "none");
    if (component.name == "timescaledb") {
      EXPECT_THAT(component.tables, ElementsAre("events", "temporal_patterns", "analytics_traces"));
    }
    if (component.name == "neo4j") {
      EXPECT_EQ(component.method, "hot_copy");
    }
  }
  const auto& minimal = *configuration.set("minimal").value();
  EXPECT_THAT(minimal.components[0].tables,
              ElementsAre("entities", "investigations", "users", "runs", "tasks", "runbooks"));
  EXPECT_THAT(configuration.set("tenant").value()->required_metadata, ElementsAre("tenant_id"));
  EXPECT_THAT(configuration.set("project").value()->metadata_variables.at("project_id"),
              ElementsAre("PROJECT_ID", "INVESTIGATION_ID"));
  const auto& recovery = *configuration.set("disaster_recovery").value();
  EXPECT_TRUE(recovery.cross_region_replication);
  EXPECT_TRUE(recovery.verify_all_regions);
  EXPECT_EQ(recovery.s3_prefix, "dr-backups/");
  EXPECT_EQ(full.s3_prefix, "summit-backups/");
}

TEST_F(ShippedConfiguration, RetentionDaysOverridesEverySet) {
  const ScopedVariable days("RETENTION_DAYS", "7");
  for (const auto& set : load().sets) EXPECT_EQ(set.retention, 7 * kDay) << set.name;
}

struct DocumentedEnvironment {
  const char* name;
  EnvironmentClass kind;
  minutes recovery_point;
  minutes recovery_time;
  hours retention;
  Layout layout;
  bool encrypted;
  Sanitization sanitization;
  unsigned reduction;
};

TEST_F(ShippedConfiguration, TheEnvironmentsAreThoseOfBothDocuments) {
  const std::vector<DocumentedEnvironment> documented = {
      {"production", EnvironmentClass::kProduction, minutes(15), hours(4), 30 * kDay, Layout::kPacked, true,
       Sanitization::kNone, 100},
      {"prod", EnvironmentClass::kProduction, minutes(15), hours(4), 30 * kDay, Layout::kPacked, true,
       Sanitization::kNone, 100},
      {"staging", EnvironmentClass::kStaging, hours(1), hours(8), 14 * kDay, Layout::kPacked, true,
       Sanitization::kMinimal, 100},
      {"dr_rehearsal", EnvironmentClass::kDrRehearsal, minutes(15), hours(4), 60 * kDay, Layout::kPacked,
       true, Sanitization::kNone, 100},
      {"dev", EnvironmentClass::kDev, hours(4), minutes(30), hours(0), Layout::kPlain, false,
       Sanitization::kFull, 10},
      {"development", EnvironmentClass::kDev, hours(4), minutes(30), hours(0), Layout::kPlain, false,
       Sanitization::kFull, 10},
      {"test", EnvironmentClass::kTest, hours(4), hours(24), 7 * kDay, Layout::kPlain, false,
       Sanitization::kFull, 20},
      {"testing", EnvironmentClass::kTest, hours(4), hours(24), 7 * kDay, Layout::kPlain, false,
       Sanitization::kFull, 20},
      {"dr-drill", EnvironmentClass::kDrDrill, minutes(15), hours(4), 60 * kDay, Layout::kPacked, true,
       Sanitization::kNone, 100},
  };
  const auto configuration = load();
  for (const auto& expected : documented) {
    SCOPED_TRACE(expected.name);
    const auto found = configuration.environment(expected.name);
    ASSERT_TRUE(found.ok());
    const auto& environment = **found;
    EXPECT_EQ(environment.kind, expected.kind);
    EXPECT_EQ(environment.objectives.recovery_point, expected.recovery_point);
    EXPECT_EQ(environment.objectives.recovery_time, expected.recovery_time);
    EXPECT_EQ(environment.retention, expected.retention);
    EXPECT_EQ(environment.layout, expected.layout);
    EXPECT_EQ(environment.encrypted, expected.encrypted);
    EXPECT_EQ(environment.sanitization, expected.sanitization);
    EXPECT_EQ(environment.reduction_percent, expected.reduction);
    EXPECT_FALSE(environment.credential_source.empty());
    EXPECT_EQ(environment.probes.at(0).url, "http://localhost:4000/health");
  }
}

TEST_F(ShippedConfiguration, ObjectivesByStoreAreTheRunbooksWithinThePromise) {
  const auto configuration = load();
  const auto& stores = configuration.environment("production").value()->store_objectives;
  EXPECT_EQ(stores.at("postgresql").recovery_point_alarm, minutes(5));
  EXPECT_EQ(stores.at("postgresql").recovery_time, hours(1));
  EXPECT_EQ(stores.at("neo4j").recovery_time, hours(2));
  EXPECT_EQ(stores.at("redis").recovery_time, minutes(15));
  EXPECT_EQ(stores.at("timescaledb").recovery_time, hours(2));
  for (const auto& [store, objectives] : stores) EXPECT_EQ(objectives.recovery_point, minutes(15)) << store;
}

TEST_F(ShippedConfiguration, BucketsAndRegionsAreTheDocumentedOnesUntilVariablesWin) {
  {
    const auto configuration = load();
    const auto& storage = configuration.environment("production").value()->storage;
    EXPECT_EQ(storage.s3_bucket, "summit-backups-prod");
    EXPECT_EQ(storage.region, "us-west-2");
    EXPECT_EQ(storage.s3_prefix, "summit-backups/");
    EXPECT_EQ(storage.database_bucket, "summit-prod-backups");
    EXPECT_EQ(storage.dr_bucket, "summit-backups-dr");
    EXPECT_EQ(storage.dr_region, "us-east-1");
    EXPECT_EQ(storage.dr_prefix, "dr-backups/");
    EXPECT_EQ(storage.restore_test_prefix, "restore-tests/");
    EXPECT_EQ(storage.encryption, "KMS");
    EXPECT_EQ(storage.lifecycle.standard_ia_after, 30 * kDay);
    EXPECT_EQ(storage.lifecycle.glacier_after, 90 * kDay);
    EXPECT_EQ(storage.lifecycle.delete_after_retention, 30 * kDay);
    EXPECT_EQ(configuration.environment("staging").value()->storage.database_bucket,
              "summit-staging-backups");
    EXPECT_EQ(configuration.environment("staging").value()->storage.encryption, "AES256");
    EXPECT_FALSE(bucket_is_asked_for(configuration.variables));
  }
  const ScopedVariable bucket("S3_BUCKET", "mine");
  const ScopedVariable region("AWS_REGION", "eu-central-1");
  const ScopedVariable url("AWS_ENDPOINT_URL", "http://localhost:9000");
  const auto configuration = load();
  EXPECT_EQ(configuration.environment("production").value()->storage.s3_bucket, "mine");
  EXPECT_EQ(configuration.environment("dev").value()->storage.region, "eu-central-1");
  EXPECT_EQ(configuration.environment("dev").value()->storage.endpoint_url, "http://localhost:9000");
  EXPECT_TRUE(bucket_is_asked_for(configuration.variables));
}

TEST_F(ShippedConfiguration, DevelopmentWorksWithoutAnyVariable) {
  const auto dev = load().resolve("dev");
  ASSERT_TRUE(dev.ok()) << dev.error().to_string();
  EXPECT_EQ(dev->postgresql[0].host, "localhost");
  EXPECT_EQ(dev->postgresql[0].port, 5432);
  EXPECT_EQ(dev->postgresql[0].user, "summit");
  EXPECT_THAT(dev->postgresql[0].databases, ElementsAre("summit_dev"));
  EXPECT_EQ(dev->neo4j[0].bolt_uri, "bolt://localhost:7687");
  EXPECT_EQ(dev->neo4j[0].user, "neo4j");
  EXPECT_EQ(dev->redis[0].port, 6379);
  EXPECT_TRUE(dev->elasticsearch.empty());
  EXPECT_EQ(dev->files[0].root, project_.path());
}

TEST_F(ShippedConfiguration, TheAppendixVariablesOfAnEnvFileReachTheEndpoints) {
  project_.write(".env", R"(POSTGRES_HOST=127.0.0.1
POSTGRES_PORT=40001
POSTGRES_DB=summit_dev
POSTGRES_USER=summit
POSTGRES_PASSWORD=pg-password
POSTGRES_BIN_DIR=/opt/pg/bin
NEO4J_URI=bolt://127.0.0.1:40002
NEO4J_USERNAME=neo4j
NEO4J_PASSWORD=neo-password
NEO4J_HOME=/srv/neo4j
NEO4J_START_COMMAND=/x/summit-dr-dev start neo4j --root=/x/.summit
NEO4J_STOP_COMMAND="/x/summit-dr-dev stop neo4j --root='/x/.summit'"
REDIS_HOST=127.0.0.1
REDIS_PORT=40004
REDIS_PASSWORD=redis-password
ELASTICSEARCH_URL=http://127.0.0.1:40005
SUMMIT_PLATFORM_ROOT=.summit/platform
)");
  const auto dev = load().resolve("dev");
  ASSERT_TRUE(dev.ok()) << dev.error().to_string();
  EXPECT_EQ(dev->postgresql[0].port, 40001);
  EXPECT_EQ(dev->postgresql[0].password.reveal(), "pg-password");
  EXPECT_EQ(dev->postgresql[0].bin_directory, "/opt/pg/bin");
  EXPECT_EQ(dev->neo4j[0].password.reveal(), "neo-password");
  EXPECT_EQ(dev->neo4j[0].home, "/srv/neo4j");
  EXPECT_THAT(dev->neo4j[0].access.start_command,
              ElementsAre("/x/summit-dr-dev", "start", "neo4j", "--root=/x/.summit"));
  EXPECT_THAT(dev->neo4j[0].access.stop_command,
              ElementsAre("/x/summit-dr-dev", "stop", "neo4j", "--root=/x/.summit"));
  EXPECT_EQ(dev->redis[0].password.reveal(), "redis-password");
  EXPECT_EQ(dev->elasticsearch.at(0).url, "http://127.0.0.1:40005");
  std::map<std::string, fs::path> roots;
  for (const auto& tree : dev->files) roots[tree.name] = tree.root;
  const auto root = project_.path() / ".summit/platform";
  EXPECT_EQ(roots.at("config"), root);
  EXPECT_EQ(roots.at("uploads"), root / "uploads");
  EXPECT_EQ(roots.at("audit_chain"), root / "audit");
  EXPECT_EQ(roots.at("terraform"), root / "terraform");
}

TEST_F(ShippedConfiguration, LibpqsVariablesAndDatabaseUrlAreFallbacks) {
  project_.write(".env",
                 "DATABASE_URL=postgresql://url-user:url-password@url-host:1111/"
                 "url_db\nPGHOST=pg-host\nPOSTGRES_PORT=3333\n");
  const auto dev = load().resolve("dev").value();
  EXPECT_EQ(dev.postgresql[0].host, "pg-host");
  EXPECT_EQ(dev.postgresql[0].port, 3333);
  EXPECT_EQ(dev.postgresql[0].user, "url-user");
  EXPECT_EQ(dev.postgresql[0].password.reveal(), "url-password");
  EXPECT_THAT(dev.postgresql[0].databases, ElementsAre("url_db"));
}

TEST_F(ShippedConfiguration, TheRunbooksProductionBackupNeedsOnlyPostgresqlsVariables) {
  const ScopedVariable host("PGHOST", "your-rds-host.rds.amazonaws.com");
  const ScopedVariable user("PGUSER", "summit");
  const ScopedVariable password("PGPASSWORD", R"({"SecretString": "from-secrets-manager"})");
  const ScopedVariable database("PGDATABASE", "summit_prod");
  const auto production = load().resolve("production", {"postgresql"});
  ASSERT_TRUE(production.ok()) << production.error().to_string();
  EXPECT_EQ(production->postgresql[0].host, "your-rds-host.rds.amazonaws.com");
  EXPECT_EQ(production->postgresql[0].password.reveal(), "from-secrets-manager");
  EXPECT_EQ(production->postgresql[0].ssl_mode, "require");
}

TEST_F(ShippedConfiguration, TheDevelopmentEnvFileNeverAnswersForProduction) {
  project_.write(".env", "POSTGRES_HOST=127.0.0.1\nNEO4J_URI=bolt://127.0.0.1\nREDIS_HOST=127.0.0.1\n");
  const auto production = load().resolve("production");
  ASSERT_FALSE(production.ok());
  EXPECT_THAT(
      production.error().message(),
      HasSubstr(
          "variable POSTGRES_HOST is not set (export POSTGRES_HOST=…, or put it into .env.production)"));
}

TEST_F(ShippedConfiguration, ACommandSubstitutionInTheAppendixFormIsExplained) {
  project_.write(".env",
                 "POSTGRES_HOST=localhost\nPOSTGRES_PASSWORD=$(aws secretsmanager get-secret-value "
                 "--secret-id summit/prod/db/password)\n");
  const auto dev = load().resolve("dev");
  ASSERT_FALSE(dev.ok());
  EXPECT_THAT(dev.error().message(),
              HasSubstr("POSTGRES_PASSWORD of .env:2 holds `$(…)`, which is not executed"));
  EXPECT_THAT(dev.error().message(), HasSubstr("{command: [aws, secretsmanager, get-secret-value"));
}

TEST_F(ShippedConfiguration, EnvFilesKeysAndSecretManifestsAreSecretsEverywhere) {
  for (const auto& environment : load().environments) {
    for (const auto& tree : environment.files) {
      if (tree.name == "config") {
        EXPECT_THAT(tree.secret, IsSupersetOf({".env", ".env.*", "**/*.pem", "**/*.key"}));
      }
      if (tree.name == "kubernetes") {
        EXPECT_THAT(tree.secret, IsSupersetOf({"**/*secret*.yaml", "**/*.key"}));
      }
    }
  }
}

TEST_F(ShippedConfiguration, NoMachineIsAllowedToTouchProductionAsShipped) {
  EXPECT_TRUE(load().environment("production").value()->hosts.empty());
}

}  // namespace
}  // namespace summit::config
