#include <gmock/gmock.h>

#include "project.h"

namespace summit::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

// A second environment whose password command leaves a trace.
std::string production_with_command(const fs::path& proof) {
  return R"(
  production:
    class: production
    objectives: {recovery_point: 15 minutes, recovery_time: 4 hours}
    retention: 30 days
    endpoints:
      postgresql:
        - {name: postgresql, host: "${TEST_PROD_HOST}", user: summit, databases: [summit_prod], password: {command: [sh, -c, "touch )" +
         proof.string() + R"(; echo pw"]}}
      redis:
        - {name: redis, host: "${TEST_PROD_REDIS}"}
)";
}

TEST(Environments, EverythingOfAnEndpointIsRead) {
  const Project project;
  const ScopedVariable command("TEST_START", "summit-dr-dev start 'neo 4j' --root=/x");
  project.write("config/environments.yaml", R"(environments:
  dev:
    aliases: [development]
    class: dev
    objectives: {recovery_point: 4 hours, recovery_time: 30 minutes}
    retention: manual
    layout: plain
    sanitization: full
    reduction_percent: 10
    hosts: [laptop]
    endpoints:
      postgresql:
        - name: main
          host: /run/postgresql
          port: 6432
          user: summit
          databases: [summit_dev, analytics]
          ssl_mode: verify-full
          bin_directory: /opt/pg/bin
          data_directory: data/pg
          access: {kind: docker, container: postgres, run_as: "999:999"}
        - {name: second, user: summit, databases: other}
      neo4j:
        - bolt_uri: neo4j+s://graph.example:7687
          home: /opt/neo4j
          backup_command: neo4j-admin database backup --to-path={directory} {database}
          restore_command: [neo4j-admin, database, restore, "--from-path={file}", "{database}"]
          command_timeout: 3 hours
          access: {start_command: "${TEST_START}", stop_command: [systemctl, stop, neo4j]}
      redis:
        - {host: cache, port: 6380, user: backup, tls: true, ca_file: /etc/ca.pem}
      elasticsearch:
        - {url: "http://search:9200", reindex_command: make reindex}
      files:
        - {name: uploads, root: uploads, include: ["**/*.bin"], exclude: [tmp], secret: ["*.key"]}
    probes:
      - {url: "http://localhost:4000/health", required: true}
    backup_hooks:
      neo4j:
        before: [[touch, /tmp/x]]
    restore_hooks:
      all:
        before: [{command: docker stop api, timeout: 90 seconds, required: false}]
        after: [docker start api]
)");
  const auto loaded = project.load();
  ASSERT_TRUE(loaded.ok()) << loaded.error().to_string();
  const auto dev = loaded->resolve("development").value();
  EXPECT_EQ(dev.retention.count(), 0) << "manual";
  EXPECT_EQ(dev.layout, Layout::kPlain);
  EXPECT_EQ(dev.reduction_percent, 10U);
  ASSERT_THAT(dev.postgresql, SizeIs(2));
  EXPECT_EQ(dev.postgresql[0].host, "/run/postgresql");
  EXPECT_EQ(dev.postgresql[0].port, 6432);
  EXPECT_THAT(dev.postgresql[0].databases, ElementsAre("summit_dev", "analytics"));
  EXPECT_EQ(dev.postgresql[0].ssl_mode, "verify-full");
  EXPECT_EQ(dev.postgresql[0].data_directory, project.path() / "data/pg");
  EXPECT_EQ(dev.postgresql[0].access.kind, Access::Kind::kDocker);
  EXPECT_EQ(dev.postgresql[0].access.run_as, "999:999");
  EXPECT_THAT(dev.postgresql[1].databases, ElementsAre("other"));
  ASSERT_THAT(dev.neo4j, SizeIs(1));
  EXPECT_EQ(dev.neo4j[0].bolt_uri, "neo4j+s://graph.example:7687");
  EXPECT_THAT(dev.neo4j[0].access.start_command,
              ElementsAre("summit-dr-dev", "start", "neo 4j", "--root=/x"));
  EXPECT_THAT(dev.neo4j[0].backup_command,
              ElementsAre("neo4j-admin", "database", "backup", "--to-path={directory}", "{database}"));
  EXPECT_THAT(dev.neo4j[0].restore_command,
              ElementsAre("neo4j-admin", "database", "restore", "--from-path={file}", "{database}"));
  EXPECT_EQ(dev.neo4j[0].command_timeout, std::chrono::hours(3));
  EXPECT_THAT(dev.neo4j[0].access.stop_command, ElementsAre("systemctl", "stop", "neo4j"));
  EXPECT_TRUE(dev.redis[0].tls);
  EXPECT_THAT(dev.elasticsearch[0].reindex_command, ElementsAre("make", "reindex"));
  EXPECT_EQ(dev.files[0].root, project.path() / "uploads");
  EXPECT_THAT(dev.files[0].secret, ElementsAre("*.key"));
  EXPECT_TRUE(dev.probes[0].required);
  EXPECT_THAT(dev.backup_hooks.at("neo4j").before[0].argv, ElementsAre("touch", "/tmp/x"));
  EXPECT_EQ(dev.restore_hooks.at("all").before[0].timeout, std::chrono::seconds(90));
  EXPECT_FALSE(dev.restore_hooks.at("all").before[0].required);
  EXPECT_THAT(dev.restore_hooks.at("all").after[0].argv, ElementsAre("docker", "start", "api"));
}

TEST(Environments, AForeignEnvironmentsPasswordCommandNeverRuns) {
  const Project project;
  const ScopedVariable password("TEST_PG_PASSWORD", "dev-password");
  const ScopedVariable host("TEST_PROD_HOST", "db.prod");
  const ScopedVariable redis("TEST_PROD_REDIS", "cache.prod");
  const auto proof = project.path() / "executed";
  project.write("config/environments.yaml", kSmallestEnvironments + production_with_command(proof));
  const auto loaded = project.load().value();
  EXPECT_EQ(loaded.resolve("dev").value().postgresql[0].password.reveal(), "dev-password");
  EXPECT_FALSE(fs::exists(proof))
      << "loading, validating and using dev must not ask for production's password";
  EXPECT_EQ(loaded.resolve("production").value().postgresql[0].password.reveal(), "pw");
  EXPECT_TRUE(fs::exists(proof));
}

TEST(Environments, ListedEnvironmentsHoldNoPassword) {
  const Project project;
  const ScopedVariable password("TEST_PG_PASSWORD", "dev-password");
  const auto loaded = project.load().value();
  EXPECT_TRUE(loaded.environment("dev").value()->postgresql[0].password.empty());
}

TEST(Environments, MissingVariablesMatterOnlyToWhoUsesTheEnvironment) {
  const Project project;
  const ScopedVariable password("TEST_PG_PASSWORD", "dev-password");
  const ScopedVariable host("TEST_PROD_HOST", std::nullopt);
  const ScopedVariable redis("TEST_PROD_REDIS", std::nullopt);
  const auto proof = project.path() / "executed";
  project.write("config/environments.yaml", kSmallestEnvironments + production_with_command(proof));
  const auto loaded = project.load();
  ASSERT_TRUE(loaded.ok()) << loaded.error().to_string();
  EXPECT_TRUE(loaded->resolve("dev").ok());
  const auto production = loaded->resolve("production");
  ASSERT_FALSE(production.ok());
  EXPECT_THAT(production.error().message(),
              HasSubstr("config/environments.yaml:20: variable TEST_PROD_HOST is not set"));
  EXPECT_THAT(production.error().message(), HasSubstr("variable TEST_PROD_REDIS is not set"));
  EXPECT_FALSE(fs::exists(proof)) << "nothing runs for an environment that cannot be used";
}

TEST(Environments, OnlyTheStoresInUseNeedTheirVariables) {
  const Project project;
  const ScopedVariable host("TEST_PROD_HOST", "db.prod");
  const ScopedVariable redis("TEST_PROD_REDIS", std::nullopt);
  project.write("config/environments.yaml",
                kSmallestEnvironments + production_with_command(project.path() / "executed"));
  const auto loaded = project.load().value();
  const auto production = loaded.resolve("production", {"postgresql"});
  ASSERT_TRUE(production.ok()) << production.error().to_string();
  EXPECT_EQ(production->postgresql[0].host, "db.prod");
  EXPECT_THAT(production->redis, SizeIs(0)) << "what is not asked for cannot be connected to";
}

TEST(Environments, TheirEnvFilesAreTheirOwn) {
  const Project project;
  const ScopedVariable password("TEST_PG_PASSWORD", std::nullopt);
  const ScopedVariable host("TEST_PROD_HOST", std::nullopt);
  const ScopedVariable redis("TEST_PROD_REDIS", "cache.prod");
  project.write(".env", "TEST_PG_PASSWORD=from-dot-env\nTEST_PROD_HOST=a-development-host\n");
  const auto dev = replaced(kSmallestEnvironments, "    retention: 7 days\n",
                            "    retention: 7 days\n    env_files: [.env]\n");
  project.write("config/environments.yaml", dev + production_with_command(project.path() / "executed"));
  const auto loaded = project.load().value();
  EXPECT_EQ(loaded.resolve("dev").value().postgresql[0].password.reveal(), "from-dot-env");
  EXPECT_FALSE(loaded.resolve("production").ok())
      << "the development platform's .env must not answer for production";
}

TEST(Environments, AMalformedEnvFileStopsOnlyItsEnvironment) {
  const Project project;
  const ScopedVariable password("TEST_PG_PASSWORD", "x");
  project.write(".env.production", "broken\n");
  const auto production =
      replaced(production_with_command(project.path() / "executed"), "    retention: 30 days\n",
               "    retention: 30 days\n    env_files: [.env.production]\n");
  project.write("config/environments.yaml", kSmallestEnvironments + production);
  const auto loaded = project.load().value();
  EXPECT_TRUE(loaded.resolve("dev").ok());
  const auto resolved = loaded.resolve("production");
  ASSERT_FALSE(resolved.ok());
  EXPECT_THAT(resolved.error().message(), HasSubstr(".env.production:1: no `=`"));
  EXPECT_THAT(resolved.error().message(), Not(HasSubstr("TEST_PROD_HOST"))) << "a mere consequence";
}

TEST(Environments, AnEndpointWithAnUnmetWhenIsNotDeclared) {
  const Project project;
  const ScopedVariable url("TEST_SEARCH_URL", std::nullopt);
  project.write("config/environments.yaml", kSmallestEnvironments + R"(      elasticsearch:
        - {name: search, when: "${TEST_SEARCH_URL:-}", url: "${TEST_SEARCH_URL:-}"}
)");
  EXPECT_THAT(project.load().value().environment("dev").value()->elasticsearch, SizeIs(0));
  const ScopedVariable set("TEST_SEARCH_URL", "http://search:9200");
  EXPECT_THAT(project.load().value().environment("dev").value()->elasticsearch, SizeIs(1));
}

TEST(Environments, UnknownNamesGetASuggestion) {
  const auto loaded = Project().load().value();
  const auto result = loaded.environment("prodd");
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code(), Code::kNotFound);
  EXPECT_THAT(loaded.environment("de").error().hint(), HasSubstr("did you mean `dev`?"));
  EXPECT_THAT(loaded.set("complete").error().hint(), HasSubstr("known: full"));
}

struct Wrong {
  const char* from;
  const char* to;
  const char* finding;
};

class WrongEnvironment : public testing::TestWithParam<Wrong> {};

TEST_P(WrongEnvironment, IsFoundWithLineAndFix) {
  const Project project;
  project.write("config/environments.yaml", replaced(kSmallestEnvironments, GetParam().from, GetParam().to));
  EXPECT_THAT(project.findings(), HasSubstr(GetParam().finding));
}

INSTANTIATE_TEST_SUITE_P(
    EachMistake, WrongEnvironment,
    testing::Values(
        Wrong{"{env: TEST_PG_PASSWORD}", "devpassword",
              "config/environments.yaml:9: a password is never written into this file (write `password: "
              "{env: NAME}`"},
        Wrong{"{env: TEST_PG_PASSWORD}", "{}",
              "environments.yaml:9: the password of a postgresql endpoint has no source (add env, file or "
              "command)"},
        Wrong{"{env: TEST_PG_PASSWORD}", "{envv: X}",
              "key `envv` of the password of a postgresql endpoint is not known (did you mean `env`?)"},
        Wrong{"class: dev", "class: prod",
              "environments.yaml:3: `prod` is no class of environment `dev` (known: production, staging"},
        Wrong{"    class: dev\n", "", "environment `dev` has no `class` (add `class: dev`"},
        Wrong{"recovery_point: 4 hours", "recovery_point: soon",
              "environments.yaml:4: `soon` is no duration (write for example 15 minutes"},
        Wrong{"recovery_point: 4 hours, ", "", "objectives of `dev` has no `recovery_point`"},
        Wrong{"retention: 7 days", "retantion: 7 days",
              "environments.yaml:5: key `retantion` of environment `dev` is not known (did you mean "
              "`retention`?)"},
        Wrong{"retention: 7 days", "retention: 7 days\n    retention: 8 days",
              "environments.yaml:6: key `retention` of environment `dev` comes twice"},
        Wrong{"sanitization: full", "sanitization: none",
              "environments.yaml:6: production data enters class dev only with full masking (write "
              "`sanitization: full`)"},
        Wrong{"host: localhost", "host: [a, b]", "environments.yaml:9: a text is needed here"},
        Wrong{"host: localhost", "port: 70000", "environments.yaml:9: `70000` is no number from 1 to 65535"},
        Wrong{"host: localhost", "port: \"${HOME}\", host: \"${HOME\"",
              "a variable is not written as ${NAME}"},
        Wrong{"host: localhost", "ssl_mode: always", "`always` is no ssl_mode of a postgresql endpoint"},
        Wrong{"user: summit, ", "", "environments.yaml:9: a postgresql endpoint has no `user`"},
        Wrong{"host: localhost", "access: {kind: docker}",
              "the access of a postgresql endpoint has no `container` (add `container: …`)"},
        Wrong{"host: localhost", "access: {stop_command: 'a | b'}",
              "commands run without a shell (quote it, or write the command as a list: [sh, -c"},
        Wrong{"name: uploads", "name: config", "environments.yaml:12: a second endpoint is called `config`"},
        Wrong{"name: uploads", "name: ../up", "`../up` is no name"},
        Wrong{"      files:\n", "      neo4j: [{bolt_uri: localhost}]\n      files:\n",
              "the bolt_uri of a neo4j endpoint is no bolt:// address (write bolt://host:port)"},
        Wrong{"      files:\n", "      neo4j: [{bolt_uri: 'bolt://neo4j:pw@h'}]\n      files:\n",
              "the bolt_uri of a neo4j endpoint carries a password"},
        Wrong{"      files:\n",
              "      neo4j: [{backup_command: neo4j-admin database backup neo4j}]\n      files:\n",
              "the backup_command of a neo4j endpoint does not say where the files of the backup are (write "
              "{directory}"},
        Wrong{"      files:\n",
              "      neo4j: [{restore_command: 'admin {directory} {databse}'}]\n      files:\n",
              "the restore_command of a neo4j endpoint knows no {databse} (write {file}, {directory} or "
              "{database})"},
        Wrong{"    endpoints:\n", "    backup_hooks: {neo5j: {before: [ls]}}\n    endpoints:\n",
              "`neo5j` is no store of environment `dev` (did you mean `neo4j`?)"},
        Wrong{"    endpoints:\n", "    backup_hooks: {neo4j: {before: [{timeout: 3 s}]}}\n    endpoints:\n",
              "a hook of backup_hooks of `neo4j` has no `command`"},
        Wrong{"    endpoints:\n", "    storage: {local: false}\n    endpoints:\n",
              "storage of `dev` stores nothing anywhere"},
        Wrong{"    endpoints:\n", "    reduction_percent: 0\n    endpoints:\n",
              "`0` is no number from 1 to 100"},
        Wrong{"  dev:\n", "  1dev:\n", "environments.yaml:2: `1dev` is no name in environments"},
        Wrong{"environments:\n", "environmentz:\n",
              "key `environmentz` of the file is not known (did you mean `environments`?)"},
        Wrong{"    class: dev\n", "    class: dev\n   bad indent\n", "this is no YAML"}));

TEST(Environments, ProductionIsNeverPlainNorUnencrypted) {
  const Project project;
  auto production = replaced(kSmallestEnvironments, "class: dev",
                             "class: production\n    layout: plain\n    encrypted: false");
  project.write("config/environments.yaml", production);
  EXPECT_THAT(project.findings(),
              HasSubstr("environments.yaml:4: production is not kept in the plain layout"));
  EXPECT_THAT(project.findings(), HasSubstr("environments.yaml:5: production backups are always encrypted"));
}

TEST(Environments, TwoAnswersToOneNameAreFound) {
  const Project project;
  project.write("config/environments.yaml", kSmallestEnvironments + R"(
  other:
    aliases: [dev]
    class: staging
    sanitization: minimal
    objectives: {recovery_point: 1 hour, recovery_time: 8 hours}
    retention: 14 days
    endpoints: {}
)");
  EXPECT_THAT(project.findings(), HasSubstr("two environments answer to `dev`"));
}

TEST(Configuration, AllFindingsOfBothFilesComeAtOnceInOrder) {
  const Project project;
  project.write(
      "config/environments.yaml",
      replaced(replaced(kSmallestEnvironments, "retention: 7 days", "retention: soon"), "host:", "hosst:"));
  project.write("config/backup-sets.yaml", replaced(kSmallestSets, "name: postgresql", "name: postgress"));
  const auto findings = project.findings();
  EXPECT_THAT(findings, testing::StartsWith("3 findings in the configuration\n"));
  const auto first = findings.find("environments.yaml:5");
  const auto second = findings.find("environments.yaml:9");
  const auto third = findings.find("backup-sets.yaml:6");
  EXPECT_NE(third, std::string::npos) << findings;
  EXPECT_LT(first, second);
  EXPECT_LT(second, third);
}

TEST(Configuration, WhatEverybodyMayWriteIsRefused) {
  const Project project;
  fs::permissions(project.config() / "environments.yaml", fs::perms::others_write, fs::perm_options::add);
  const auto loaded = project.load();
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().code(), Code::kRefused);
  EXPECT_THAT(loaded.error().hint(), HasSubstr("chmod o-w"));
}

TEST(Configuration, IsFoundFromADirectoryBelowTheProject) {
  const Project project;
  const ScopedVariable unset("SUMMIT_DR_CONFIG", std::nullopt);
  const auto before = fs::current_path();
  fs::create_directories(project.path() / "a/b");
  fs::current_path(project.path() / "a/b");
  const auto found = find_configuration(std::nullopt);
  fs::current_path(before);
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(*found, fs::canonical(project.config()));
  EXPECT_EQ(load_configuration(*found).value().project, fs::canonical(project.path()));
}

TEST(Configuration, TheVariableAndTheOptionNameItExactly) {
  const Project project;
  const Project other;
  const ScopedVariable variable("SUMMIT_DR_CONFIG", project.config().string());
  EXPECT_EQ(find_configuration(std::nullopt).value(), fs::canonical(project.config()));
  EXPECT_EQ(find_configuration(other.config()).value(), fs::canonical(other.config())) << "an option wins";
  const auto missing = find_configuration(project.path() / "nowhere");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code(), Code::kNotFound);
}

}  // namespace
}  // namespace summit::config
