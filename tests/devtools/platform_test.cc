// A whole platform: its variables, its .env, and that nothing is left behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "core/process.h"
#include "core/wait.h"
#include "devtools/platform/dotenv.h"
#include "devtools/platform/server.h"
#include "tests/devtools/support.h"

namespace summit::platform {
namespace {

using testing::HasSubstr;
using testing::Not;

// Command lines of all processes that name `text`.
std::vector<std::string> processes_naming(const std::string& text) {
  std::vector<std::string> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    std::ifstream file(entry.path() / "cmdline");
    const std::string command{std::istreambuf_iterator<char>(file), {}};
    if (command.find(text) != std::string::npos) found.push_back(command);
  }
  return found;
}

TEST(FreePort, IsGivenOnceThoughNobodyUsesItYet) {
  constexpr size_t kPorts = 400;
  std::set<uint16_t> ports;
  for (size_t i = 0; i < kPorts; ++i) ports.insert(must(free_port()));
  EXPECT_EQ(ports.size(), kPorts);
}

TEST(Dotenv, KeepsTheLinesOfTheUserAndReplacesItsOwn) {
  const auto directory = must(TemporaryDirectory::create("/tmp", "summit-dotenv-"));
  const fs::path file = directory.path() / ".env";
  EXPECT_OK(write_file_durably(file, "MINE=1\n# a remark", 0644));
  EXPECT_OK(write_dotenv_block(file, {{"PORT", "1"}, {"OLD", "x"}}));
  EXPECT_OK(write_dotenv_block(file, {{"PORT", "2"}}));
  const std::string text = must(read_file(file));
  EXPECT_THAT(text, HasSubstr("MINE=1\n# a remark\n"));
  EXPECT_THAT(text, HasSubstr("PORT=2\n"));
  EXPECT_THAT(text, Not(HasSubstr("PORT=1")));
  EXPECT_THAT(text, Not(HasSubstr("OLD")));
  struct stat status{};
  ASSERT_EQ(stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST(Dotenv, GivesAShellEveryValueUnchanged) {
  const auto directory = must(TemporaryDirectory::create("/tmp", "summit-dotenv-"));
  const fs::path file = directory.path() / ".env";
  const std::string awkward = "a b\"c\\d$HOME`id`'e' #f";
  EXPECT_OK(write_dotenv_block(file, {{"AWKWARD", awkward}, {"EMPTY", ""}}));
  EXPECT_EQ(must(run({.argv = {"sh", "-c", ". \"$1\"; printf '%s|%s' \"$AWKWARD\" \"$EMPTY\"", "sh",
                               file.string()}})),
            awkward + "|");
}

// Each moment is another step of `up`: before, during and after the servers start.
TEST(Up, KilledAtAnyMoment_DownStopsWhateverRuns) {
  for (const int milliseconds : {5, 60, 250, 900}) {
    const auto directory = must(TemporaryDirectory::create("/tmp", "summit-killed-"));
    const std::string root = "--root=" + (directory.path() / "p").string();
    const std::string dotenv = "--env-file=" + (directory.path() / ".env").string();
    {
      auto up = must(Process::start({.argv = {SUMMIT_BIN_DIR "/summit-dr-dev", "up", root, dotenv}},
                                    {.output = Process::Stream::kNull}));
      EXPECT_OK(pause_for(std::chrono::milliseconds(milliseconds), {}));
      up.signal(SIGKILL);
      (void)up.wait();
    }
    EXPECT_OK(run({.argv = {SUMMIT_BIN_DIR "/summit-dr-dev", "down", root}}));
    // Helpers of a killed `up` (initdb) are ended by its guard, a moment after it.
    const auto none_left = [&]() -> Result<bool> {
      return processes_naming(directory.path().string()).empty();
    };
    const auto ended = wait_until(none_left, "what `up` started to end", std::chrono::seconds(10),
                                  std::chrono::milliseconds(50), {});
    EXPECT_THAT(processes_naming(directory.path().string()), testing::IsEmpty())
        << "killed after " << milliseconds << " ms" << (ended.ok() ? "" : "; waited 10 s");
  }
}

TEST(Status, IsAFailureWithAHintWhereNothingIs) {
  const auto directory = must(TemporaryDirectory::create("/tmp", "summit-none-"));
  const auto result =
      run({.argv = {SUMMIT_BIN_DIR "/summit-dr-dev", "status", "--root=" + directory.path().string()}});
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(result.error().to_string(), HasSubstr("make up"));
}

TEST(Start, RefusesAStoreThatItDoesNotKnow) {
  const auto result = run({.argv = {SUMMIT_BIN_DIR "/summit-dr-dev", "start", "oracle"}});
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(result.error().to_string(), HasSubstr("no store is named oracle"));
}

}  // namespace
}  // namespace summit::platform
