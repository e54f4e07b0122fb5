// A backup of Neo4j by the vendor's command, through the runner, with stand-ins for the vendor's program.
#include "backup/neo4j_command.h"

#include "backup/neo4j_component.h"
#include "world.h"

namespace summit::backup {
namespace {

using ::testing::HasSubstr;

class Neo4jCommand : public ::testing::Test {
 protected:
  Neo4jCommand() {
    endpoint_.bolt_uri = "bolt://127.0.0.1:1";  // the command reaches the server, we need not
    endpoint_.database = "people";
  }
  void shell(const std::string& script) {
    endpoint_.backup_command = {"/bin/sh", "-c", script, "backup", "{directory}", "{database}"};
  }
  Result<BackupOutcome> run(const std::string& name = "neo4j") {
    BackupPlan plan = world_.plan({});
    PlannedComponent planned;
    planned.name = name;
    planned.store = "neo4j";
    planned.spec.name = planned.spec.kind = "neo4j";
    planned.spec.method = "command";
    planned.component = make_neo4j_component(planned.spec, endpoint_, name);
    plan.components.push_back(std::move(planned));
    return world_.run(plan);
  }
  std::string content(const std::string& id, const std::string& artifact) {
    const auto reader = world_.repository.open(id);
    std::string text;
    EXPECT_TRUE((*reader)
                    ->read(artifact,
                           [&](ByteView block) -> Result<void> {
                             text += as_text(block);
                             return {};
                           })
                    .ok());
    return text;
  }

  World world_;
  config::Neo4jEndpoint endpoint_;
};

TEST_F(Neo4jCommand, WhatItLeavesIsKeptWithItsInstantSaidToBeItsOwn) {
  shell(
      "mkdir \"$1/logs\"; head -c 3000000 /dev/zero > \"$1/$2-2026-11-21T03-10-48.backup\"; echo said > "
      "\"$1/logs/a b\"");
  const auto outcome = run();
  ASSERT_TRUE(outcome.ok()) << outcome.error().to_string();
  ASSERT_TRUE(outcome->complete());
  const auto& record = outcome->metadata.components.front();
  EXPECT_EQ(record.kind, "neo4j");
  EXPECT_EQ(record.details.at("method"), "vendor command");
  EXPECT_EQ(record.details.at("consistency"), "the command's own");
  EXPECT_EQ(record.details.at("database"), "people");
  EXPECT_THAT(record.notes.at(0), HasSubstr("not at the instant of the other stores"));
  ASSERT_EQ(record.artifacts.size(), 2U);
  EXPECT_EQ(record.artifacts[0].name, "logs_a_b.vendor");
  EXPECT_EQ(record.details.at("file:logs_a_b.vendor"), "logs/a b");
  EXPECT_EQ(record.artifacts[1].name, "people-2026-11-21T03-10-48.backup");
  EXPECT_EQ(record.artifacts[1].size, 3000000U);
  EXPECT_EQ(content(outcome->metadata.id, "logs_a_b.vendor"), "said\n");
  EXPECT_TRUE(world_.repository.verify(outcome->metadata.id, world_.reporter)->findings.empty());
}

TEST_F(Neo4jCommand, FilesOfAnotherEndpointBearItsName) {
  shell("echo graph > \"$1/people.backup\"");
  const auto outcome = run("neo4j/second");
  ASSERT_TRUE(outcome.ok() && outcome->complete());
  EXPECT_EQ(outcome->metadata.components.front().artifacts.front().name, "neo4j-second-people.backup");
}

TEST_F(Neo4jCommand, FilesThatWouldBeCalledTheSameFailInsteadOfReplacingEachOther) {
  shell("echo 1 > \"$1/a b\"; echo 2 > \"$1/a:b\"");
  const auto outcome = run();
  EXPECT_TRUE(!outcome.ok() || !outcome->complete());
}

TEST_F(Neo4jCommand, AFailureSaysWhyAndLeavesNoBackup) {
  const std::pair<const char*, const char*> cases[] = {
      {"echo no licence >&2; exit 3", "no licence"},
      {":", "left no file"},
      {": > \"$1/people.backup\"", "people.backup is empty"},
  };
  for (const auto& [script, said] : cases) {
    SCOPED_TRACE(script);
    shell(script);
    const auto outcome = run();
    ASSERT_FALSE(outcome.ok());
    EXPECT_EQ(outcome.error().code(), Code::kFailed);
    EXPECT_THAT(outcome.error().to_string(), HasSubstr(said));
  }
  endpoint_.backup_command.clear();
  const auto outcome = run();
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().code(), Code::kConfig);
  EXPECT_THAT(outcome.error().message(), HasSubstr("has no backup_command"));
  EXPECT_THAT(world_.names_in_base(), ::testing::Not(::testing::Contains(HasSubstr("summit-backup"))));
}

TEST_F(Neo4jCommand, ADryRunTellsTheProgramAndWhatTheInstantIs) {
  endpoint_.backup_command = {"neo4j-admin", "database", "backup", "--to-path={directory}", "{database}"};
  const auto lines = make_command_graph_component(endpoint_, "neo4j")->describe();
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_THAT(lines[0], HasSubstr("neo4j-admin"));
  EXPECT_THAT(lines[1], HasSubstr("not that of the other stores"));
}

}  // namespace
}  // namespace summit::backup
