// The vendor's command, with stand-ins for the program, which is not free.
#include "stores/neo4j/vendor_command.h"

#include <gmock/gmock.h>

#include <thread>

#include "config/configuration.h"

namespace summit::neo4j {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class VendorCommand : public testing::Test {
 protected:
  VendorCommand() {
    endpoint_.name = "graph";
    endpoint_.database = "people";
    endpoint_.password = Secret("open sesame");
    fs::create_directories(directory());
  }
  fs::path directory() const { return room_.path() / "files"; }
  void shell(const std::string& script) {
    endpoint_.backup_command = {"/bin/sh", "-c", script, "backup", "{directory}", "{database}"};
  }
  Result<void> run(const Cancellation& cancellation = {}) {
    const config::Configuration configuration;
    return run_vendor_command(endpoint_, VendorStep::kBackup, directory(), room_.path() / "output",
                              config::Redactor(configuration), cancellation);
  }

  TemporaryDirectory room_ = TemporaryDirectory::create(fs::temp_directory_path(), "vendor-").value();
  config::Neo4jEndpoint endpoint_;
};

TEST_F(VendorCommand, FillsInTheDirectoryAndTheDatabaseOnce) {
  endpoint_.backup_command = {"neo4j-admin", "--to-path={directory}", "{database}", "{other}",
                              "{data{database}"};
  endpoint_.database = "{directory}";
  const auto command = vendor_command(endpoint_, VendorStep::kBackup, "/to/{database}");
  ASSERT_TRUE(command.ok());
  EXPECT_THAT(command->argv, ElementsAre("neo4j-admin", "--to-path=/to/{database}", "{directory}", "{other}",
                                         "{data{directory}"));
  EXPECT_THAT(command->to_string(), Not(HasSubstr("sesame")));
  EXPECT_EQ(command->env.at("NEO4J_PASSWORD"), "open sesame");
}

TEST_F(VendorCommand, IsMissingWithAHintThatCanBeCopied) {
  const auto none = check_vendor_command(endpoint_, VendorStep::kRestore);
  EXPECT_EQ(none.error().code(), Code::kConfig);
  EXPECT_THAT(none.error().hint(), HasSubstr("restore_command: neo4j-admin database restore"));
  endpoint_.restore_command = {"no-such-program-of-neo4j", "{file}"};
  EXPECT_EQ(check_vendor_command(endpoint_, VendorStep::kRestore).error().code(), Code::kMissingTool);
}

TEST_F(VendorCommand, LeavesItsFilesWhereItWasTold) {
  shell("mkdir \"$1/logs\" && echo graph > \"$1/$2.backup\" && echo log > \"$1/logs/a b.log\"");
  ASSERT_TRUE(run().ok());
  const auto files = vendor_files(directory());
  ASSERT_TRUE(files.ok()) << files.error().to_string();
  ASSERT_EQ(files->size(), 2U);
  EXPECT_EQ(files->at(0).path, "logs/a b.log");
  EXPECT_EQ(files->at(1).path, "people.backup");
  EXPECT_EQ(files->at(1).size, 6U);
}

TEST_F(VendorCommand, AFailureQuotesTheEndOfItsOutputWithoutSecrets) {
  shell("echo begun; echo \"cannot sign in with $NEO4J_PASSWORD\" >&2; echo 'see the manual'; exit 7");
  const auto failed = run();
  EXPECT_EQ(failed.error().code(), Code::kFailed);
  const std::string text = failed.error().to_string();
  EXPECT_THAT(text, HasSubstr("backup_command of endpoint `graph`"));
  EXPECT_THAT(text, HasSubstr("cannot sign in with ***"));
  EXPECT_THAT(text, HasSubstr("see the manual"));
  EXPECT_THAT(text, HasSubstr("7"));
  EXPECT_THAT(text, Not(HasSubstr("sesame")));
}

TEST_F(VendorCommand, EndsAtItsTimeLimitAndOnCancellation) {
  endpoint_.command_timeout = std::chrono::seconds(1);
  shell("sleep 60");
  const auto late = run();
  EXPECT_EQ(late.error().code(), Code::kTimeout);
  EXPECT_THAT(late.error().hint(), HasSubstr("command_timeout"));
  endpoint_.command_timeout = std::chrono::hours(1);
  Cancellation cancellation;
  std::thread soon([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    cancellation.request();
  });
  EXPECT_EQ(run(cancellation).error().code(), Code::kCancelled);
  soon.join();
}

TEST_F(VendorCommand, WhatIsNoBackupIsSaid) {
  EXPECT_THAT(vendor_files(directory()).error().message(), HasSubstr("left no file"));
  shell(": > \"$1/notes\"");
  ASSERT_TRUE(run().ok());
  EXPECT_THAT(vendor_files(directory()).error().message(), HasSubstr("only empty files"));
  shell("echo log > \"$1/notes\"; : > \"$1/people.backup\"");
  ASSERT_TRUE(run().ok());
  EXPECT_THAT(vendor_files(directory()).error().message(), HasSubstr("people.backup is empty"));
  shell("rm \"$1/people.backup\"; ln -s /etc/passwd \"$1/people.backup\"");
  ASSERT_TRUE(run().ok());
  EXPECT_THAT(vendor_files(directory()).error().message(), HasSubstr("is no file"));
}

}  // namespace
}  // namespace summit::neo4j
