// Child processes, started with an argument vector: no shell ever sees a word of ours.
//
// A child gets its own process group, so that ending it ends what it started. It dies with us, and so does
// its group: kill -9 of this program leaves no orphan behind unless `detached` (how: orphan_guard.h). Only a
// child that leaves its group by itself, as daemons do, escapes.
//
// The first start makes this process ignore SIGPIPE, so that writing to a child that has ended is an error
// and not our end; children get the default action back.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/bytes.h"
#include "core/cancellation.h"
#include "core/files.h"
#include "core/result.h"

namespace summit {

struct Command {
  std::vector<std::string> argv;  // argv[0] is looked up in PATH when it has no slash
  std::map<std::string, std::string>
      env{};  // added to (or replacing in) our own environment; secrets go here, never into argv
  std::optional<fs::path> directory{};  // working directory
  std::optional<uint32_t> uid{};        // run as this user (needs root); supplementary groups dropped
  std::optional<uint32_t> gid{};
  bool detached = false;  // survives us, in a session of its own, once released: for servers

  // "pg_dump -Fc -d summit_dev", for messages. Never contains the environment.
  std::string to_string() const;
};

struct ExitStatus {
  int code = 0;             // exit code, or 128 + signal
  std::string diagnostics;  // the last 64 KiB of standard error
  bool ok() const { return code == 0; }
};

// A running child with pipes. Destroying it ends the child, a detached one too: SIGTERM to its group, SIGKILL
// after 5 s. Standard error is always being read, so a child never blocks on it. One thread at a time; it may
// move between threads.
class Process {
 public:
  enum class Stream { kNull, kPipe, kInherit };
  struct Options {
    Stream input = Stream::kNull;
    Stream output = Stream::kPipe;
    std::optional<fs::path> output_file{};  // standard output and error appended here instead; a child that
                                            // is to be released needs it, since its pipes close then
  };

  // Returns once the program runs. kMissingTool with a hint when argv[0] is not found, kDenied when it may
  // not be run.
  static Result<Process> start(const Command& command, Options options);

  Process(Process&&) noexcept;
  Process& operator=(Process&&) noexcept;
  ~Process();

  pid_t pid() const;
  int output_fd() const;  // read end of its standard output; -1 without a pipe
  int input_fd() const;   // write end of its standard input; -1 without a pipe or after close_input()
  int end_fd() const;     // becomes readable, for poll(), when the child has ended; -1 after wait()
  void close_input();

  // Closes its input and waits for the end; ends the child on cancellation (kCancelled) or when `timeout`
  // passes (kTimeout). Who started it with an output pipe has read that to its end before.
  Result<ExitStatus> wait(const Cancellation& cancellation = {},
                          std::optional<std::chrono::milliseconds> timeout = {});
  bool running();
  // To the child's whole group.
  void signal(int number);
  // SIGTERM to its group, SIGKILL after 5 s; returns when all are gone.
  void end();
  // Lets the child live on, and forgets it.
  pid_t release();

 private:
  struct State;
  explicit Process(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// An error that quotes the last lines of standard error, unless the command succeeded.
Result<void> require_success(const Command& command, const ExitStatus& status);

// Runs to the end and gives standard output whole (at most `limit` bytes; more is kFailed). A non-zero exit
// is an error with the last lines of standard error in it.
Result<std::string> run(const Command& command, const Cancellation& cancellation = {},
                        std::optional<std::chrono::milliseconds> timeout = {}, uint64_t limit = 64 * MiB);

// Runs to the end, giving standard output to `consume` block by block as it comes. Stops the child when
// `consume` fails.
Result<void> run_streaming(const Command& command, const std::function<Result<void>(ByteView)>& consume,
                           const Cancellation& cancellation = {});

// Runs to the end, feeding standard input from `produce` until it gives an empty view; standard output is
// dropped. A command that ends well without having taken all its input is kIo. A view stays valid until
// `produce` is called again.
Result<void> run_feeding(const Command& command, const std::function<Result<ByteView>()>& produce,
                         const Cancellation& cancellation = {});

// The program's full path: `name` itself when it has a slash, else the first match in `directories`, then in
// PATH. kMissingTool with a hint when there is none.
Result<fs::path> find_program(std::string_view name, const std::vector<fs::path>& directories = {});

}  // namespace summit
