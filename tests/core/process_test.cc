#include "core/process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "core/digest.h"
#include "core/task_group.h"
#include "core/time.h"
#include "core/wait.h"

namespace summit {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using testing::HasSubstr;
using testing::Not;
using Stream = Process::Stream;

Command shell(std::string script) { return {.argv = {"sh", "-c", std::move(script)}}; }

// Running: neither gone nor a zombie that waits to be reaped by somebody else.
bool is_alive(pid_t pid) {
  const auto status = read_file(fmt::format("/proc/{}/stat", pid));
  if (!status.ok()) return false;
  const char state = status->at(status->rfind(')') + 2);
  return state != 'Z' && state != 'X';
}

Result<void> wait_for_death_of(pid_t pid) {
  const auto dead = [pid]() -> Result<bool> { return !is_alive(pid); };
  return wait_until(dead, fmt::format("process {} to die", pid), milliseconds(10'000), milliseconds(10), {});
}

// The first `count` lines of a child's output, as numbers.
std::vector<pid_t> read_pids(const Process& process, size_t count) {
  std::string text;
  while (static_cast<size_t>(std::count(text.begin(), text.end(), '\n')) < count) {
    char block[256];
    auto size = read_some(process.output_fd(), block, sizeof block, "output");
    if (!size.ok() || *size == 0) break;
    text.append(block, *size);
  }
  std::vector<pid_t> pids;
  for (size_t begin = 0; begin < text.size(); begin = text.find('\n', begin) + 1) {
    pids.push_back(std::stoi(text.substr(begin)));
  }
  return pids;
}

TEST(Run, GivesStandardOutputWhole) {
  EXPECT_EQ(*run(shell("printf 'a\\0b\\n'")), std::string("a\0b\n", 4));
  EXPECT_EQ(*run({.argv = {"true"}}), "");
}

TEST(Run, PassesWordsThroughNoShell) {
  const std::string awkward = "two words; $(rm -rf x) `id` 'quoted' \"twice\" *";
  EXPECT_EQ(*run({.argv = {"printf", "%s", awkward}}), awkward);
}

TEST(Run, FailureQuotesTheLastLinesOfStandardErrorAndTheCode) {
  const auto result = run(shell("echo out; echo first >&2; echo 'disk is full' >&2; exit 3"));
  EXPECT_EQ(result.error().code(), Code::kFailed);
  EXPECT_THAT(result.error().message(), HasSubstr("failed with exit code 3: first; disk is full"));
}

TEST(Run, DeathBySignalIsNamed) {
  EXPECT_THAT(run(shell("kill -SEGV $$")).error().message(), HasSubstr("was ended by signal 11"));
}

TEST(Run, MissingProgramIsAMissingToolWithAHint) {
  const auto by_name = run({.argv = {"no-such-program-here"}});
  EXPECT_EQ(by_name.error().code(), Code::kMissingTool);
  EXPECT_EQ(by_name.error().message(), "the program no-such-program-here is not installed");
  EXPECT_THAT(by_name.error().hint(), HasSubstr("install no-such-program-here"));
  const auto by_path = run({.argv = {"/no/such/program"}});
  EXPECT_EQ(by_path.error().code(), Code::kMissingTool);
  EXPECT_FALSE(by_path.error().hint().empty());
}

TEST(Run, ProgramThatMayNotBeRunIsDenied) {
  auto directory = TemporaryDirectory::create(fs::temp_directory_path(), "process-");
  const fs::path script = directory->path() / "script";
  ASSERT_TRUE(write_file_durably(script, "#!/bin/sh\n", 0600).ok());
  EXPECT_EQ(run({.argv = {script.string()}}).error().code(), Code::kDenied);
  ASSERT_EQ(::chmod(script.c_str(), 0700), 0);
  EXPECT_TRUE(run({.argv = {script.string()}}).ok());
}

TEST(Run, ScriptWhoseInterpreterIsAbsentSaysSo) {
  auto directory = TemporaryDirectory::create(fs::temp_directory_path(), "process-");
  const fs::path script = directory->path() / "script";
  ASSERT_TRUE(write_file_durably(script, "#!/no/such/interpreter\n", 0700).ok());
  const auto result = run({.argv = {script.string()}});
  EXPECT_EQ(result.error().code(), Code::kMissingTool);
  EXPECT_THAT(result.error().message(), HasSubstr("interpreter"));
}

TEST(Run, EnvironmentIsAddedAndNeverShown) {
  Command command = shell("echo \"$SUMMIT_TEST_PASSWORD\"; echo $HOME; exit $CODE");
  command.env = {{"SUMMIT_TEST_PASSWORD", "s3cr3t"}, {"HOME", "/elsewhere"}, {"CODE", "0"}};
  EXPECT_EQ(*run(command), "s3cr3t\n/elsewhere\n");
  command.env["CODE"] = "1";
  EXPECT_THAT(run(command).error().to_string(), Not(HasSubstr("s3cr3t")));
}

TEST(Run, PathOfTheCommandIsTheOneSearched) {
  auto directory = TemporaryDirectory::create(fs::temp_directory_path(), "process-");
  ASSERT_TRUE(write_file_durably(directory->path() / "own-tool", "#!/bin/sh\necho found\n", 0700).ok());
  Command command{.argv = {"own-tool"}, .env = {{"PATH", directory->path().string()}}};
  EXPECT_EQ(*run(command), "found\n");
}

TEST(Run, WorkingDirectoryIsTakenOrNamedInTheError) {
  EXPECT_EQ(*run({.argv = {"pwd"}, .directory = "/usr"}), "/usr\n");
  const auto result = run({.argv = {"pwd"}, .directory = "/no/such/place"});
  EXPECT_EQ(result.error().code(), Code::kNotFound);
  EXPECT_THAT(result.error().message(), HasSubstr("cannot enter /no/such/place"));
}

TEST(Run, AnotherUserIsTakenByRootAndDeniedToOthers) {
  const passwd* nobody = ::getpwnam("nobody");
  ASSERT_NE(nobody, nullptr);
  const auto result = run({.argv = {"id"}, .directory = "/", .uid = nobody->pw_uid});
  if (::geteuid() == 0) {
    EXPECT_THAT(*result, HasSubstr(fmt::format("uid={}(nobody) gid={}", nobody->pw_uid, nobody->pw_gid)));
    EXPECT_THAT(*result, Not(HasSubstr("(root)")));
  } else {
    EXPECT_EQ(result.error().code(), Code::kDenied);
  }
}

TEST(Run, TimeLimitEndsTheChild) {
  const Stopwatch stopwatch;
  EXPECT_EQ(run(shell("sleep 600"), {}, milliseconds(100)).error().code(), Code::kTimeout);
  EXPECT_LT(stopwatch.elapsed().count(), 4);
}

TEST(Run, CancellationEndsTheChildEvenWhileItFloods) {
  Cancellation cancellation;
  TaskGroup group;
  group.spawn([&]() -> Result<void> {
    RETURN_IF_ERROR(pause_for(milliseconds(100), Cancellation()));
    cancellation.request();
    return {};
  });
  const Stopwatch stopwatch;
  const auto drop = [](ByteView) -> Result<void> { return {}; };
  EXPECT_EQ(run_streaming({.argv = {"yes"}}, drop, cancellation).error().code(), Code::kCancelled);
  EXPECT_LT(stopwatch.elapsed().count(), 4);
  EXPECT_TRUE(group.join().ok());
}

TEST(Run, OutputBeyondTheLimitFails) {
  EXPECT_EQ(run({.argv = {"yes"}}, {}, {}, 1000).error().code(), Code::kFailed);
  EXPECT_EQ(run({.argv = {"printf", "12345"}}, {}, {}, 5).value(), "12345");
}

TEST(Run, MuchOnBothStreamsDoesNotBlock) {
  const auto result =
      run(shell("for i in 1 2 3 4 5 6 7 8; do head -c 400000 /dev/zero; head -c 400000 /dev/zero >&2; done"));
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->size(), 8U * 400'000);
}

TEST(Run, DoesNotWaitForAGrandchildThatHoldsThePipes) {
  const Stopwatch stopwatch;
  const auto result = run(shell("sleep 600 & echo $!"));
  ASSERT_TRUE(result.ok());
  EXPECT_LT(stopwatch.elapsed().count(), 4);
  ::kill(std::stoi(*result), SIGKILL);
}

TEST(RunStreaming, GivesEveryByteInOrder) {
  const Sha256Digest expected = sha256(as_bytes(std::string(5'000'000, '\0')));
  Sha256 seen;
  const auto consume = [&](ByteView block) -> Result<void> {
    seen.update(block);
    return {};
  };
  EXPECT_TRUE(run_streaming({.argv = {"head", "-c", "5000000", "/dev/zero"}}, consume).ok());
  EXPECT_EQ(seen.finish(), expected);
}

TEST(RunStreaming, FailureOfTheConsumerStopsTheChildAndIsTheError) {
  const auto refuse = [](ByteView) -> Result<void> { return Error(Code::kNoSpace, "full"); };
  const Stopwatch stopwatch;
  EXPECT_EQ(run_streaming({.argv = {"yes"}}, refuse).error().code(), Code::kNoSpace);
  EXPECT_LT(stopwatch.elapsed().count(), 4);
}

TEST(RunStreaming, FailureAfterFullOutputIsStillAFailure) {
  const auto drop = [](ByteView) -> Result<void> { return {}; };
  EXPECT_FALSE(run_streaming(shell("head -c 1000000 /dev/zero; exit 1"), drop).ok());
}

TEST(RunFeeding, GivesAllInputAndThenItsEnd) {
  auto directory = TemporaryDirectory::create(fs::temp_directory_path(), "process-");
  const std::string block(100'000, 'z');
  int blocks = 0;
  const auto produce = [&]() -> Result<ByteView> { return ++blocks <= 30 ? as_bytes(block) : ByteView(); };
  const fs::path copy = directory->path() / "copy";
  EXPECT_TRUE(run_feeding({.argv = {"sh", "-c", "cat > \"$1\"", "sh", copy.string()}}, produce).ok());
  EXPECT_EQ(fs::file_size(copy), 3'000'000U);
}

TEST(RunFeeding, ChildThatStopsReadingIsAnErrorAndNotOurDeath) {
  const std::string block(100'000, 'z');
  const auto endless = [&]() -> Result<ByteView> { return as_bytes(block); };
  const auto stopped_well = run_feeding(shell("head -c 10 >/dev/null"), endless);
  EXPECT_EQ(stopped_well.error().code(), Code::kIo);
  const auto failed = run_feeding(shell("head -c 10 >/dev/null; echo 'bad magic' >&2; exit 2"), endless);
  EXPECT_THAT(failed.error().message(), HasSubstr("bad magic"));
  const auto closed_early = run_feeding(shell("exec 0<&-; sleep 0.2"), endless);
  EXPECT_EQ(closed_early.error().code(), Code::kIo);
}

TEST(RunFeeding, ChildThatEndsOnTheLastByteHasTakenAll) {
  const std::string block(1000, 'z');
  int blocks = 0;
  const auto produce = [&]() -> Result<ByteView> {
    if (++blocks == 1) return as_bytes(block);
    RETURN_IF_ERROR(pause_for(milliseconds(50), Cancellation()));
    return ByteView();
  };
  EXPECT_TRUE(run_feeding(shell("head -c 1000 >/dev/null"), produce).ok());
}

TEST(RunFeeding, FailureOfTheProducerIsTheError) {
  const auto broken = []() -> Result<ByteView> { return Error(Code::kCorrupt, "bad chunk"); };
  EXPECT_EQ(run_feeding({.argv = {"cat"}}, broken).error().code(), Code::kCorrupt);
}

TEST(Process, TellsExitCodesAndTheLastOfItsDiagnostics) {
  auto process = Process::start(shell("head -c 300000 /dev/zero | tr '\\0' x >&2; echo the end >&2; exit 42"),
                                {.output = Stream::kNull});
  ASSERT_TRUE(process.ok());
  const auto status = process->wait();
  ASSERT_TRUE(status.ok());
  EXPECT_EQ(status->code, 42);
  EXPECT_EQ(status->diagnostics.size(), 64 * KiB);
  EXPECT_TRUE(status->diagnostics.ends_with("xthe end\n"));
  EXPECT_FALSE(process->running());
}

TEST(Process, WritesToAFileWhoseNewPartIsItsDiagnostics) {
  auto directory = TemporaryDirectory::create(fs::temp_directory_path(), "process-");
  const fs::path log = directory->path() / "server.log";
  ASSERT_TRUE(write_file_durably(log, "an earlier run\n").ok());
  auto process = Process::start(shell("echo out; echo err >&2; exit 1"), {.output_file = log});
  ASSERT_TRUE(process.ok());
  EXPECT_EQ(process->wait()->diagnostics, "out\nerr\n");
  EXPECT_EQ(*read_file(log), "an earlier run\nout\nerr\n");
}

TEST(Process, IsFedAndReadThroughItsPipes) {
  auto process = Process::start({.argv = {"cat"}}, {.input = Stream::kPipe});
  ASSERT_TRUE(process.ok());
  ASSERT_TRUE(write_all(process->input_fd(), as_bytes("hello"), "pipe").ok());
  process->close_input();
  char answer[16];
  EXPECT_EQ(*read_some(process->output_fd(), answer, sizeof answer, "pipe"), 5U);
  EXPECT_TRUE(process->wait()->ok());
}

TEST(Process, WritingToOneThatHasEndedIsAnErrorOnly) {
  auto process = Process::start({.argv = {"true"}}, {.input = Stream::kPipe});
  ASSERT_TRUE(process.ok());
  while (process->running()) std::this_thread::sleep_for(milliseconds(5));
  EXPECT_EQ(write_all(process->input_fd(), as_bytes("hello"), "pipe").error().code(), Code::kIo);
}

TEST(Process, ChildrenHaveTheDefaultActionForBrokenPipes) {
  // The writer dies of SIGPIPE instead of complaining.
  EXPECT_EQ(*run(shell("(yes; echo survived >&2) 2>&1 | head -n 1")), "y\n");
}

TEST(Process, DestroyedEndsItsWholeGroup) {
  std::vector<pid_t> pids;
  {
    auto process = Process::start(shell("sleep 600 & echo $!; echo $$; wait"), {});
    ASSERT_TRUE(process.ok());
    pids = read_pids(*process, 2);
    ASSERT_EQ(pids.size(), 2U);
  }
  for (const pid_t pid : pids) EXPECT_FALSE(is_alive(pid));
}

TEST(Process, ThatIgnoresSigtermIsKilledAfterAWhile) {
  auto process = Process::start(shell("trap '' TERM; echo $$; while :; do sleep 1; done"), {});
  ASSERT_TRUE(process.ok());
  ASSERT_EQ(read_pids(*process, 1).size(), 1U);
  const Stopwatch stopwatch;
  process->end();
  EXPECT_FALSE(process->running());
  EXPECT_EQ(process->wait()->code, 128 + SIGKILL);
  EXPECT_GE(stopwatch.elapsed().count(), 4.5);
}

TEST(Process, WaitEndsTheChildOnCancellationAndTimeout) {
  auto slow = Process::start({.argv = {"sleep", "600"}}, {});
  EXPECT_EQ(slow->wait({}, milliseconds(50)).error().code(), Code::kTimeout);
  EXPECT_FALSE(slow->running());
  auto cancelled = Process::start({.argv = {"sleep", "600"}}, {});
  Cancellation cancellation;
  cancellation.request();
  EXPECT_EQ(cancelled->wait(cancellation).error().code(), Code::kCancelled);
  EXPECT_FALSE(cancelled->running());
}

TEST(Process, SignalsReachTheGroup) {
  auto process = Process::start(shell("trap 'exit 7' USR1; echo $$; while :; do sleep 0.05; done"), {});
  ASSERT_EQ(read_pids(*process, 1).size(), 1U);
  process->signal(SIGUSR1);
  const auto status = process->wait({}, milliseconds(5000));
  ASSERT_TRUE(status.ok());
  EXPECT_EQ(status->code, 7);
}

TEST(Process, ReleasedLivesOn) {
  pid_t pid = -1;
  {
    auto process = Process::start({.argv = {"sleep", "600"}, .detached = true}, {.output = Stream::kNull});
    ASSERT_TRUE(process.ok());
    pid = process->release();
  }
  EXPECT_TRUE(is_alive(pid));
  ::kill(pid, SIGKILL);
  EXPECT_TRUE(wait_for_death_of(pid).ok());
}

TEST(Process, OutlivesTheThreadThatStartedIt) {
  std::optional<Process> process;
  std::thread([&] { process = std::move(Process::start({.argv = {"sleep", "600"}}, {})).value(); }).join();
  std::this_thread::sleep_for(milliseconds(100));
  EXPECT_TRUE(process->running());
}

TEST(Process, InheritsNoDescriptorOfOurs) {
  const UniqueFd careless(::dup(STDERR_FILENO));  // without O_CLOEXEC, as some libraries do
  EXPECT_EQ(*run(shell("ls /proc/self/fd | tr '\\n' ' '")), "0 1 2 3 ");  // 3 is ls reading the directory
}

class KilledParent : public testing::Test {
 protected:
  // Starts a parent that runs `script` as its child; gives the processes that the script is to print as
  // numbers.
  static Process start_parent(const std::string& how, const std::string& script) {
    return std::move(Process::start({.argv = {std::string(SUMMIT_BIN_DIR) + "/core-test-starter", how, "sh",
                                              "-c", script}},
                                    {}))
        .value();
  }
};

TEST_F(KilledParent, TakesItsChildrenAndGrandchildrenAlong) {
  auto directory = TemporaryDirectory::create(fs::temp_directory_path(), "process-");
  const std::string pid_file = (directory->path() / "grandchild").string();
  Process parent = start_parent("guarded", "sleep 600 & echo $! > " + pid_file + ".new; mv " + pid_file +
                                               ".new " + pid_file + "; trap '' TERM; wait");
  const auto child = read_pids(parent, 1);
  ASSERT_EQ(child.size(), 1U);
  const auto written = [&]() -> Result<bool> { return fs::exists(pid_file); };
  ASSERT_TRUE(wait_until(written, "the grandchild", milliseconds(10'000), milliseconds(10), {}).ok());
  const pid_t grandchild = std::stoi(*read_file(pid_file));
  ASSERT_TRUE(is_alive(child[0]) && is_alive(grandchild));

  ::kill(parent.pid(), SIGKILL);
  EXPECT_TRUE(wait_for_death_of(child[0]).ok());
  EXPECT_TRUE(wait_for_death_of(grandchild).ok());
}

TEST_F(KilledParent, LeavesDetachedChildrenRunning) {
  Process parent = start_parent("detached", "exec sleep 600");
  const auto child = read_pids(parent, 1);
  ASSERT_EQ(child.size(), 1U);
  ::kill(parent.pid(), SIGKILL);
  ASSERT_TRUE(wait_for_death_of(parent.pid()).ok());
  std::this_thread::sleep_for(milliseconds(200));
  EXPECT_TRUE(is_alive(child[0]));
  ::kill(child[0], SIGKILL);
}

TEST(FindProgram, PrefersTheGivenDirectories) {
  auto directory = TemporaryDirectory::create(fs::temp_directory_path(), "process-");
  ASSERT_TRUE(write_file_durably(directory->path() / "sh", "#!/bin/sh\n", 0700).ok());
  ASSERT_TRUE(write_file_durably(directory->path() / "ls", "not a program", 0600).ok());
  EXPECT_EQ(*find_program("sh", {"/nowhere", directory->path()}), directory->path() / "sh");
  EXPECT_NE(*find_program("ls", {directory->path()}), directory->path() / "ls");
  EXPECT_EQ(*find_program("/bin/sh"), "/bin/sh");
  EXPECT_EQ(find_program("no-such-program-here").error().code(), Code::kMissingTool);
  EXPECT_EQ(find_program("").error().code(), Code::kMissingTool);
  EXPECT_EQ(find_program("/bin").error().code(), Code::kMissingTool);
}

TEST(Command, IsShownWithItsWordsApart) {
  EXPECT_EQ(
      (Command{.argv = {"pg_dump", "-Fc", "-d", "summit_dev"}, .env = {{"PGPASSWORD", "x"}}}.to_string()),
      "pg_dump -Fc -d summit_dev");
  EXPECT_EQ((Command{.argv = {"psql", "-c", "select 1", ""}}.to_string()), "psql -c 'select 1' ''");
}

}  // namespace
}  // namespace summit
