#include "config/variables.h"

#include <gmock/gmock.h>

#include "project.h"

namespace summit::config {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(Variables, TheRealEnvironmentWinsOverEnvFilesAndLaterFilesOverEarlierOnes) {
  const Project project;
  project.write(".env", "SUMMIT_TEST_A=file\nSUMMIT_TEST_B=file\nSUMMIT_TEST_C=file\n");
  project.write(".env.local", "SUMMIT_TEST_C=local\n");
  const ScopedVariable a("SUMMIT_TEST_A", "real");
  const auto variables =
      Variables::load({project.path() / ".env", project.path() / ".env.local", project.path() / "absent"})
          .value();
  EXPECT_EQ(variables.get("SUMMIT_TEST_A"), "real");
  EXPECT_EQ(variables.origin("SUMMIT_TEST_A"), "the environment");
  EXPECT_EQ(variables.get("SUMMIT_TEST_B"), "file");
  EXPECT_EQ(variables.origin("SUMMIT_TEST_B"), ".env:2");
  EXPECT_EQ(variables.get("SUMMIT_TEST_C"), "local");
}

TEST(Variables, AnEmptyValueCountsAsUnset) {
  const Project project;
  project.write(".env", "SUMMIT_TEST_A=from-file\nSUMMIT_TEST_B=\n");
  const ScopedVariable a("SUMMIT_TEST_A", "");
  const auto variables = Variables::load(project.path()).value();
  EXPECT_EQ(variables.get("SUMMIT_TEST_A"), "from-file");
  EXPECT_EQ(variables.get("SUMMIT_TEST_B"), std::nullopt);
  EXPECT_EQ(variables.get_or("SUMMIT_TEST_B", "fallback"), "fallback");
}

TEST(Variables, PartsOfAUrlAreVariables) {
  const Variables variables(
      {{"DATABASE_URL", "postgresql://summit:pw@db:6432/summit_dev"}, {"DATABASE_URL.port", "1"}});
  EXPECT_EQ(variables.get("DATABASE_URL.host"), "db");
  EXPECT_EQ(variables.get("DATABASE_URL.user"), "summit");
  EXPECT_EQ(variables.get("DATABASE_URL.password"), "pw");
  EXPECT_EQ(variables.get("DATABASE_URL.database"), "summit_dev");
  EXPECT_EQ(variables.get("DATABASE_URL.port"), "1") << "a variable of that very name wins";
  EXPECT_EQ(variables.get("DATABASE_URL.nonsense"), std::nullopt);
  EXPECT_EQ(variables.get("UNSET.host"), std::nullopt);
}

TEST(Variables, WhatSecretsManagerPrintedAsJsonCountsAsItsSecretString) {
  const Variables variables(
      {{"POSTGRES_HOST",
        R"({"ARN": "arn:aws:x", "SecretString": "db.example", "VersionStages": ["AWSCURRENT"]})"},
       {"RDS", R"({"SecretString": "{\"host\": \"rds.example\", \"port\": 5432}"})"},
       {"BRACES", "{not json"},
       {"OTHER", R"({"a": 1})"}});
  EXPECT_EQ(variables.get("POSTGRES_HOST"), "db.example");
  EXPECT_EQ(variables.get("RDS.host"), "rds.example");
  EXPECT_EQ(variables.get("RDS.port"), "5432");
  EXPECT_EQ(variables.get("BRACES"), "{not json");
  EXPECT_EQ(variables.get("OTHER"), R"({"a": 1})");
}

TEST(Variables, CommandSubstitutionInAnEnvFileIsReportedAndNeverExecuted) {
  const Project project;
  const auto proof = project.path() / "executed";
  project.write(".env",
                "OK=1\nSUMMIT_TEST_PASSWORD=$(aws secretsmanager get-secret-value --secret-id x; touch " +
                    proof.string() + ")\n");
  const auto variables = Variables::load(project.path()).value();
  EXPECT_FALSE(fs::exists(proof));
  EXPECT_THAT(variables.not_executed(),
              ElementsAre(HasSubstr(".env:2: SUMMIT_TEST_PASSWORD: `$(…)` is not executed")));
  EXPECT_THAT(variables.not_executed().front(), HasSubstr("password: {command: [aws, secretsmanager"));
}

TEST(Variables, AMalformedFileIsOneErrorWithEveryLine) {
  const Project project;
  project.write(".env", "no equals sign\nA=1\nB C=2\n");
  const auto variables = Variables::load(project.path());
  ASSERT_FALSE(variables.ok());
  EXPECT_EQ(variables.error().code(), Code::kConfig);
  EXPECT_THAT(variables.error().message(), HasSubstr(".env:1: "));
  EXPECT_THAT(variables.error().message(), HasSubstr(".env:3: "));
}

TEST(Variables, NamesThatSoundSecretAreKnownForRedaction) {
  const Variables variables({{"POSTGRES_PASSWORD", "pw-one"},
                             {"AWS_SECRET_ACCESS_KEY", "key-two"},
                             {"REDISCLI_AUTH", "pw-three"},
                             {"POSTGRES_HOST", "db1"},
                             {"BACKUP_ENCRYPTION_KEY_FILE", "/etc/key"},
                             {"DATABASE_URL", "postgresql://u:pw-four@h/d"}});
  const auto secrets = variables.secret_values();
  for (const auto* secret : {"pw-one", "key-two", "pw-three", "pw-four"})
    EXPECT_THAT(secrets, Contains(secret));
  EXPECT_THAT(secrets, Not(Contains("db1")));
  EXPECT_THAT(secrets, Not(Contains("/etc/key")));
}

}  // namespace
}  // namespace summit::config
