#include "core/spawn.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <pwd.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "core/orphan_guard.h"
#include "core/program_path.h"

namespace summit {

namespace {

// Everything the child needs, made before the fork: after it, with other threads' locks in unknown states,
// not even memory may be allocated.
struct Preparation {
  fs::path program;
  std::vector<std::string> environment;
  std::vector<char*> argv;
  std::vector<char*> envp;
  const char* directory = nullptr;
  bool changes_user = false;
  uid_t uid = 0;
  gid_t gid = 0;
  const OrphanGuard* guard = nullptr;  // none for a detached child
};

enum class Step : int { kRegister, kStreams, kUser, kDirectory, kExec };

struct Failure {
  Step step;
  int number;
};

std::vector<std::string> merged_environment(const std::map<std::string, std::string>& added) {
  std::vector<std::string> merged;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    if (!added.contains(std::string(text.substr(0, text.find('='))))) merged.emplace_back(text);
  }
  for (const auto& [name, value] : added) merged.push_back(fmt::format("{}={}", name, value));
  return merged;
}

Result<fs::path> locate_program(const Command& command) {
  const std::string& name = command.argv.front();
  // A relative path counts from the child's directory; exec itself will say whether it is there.
  if (name.find('/') != std::string::npos) return fs::path(name);
  const auto path = command.env.find("PATH");
  if (path != command.env.end()) return find_program_in(name, {}, path->second);
  return find_program(name);
}

gid_t primary_group_of(uid_t uid) {
  std::array<char, 16384> buffer{};
  struct passwd entry{};
  struct passwd* found = nullptr;
  if (::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr)
    return entry.pw_gid;
  return uid;
}

void prepare_user(const Command& command, Preparation& preparation) {
  preparation.uid = command.uid.value_or(::geteuid());
  preparation.gid = command.gid.value_or(command.uid ? primary_group_of(*command.uid) : ::getegid());
  preparation.changes_user = preparation.uid != ::geteuid() || preparation.gid != ::getegid();
}

std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  // exec takes char* for history's sake and never writes through it.
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

Result<Preparation> prepare(const Command& command) {
  if (command.argv.empty() || command.argv.front().empty())
    return Error(Code::kUsage, "a command without a program");
  Preparation preparation;
  ASSIGN_OR_RETURN(preparation.program, locate_program(command));
  preparation.environment = merged_environment(command.env);
  preparation.argv = pointers_to(command.argv);
  preparation.envp = pointers_to(preparation.environment);
  if (command.directory) preparation.directory = command.directory->c_str();
  prepare_user(command, preparation);
  if (!command.detached) {
    ASSIGN_OR_RETURN(preparation.guard, OrphanGuard::instance());
  }
  return preparation;
}

// The functions from here to run_child are called between fork and exec: async-signal-safe only.

[[noreturn]] void give_up(int report, Step step) {
  const Failure failure{step, errno};
  // The parent takes an unreadable report for a success of exec, and then sees this exit code.
  if (::write(report, &failure, sizeof failure) != sizeof failure) ::_exit(126);
  ::_exit(127);
}

// Streams are moved up first, so that none is overwritten while another takes its standard number.
bool take_streams(const ChildStreams& streams) {
  const std::array<int, 3> sources = {::fcntl(streams.input, F_DUPFD_CLOEXEC, 3),
                                      ::fcntl(streams.output, F_DUPFD_CLOEXEC, 3),
                                      ::fcntl(streams.error, F_DUPFD_CLOEXEC, 3)};
  for (int standard = 0; standard < 3; ++standard) {
    const int source = sources[static_cast<size_t>(standard)];
    if (source < 0 || ::dup2(source, standard) < 0) return false;
  }
  return true;
}

// By system call: the library's functions would try to change the user of threads that are not in this
// process.
bool take_user(uid_t uid, gid_t gid) {
  return ::syscall(SYS_setgroups, 0, nullptr) == 0 && ::syscall(SYS_setresgid, gid, gid, gid) == 0 &&
         ::syscall(SYS_setresuid, uid, uid, uid) == 0;
}

void restore_signals() {
  ::signal(SIGPIPE, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn]] void run_child(const Preparation& preparation, const ChildStreams& streams, int report_end) {
  const int report = ::fcntl(report_end, F_DUPFD_CLOEXEC, 3);
  if (preparation.guard != nullptr) {
    // Registered by the child itself, before it execs: its copy of the registry keeps the guard waiting until
    // it has.
    if (::setpgid(0, 0) != 0 || !preparation.guard->register_group(::getpid()))
      give_up(report, Step::kRegister);
  } else {
    if (::setsid() < 0) give_up(report, Step::kRegister);
  }
  if (!take_streams(streams)) give_up(report, Step::kStreams);
  restore_signals();
  if (preparation.changes_user && !take_user(preparation.uid, preparation.gid)) give_up(report, Step::kUser);
  if (preparation.directory != nullptr && ::chdir(preparation.directory) != 0)
    give_up(report, Step::kDirectory);
  // Not every library marks its sockets; an old kernel that refuses leaves those few open.
  ::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC);
  ::execve(preparation.program.c_str(), preparation.argv.data(), preparation.envp.data());
  give_up(report, Step::kExec);
}

Error failure_to_start(const Command& command, const Failure& failure) {
  const std::string& name = command.argv.front();
  const char* reason = std::strerror(failure.number);
  switch (failure.step) {
    case Step::kRegister:
      return Error(Code::kFailed, "cannot start {}: it cannot be guarded against our own end: {}", name,
                   reason);
    case Step::kStreams:
      return Error(Code::kFailed, "cannot start {}: cannot set its streams: {}", name, reason);
    case Step::kUser:
      return Error(Code::kDenied, "cannot start {} as user {}: {}", name, command.uid.value_or(::geteuid()),
                   reason)
          .hint("only root may start programs as another user");
    case Step::kDirectory:
      return errno_error(failure.number, fmt::format("cannot start {}: cannot enter {}", name,
                                                     command.directory.value_or(fs::path()).string()));
    case Step::kExec:
      break;
  }
  if (failure.number == ENOENT) {
    return Error(Code::kMissingTool,
                 "cannot start {}: the program, or the interpreter it names, is not there", name)
        .hint("`summit-dr doctor` shows which programs are missing");
  }
  if (failure.number == EACCES) {
    return Error(Code::kDenied, "cannot start {}: it may not be run by this user", name)
        .hint(fmt::format("`ls -l {}` shows its owner and mode", name));
  }
  return Error(Code::kFailed, "cannot start {}: {}", name, reason);
}

// Nothing when the program runs: exec closed the pipe.
std::optional<Failure> read_report(int report) {
  Failure failure{};
  ssize_t size = 0;
  do {
    size = ::read(report, &failure, sizeof failure);
  } while (size < 0 && errno == EINTR);
  if (size != sizeof failure) return std::nullopt;
  return failure;
}

}  // namespace

Result<pid_t> spawn(const Command& command, const ChildStreams& streams) {
  ASSIGN_OR_RETURN(const Preparation preparation, prepare(command));
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error(errno, "cannot start a program");
  const UniqueFd report(ends[0]);
  UniqueFd child_end(ends[1]);

  const pid_t child = ::fork();
  if (child < 0) return errno_error(errno, "cannot start " + command.argv.front());
  if (child == 0) run_child(preparation, streams, child_end.get());

  child_end.reset();
  const auto failure = read_report(report.get());
  if (!failure) return child;
  if (preparation.guard != nullptr) preparation.guard->forget_group(child);
  ::waitpid(child, nullptr, 0);
  return failure_to_start(command, *failure);
}

}  // namespace summit
