#include "core/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <thread>

#include "core/diagnostics.h"
#include "core/orphan_guard.h"
#include "core/process_group.h"
#include "core/spawn.h"

namespace summit {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

namespace {

constexpr milliseconds kGraceBeforeKill{5000};
// A request to cancel is a flag that cannot wake a poll, so polls look at it this often.
constexpr milliseconds kCancellationTick{50};
constexpr int kPipeBytes = 256 * 1024;

struct Pipe {
  UniqueFd reader;
  UniqueFd writer;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error(errno, "cannot create a pipe");
  Pipe pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
  // Larger blocks mean fewer wake-ups; a refusal (a limit for users) costs only speed.
  ::fcntl(pipe.writer.get(), F_SETPIPE_SZ, kPipeBytes);
  return pipe;
}

Result<UniqueFd> open_null() {
  UniqueFd fd(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!fd.valid()) return errno_error(errno, "cannot open /dev/null");
  return fd;
}

Result<UniqueFd> inherited(int standard) {
  UniqueFd fd(::fcntl(standard, F_DUPFD_CLOEXEC, 3));
  // Our own stream may be closed, as under some schedulers.
  if (!fd.valid()) return open_null();
  return fd;
}

Result<UniqueFd> open_for_appending(const fs::path& path) {
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640));
  if (!fd.valid()) return errno_error(errno, fmt::format("cannot open {}", path.string()));
  return fd;
}

void ignore_broken_pipes() {
  static const bool once = [] {
    struct sigaction current{};
    if (::sigaction(SIGPIPE, nullptr, &current) == 0 && current.sa_handler == SIG_DFL)
      ::signal(SIGPIPE, SIG_IGN);
    return true;
  }();
  static_cast<void>(once);
}

int exit_code_of(int wait_status) {
  return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

// Whether the descriptor becomes readable before `limit` has passed.
bool becomes_readable(int fd, milliseconds limit) {
  pollfd watched{fd, POLLIN, 0};
  return ::poll(&watched, 1, static_cast<int>(limit.count())) > 0;
}

}  // namespace

std::string Command::to_string() const {
  std::string text;
  for (const std::string& word : argv) {
    if (!text.empty()) text += ' ';
    const bool plain = !word.empty() && word.find_first_of(" \t\n'\"$`\\|&;<>()*?") == std::string::npos;
    text += plain ? word : fmt::format("'{}'", word);
  }
  return text;
}

struct Process::State {
  std::string name;
  pid_t pid = -1;
  bool guarded = false;
  UniqueFd pidfd;
  UniqueFd input;
  UniqueFd output;
  std::unique_ptr<DiagnosticsReader> standard_error;  // none with an output file
  std::optional<OutputFileTail> output_file;
  bool reaped = false;
  int exit_code = 0;  // once reaped

  bool alive() const { return pid > 0 && !reaped; }

  // Takes the child's end. The guard forgets it first: once reaped, its number may be given to somebody else.
  void reap() {
    forget();
    take_exit_code();
  }
  void forget() const {
    if (!guarded) return;
    if (auto guard = OrphanGuard::instance(); guard.ok()) (*guard)->forget_group(pid);
  }
  void take_exit_code() {
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    exit_code = exit_code_of(status);
    reaped = true;
  }
  bool has_ended() const { return becomes_readable(pidfd.get(), milliseconds(0)); }
  std::string diagnostics() {
    if (standard_error) return standard_error->finish();
    return output_file ? output_file->read() : std::string();
  }
};

Process::Process(std::unique_ptr<State> state) : state_(std::move(state)) {}
Process::Process(Process&&) noexcept = default;
Process& Process::operator=(Process&& other) noexcept {
  if (this == &other) return *this;
  end();
  state_ = std::move(other.state_);
  return *this;
}
Process::~Process() { end(); }

namespace {

// The child's ends, which we close once it runs.
struct ChildEnds {
  UniqueFd input, output, error;
};

}  // namespace

Result<Process> Process::start(const Command& command, Options options) {
  // The guard is forked first: it would hold copies of this child's pipes until it has closed what it
  // inherited.
  if (!command.detached) RETURN_IF_ERROR(OrphanGuard::instance());
  ignore_broken_pipes();
  auto state = std::make_unique<State>();
  ChildEnds child;
  UniqueFd error_reader;

  if (options.input == Stream::kPipe) {
    ASSIGN_OR_RETURN(Pipe pipe, make_pipe());
    child.input = std::move(pipe.reader);
    state->input = std::move(pipe.writer);
  } else {
    ASSIGN_OR_RETURN(child.input, options.input == Stream::kNull ? open_null() : inherited(STDIN_FILENO));
  }

  if (options.output_file) {
    ASSIGN_OR_RETURN(child.output, open_for_appending(*options.output_file));
    ASSIGN_OR_RETURN(child.error, open_for_appending(*options.output_file));
    state->output_file.emplace(*options.output_file);
  } else {
    if (options.output == Stream::kPipe) {
      ASSIGN_OR_RETURN(Pipe pipe, make_pipe());
      child.output = std::move(pipe.writer);
      state->output = std::move(pipe.reader);
    } else {
      ASSIGN_OR_RETURN(child.output,
                       options.output == Stream::kNull ? open_null() : inherited(STDOUT_FILENO));
    }
    ASSIGN_OR_RETURN(Pipe pipe, make_pipe());
    child.error = std::move(pipe.writer);
    error_reader = std::move(pipe.reader);
  }

  state->name = command.argv.empty() ? std::string() : command.argv.front();
  state->guarded = !command.detached;
  ASSIGN_OR_RETURN(state->pid, spawn(command, {child.input.get(), child.output.get(), child.error.get()}));
  // From here on the child is ended if anything fails.
  Process process(std::move(state));
  // By system call: older C libraries have no function for it.
  process.state_->pidfd.reset(static_cast<int>(::syscall(SYS_pidfd_open, process.state_->pid, 0)));
  if (!process.state_->pidfd.valid()) {
    const int number = errno;
    return errno_error(number,
                       fmt::format("cannot watch {}: linux 5.3 or later is needed", command.argv.front()));
  }
  if (error_reader.valid()) {
    ASSIGN_OR_RETURN(process.state_->standard_error, DiagnosticsReader::start(std::move(error_reader)));
  }
  return process;
}

pid_t Process::pid() const { return state_->pid; }
int Process::output_fd() const { return state_->output.get(); }
int Process::input_fd() const { return state_->input.get(); }
int Process::end_fd() const { return state_->pidfd.get(); }
void Process::close_input() { state_->input.reset(); }

Result<ExitStatus> Process::wait(const Cancellation& cancellation, std::optional<milliseconds> timeout) {
  close_input();
  const auto deadline = timeout ? Clock::now() + *timeout : Clock::time_point::max();
  while (state_->alive()) {
    milliseconds left = kCancellationTick;
    if (timeout)
      left = std::clamp(std::chrono::ceil<milliseconds>(deadline - Clock::now()), milliseconds(0), left);
    if (becomes_readable(state_->pidfd.get(), left)) {
      state_->reap();
    } else if (cancellation.requested()) {
      end();
      return Error(Code::kCancelled, "{} was ended: cancelled on request", state_->name);
    } else if (timeout && Clock::now() >= deadline) {
      end();
      return Error(Code::kTimeout, "{} was ended: it was still running after {} ms", state_->name,
                   timeout->count());
    }
  }
  state_->pidfd.reset();
  return ExitStatus{state_->exit_code, state_->diagnostics()};
}

bool Process::running() {
  if (state_->alive() && state_->has_ended()) state_->reap();
  return state_->alive();
}

void Process::signal(int number) {
  if (running()) ::kill(-state_->pid, number);
}

void Process::end() {
  if (!state_ || !state_->alive()) return;
  const pid_t group = state_->pid;
  const auto deadline = Clock::now() + kGraceBeforeKill;
  // Stopped processes act on SIGTERM only once they go on.
  ::kill(-group, SIGTERM);
  ::kill(-group, SIGCONT);
  // Without a pidfd (start failed half-way) there is nothing to be polite about.
  const bool ended = state_->pidfd.valid() && becomes_readable(state_->pidfd.get(), kGraceBeforeKill);
  if (!ended) ::kill(-group, SIGKILL);
  state_->take_exit_code();
  // The others of the group keep its number taken, so it stays safe to use until the last is gone.
  while (has_living_member(group)) {
    if (Clock::now() >= deadline) ::kill(-group, SIGKILL);
    std::this_thread::sleep_for(milliseconds(10));
  }
  state_->forget();
}

pid_t Process::release() {
  const pid_t pid = state_->pid;
  if (state_->alive()) state_->forget();
  state_->pid = -1;
  return pid;
}

}  // namespace summit
