// Child processes, started with an argument vector: no shell ever sees a word of ours.
//
// A child gets its own process group, so that ending it ends what it started; it dies with us (PR_SET_PDEATHSIG),
// so kill -9 of this program leaves no orphan behind unless `detached`.
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
  std::vector<std::string> argv;             // argv[0] is looked up in PATH when it has no slash
  std::map<std::string, std::string> env{};  // added to (or replacing in) our own environment; secrets go here, never into argv
  std::optional<fs::path> directory{};       // working directory
  std::optional<uint32_t> uid{};             // run as this user (needs root); supplementary groups dropped
  std::optional<uint32_t> gid{};
  bool detached = false;                     // survives us: servers that stay up after `make up`

  // "pg_dump -Fc -d summit_dev", for messages. Never contains the environment.
  std::string to_string() const;
};

struct ExitStatus {
  int code = 0;            // exit code, or 128 + signal
  std::string diagnostics; // the last 64 KiB of standard error
  bool ok() const { return code == 0; }
};

// A running child with pipes. Destroying it ends the child: SIGTERM to its group, SIGKILL after 5 s.
class Process {
 public:
  enum class Stream { kNull, kPipe, kInherit };
  struct Options {
    Stream input = Stream::kNull;
    Stream output = Stream::kPipe;
    std::optional<fs::path> output_file{};  // standard output and error appended here instead
  };

  // kMissingTool with a hint when argv[0] is not found.
  static Result<Process> start(const Command& command, Options options);

  Process(Process&&) noexcept;
  Process& operator=(Process&&) noexcept;
  ~Process();

  pid_t pid() const;
  int output_fd() const;      // read end of its standard output
  int input_fd() const;       // write end of its standard input
  void close_input();

  // Waits for the end; ends the child on cancellation or when `timeout` passes (kTimeout).
  Result<ExitStatus> wait(const Cancellation& cancellation = {}, std::optional<std::chrono::milliseconds> timeout = {});
  bool running();
  void signal(int number);
  // Forgets the child without ending it.
  pid_t release();

 private:
  struct State;
  explicit Process(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Runs to the end and gives standard output whole (at most `limit` bytes; more is kFailed). A non-zero exit is an
// error with the last lines of standard error in it.
Result<std::string> run(const Command& command, const Cancellation& cancellation = {},
                        std::optional<std::chrono::milliseconds> timeout = {}, uint64_t limit = 64 * MiB);

// Runs to the end, giving standard output to `consume` block by block as it comes. Stops the child when `consume` fails.
Result<void> run_streaming(const Command& command, const std::function<Result<void>(ByteView)>& consume,
                           const Cancellation& cancellation = {});

// Runs to the end, feeding standard input from `produce` until it gives an empty view.
Result<void> run_feeding(const Command& command, const std::function<Result<ByteView>()>& produce,
                         const Cancellation& cancellation = {});

// The program's full path: `name` itself when it has a slash, else the first match in `directories`, then in PATH.
Result<fs::path> find_program(std::string_view name, const std::vector<fs::path>& directories = {});

}  // namespace summit
