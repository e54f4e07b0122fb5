#include <sstream>

#include "program.h"

namespace summit::cli {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

class Completion : public ::testing::Test {
 protected:
  Completion() {
    const auto printed = project.run({"completion", "bash"});
    EXPECT_EQ(printed.code, 0) << printed.diagnostics;
    project.write("completion.bash", printed.output);
  }

  // What bash offers for these words, the last of which is being typed.
  std::vector<std::string> offered(const std::vector<std::string>& words) const {
    std::vector<std::string> argv{
        "bash",
        "-c",
        "source ./completion.bash; script=$1; shift; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); "
        "summit-dr() { \"$script\" \"$@\"; }; _summit_dr; printf '%s\\n' \"${COMPREPLY[@]}\"",
        "completion",
        std::string(SUMMIT_BIN_DIR) + "/summit-dr",
        "summit-dr"};
    argv.insert(argv.end(), words.begin(), words.end());
    const auto finished = run_to_end({.argv = argv,
                                      .env = {{"SUMMIT_DR_CONFIG", (project.path() / "config").string()},
                                              {"BACKUP_BASE", (project.path() / "backups").string()}},
                                      .directory = project.path()});
    EXPECT_EQ(finished.diagnostics, "");
    std::vector<std::string> offers;
    std::istringstream lines(finished.output);
    for (std::string line; std::getline(lines, line);) offers.push_back(line);
    return offers;
  }

  Project project;
};

TEST_F(Completion, OfBashIsAScriptThatBashAccepts) {
  const auto checked = run_to_end({.argv = {"bash", "-n", (project.path() / "completion.bash").string()}});
  EXPECT_EQ(checked.code, 0) << checked.diagnostics;
}

TEST_F(Completion, OffersCommands) {
  EXPECT_EQ(offered({"ba"}), std::vector<std::string>{"backup"});
  EXPECT_THAT(offered({""}), ::testing::AllOf(Contains("restore"), Contains("config"), Contains("--json")));
}

TEST_F(Completion, OffersTheCommandsBelowACommand) {
  const auto below = offered({"config", ""});
  EXPECT_THAT(below, ::testing::AllOf(Contains("validate"), Contains("show"), Contains("schema")));
  EXPECT_THAT(below, Not(Contains("backup")));
}

TEST_F(Completion, OffersTheOptionsOfACommand) {
  EXPECT_EQ(offered({"backup", "--data"}), std::vector<std::string>{"--datastores"});
  EXPECT_EQ(offered({"backup", "--dry-run", "--lab"}), std::vector<std::string>{"--label"});
  EXPECT_THAT(offered({"list", "--"}), Not(Contains("--datastores")));
}

TEST_F(Completion, OffersTheBackupsToRestore) {
  ASSERT_EQ(project.run({"backup"}).code, 0);
  const auto id = project.run({"--json", "list", "--latest"}).message("latest")["id"].get<std::string>();
  EXPECT_EQ(offered({"restore", "summit-"}), std::vector<std::string>{id});
  EXPECT_THAT(offered({"verify", "la"}), Contains("latest"));
}

TEST_F(Completion, StillKnowsTheCommandAfterAnOptionsValue) {
  EXPECT_EQ(offered({"backup", "--set", "full", "--lab"}), std::vector<std::string>{"--label"});
}

TEST_F(Completion, OfTheOtherShellsNamesEveryCommand) {
  for (const char* shell : {"zsh", "fish"}) {
    const auto script = project.run({"completion", shell});
    EXPECT_EQ(script.code, 0);
    for (const char* word : {"backup", "restore", "validate", "datastores"})
      EXPECT_THAT(script.output, HasSubstr(word)) << shell;
  }
  EXPECT_EQ(project.run({"completion", "tcsh"}).code, 2);
}

}  // namespace
}  // namespace summit::cli
