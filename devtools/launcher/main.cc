// Starts and guards the servers of a development platform. Internal to devtools/platform; people use
// summit-dr-dev.
//
//   launch --record=FILE --log=FILE --quick-stop-signal=NUMBER [--user=UID:GID [--closed=pass]] -- PROGRAM
//   ARG...
//       The program runs in the background only after its process record is on disk: a crash at any moment
//       leaves either no server or one that `stop` finds.
//   run [--user=UID:GID [--closed=pass]] -- PROGRAM ARG...
//       Becomes the program, as that user.
//   guard --record=FILE... [--remove=DIRECTORY]
//       Ends the recorded servers when standard input ends, that is when the process that holds the other end
//       is gone.
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/files.h"
#include "devtools/launcher/privileges.h"
#include "devtools/launcher/process_record.h"

namespace summit::platform {
namespace {

struct Arguments {
  std::string mode;
  std::map<std::string, std::string> options;  // of several, the last
  std::vector<std::string> records;
  std::vector<std::string> program;

  std::optional<User> user() const {
    const auto found = options.find("user");
    if (found == options.end()) return std::nullopt;
    char* rest = nullptr;
    const unsigned long uid = std::strtoul(found->second.c_str(), &rest, 10);
    const unsigned long gid = *rest == ':' ? std::strtoul(rest + 1, nullptr, 10) : uid;
    return User{static_cast<uid_t>(uid), static_cast<gid_t>(gid)};
  }
};

Arguments parse(int count, char** words) {
  Arguments arguments;
  int i = 1;
  if (i < count) arguments.mode = words[i++];
  for (; i < count && std::strcmp(words[i], "--") != 0; ++i) {
    const std::string word = words[i];
    const size_t equals = word.find('=');
    if (word.rfind("--", 0) != 0 || equals == std::string::npos) continue;
    const std::string name = word.substr(2, equals - 2);
    const std::string value = word.substr(equals + 1);
    if (name == "record") arguments.records.push_back(value);
    arguments.options[name] = value;
  }
  for (++i; i < count; ++i) arguments.program.emplace_back(words[i]);
  return arguments;
}

int fail(const Error& error) {
  std::fprintf(stderr, "%s\n", error.to_string().c_str());
  return 1;
}

int become(const Arguments& arguments) {
  if (const auto user = arguments.user()) {
    const auto closed = arguments.options.count("closed") != 0 ? ClosedDirectories::kMayBePassed
                                                               : ClosedDirectories::kStayClosed;
    if (const auto changed = become_user(*user, closed); !changed) return fail(changed.error());
  }
  std::vector<char*> argv;
  for (const std::string& word : arguments.program) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  ::execvp(argv[0], argv.data());
  return fail(errno_error(errno, fmt::format("cannot start {}", arguments.program[0])));
}

void close_from(unsigned first) { ::syscall(SYS_close_range, first, ~0U, 0U); }

// The server's side of launch(): in a session of its own, it waits for the word that its record is written,
// then becomes the program.
int become_server(const Arguments& arguments, int starter, int log) {
  ::setsid();
  const pid_t self = ::getpid();
  char word = 0;
  if (::write(starter, &self, sizeof self) != sizeof self || ::read(starter, &word, 1) != 1) return 1;
  ::dup2(::open("/dev/null", O_RDONLY), STDIN_FILENO);
  ::dup2(log, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  close_from(3);
  return become(arguments);
}

// Stays as the server's parent until it ends, and takes its exit status at once: PostgreSQL does not start
// while its former process id is still that of a zombie, and the first process of a container may leave
// zombies for seconds, or for ever.
int supervise(const Arguments& arguments, int starter, int log) {
  ::setsid();
  const pid_t server = ::fork();
  if (server == 0) return become_server(arguments, starter, log);
  close_from(0);
  while (::waitpid(server, nullptr, 0) < 0 && errno == EINTR) {
  }
  return 0;
}

// Held while a record is being written, so that a guard sees a server that is just being started.
Result<UniqueFd> lock_record(const std::string& record) {
  const std::string path = record + ".lock";
  UniqueFd lock(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  if (!lock.valid() || ::flock(lock.get(), LOCK_EX) != 0) return errno_error(errno, "cannot lock " + path);
  return lock;
}

Result<void> launch(const Arguments& arguments) {
  ASSIGN_OR_RETURN(const UniqueFd lock, lock_record(arguments.options.at("record")));
  const UniqueFd log(
      ::open(arguments.options.at("log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640));
  if (!log.valid()) return errno_error(errno, "cannot open " + arguments.options.at("log"));
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return errno_error(errno, "cannot make a socket pair");
  const UniqueFd ours(ends[0]);
  UniqueFd theirs(ends[1]);
  const pid_t supervisor = ::fork();
  if (supervisor < 0) return errno_error(errno, "cannot fork");
  if (supervisor == 0) {
    ::close(ends[0]);
    ::_exit(supervise(arguments, theirs.get(), log.get()));
  }
  theirs.reset();
  pid_t server = 0;
  if (::read(ours.get(), &server, sizeof server) != sizeof server)
    return Error(Code::kFailed, "the server's process ended before it started");
  ASSIGN_OR_RETURN(ProcessRecord record, record_of(server, arguments.program));
  record.quick_stop_signal = std::atoi(arguments.options.at("quick-stop-signal").c_str());
  RETURN_IF_ERROR(write_process_record(arguments.options.at("record"), record));
  return write_all(ours.get(), as_bytes("g"), "socket pair");
}

Result<void> end_recorded_server(const std::string& file) {
  // The directory may be gone with all that was in it.
  const auto lock = lock_record(file);
  if (!lock) return lock.error().code() == Code::kNotFound ? Result<void>() : lock.error();
  ASSIGN_OR_RETURN(const auto record, read_process_record(file));
  return record ? end_process(*record, record->quick_stop_signal, std::chrono::seconds(3)) : Result<void>();
}

Result<void> guard(const Arguments& arguments) {
  // A Ctrl-C that ends the test must not end its guard first.
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) ::signal(number, SIG_IGN);
  char ignored[64];
  ssize_t got = 0;
  do {
    got = ::read(STDIN_FILENO, ignored, sizeof ignored);
  } while (got > 0 || (got < 0 && errno == EINTR));

  // All of them, whatever happens with one.
  Result<void> first_failure;
  for (const std::string& file : arguments.records) {
    if (auto ended = end_recorded_server(file); !ended && first_failure) first_failure = std::move(ended);
  }
  const auto directory = arguments.options.find("remove");
  if (directory != arguments.options.end()) RETURN_IF_ERROR(remove_recursively(directory->second));
  return first_failure;
}

int run(const Arguments& arguments) {
  if (arguments.mode == "run" && !arguments.program.empty()) return become(arguments);
  const bool launches = arguments.mode == "launch" && !arguments.program.empty();
  if (!launches && arguments.mode != "guard") {
    std::fputs("usage: summit-dev-launcher launch|run|guard; see summit-dr-dev help\n", stderr);
    return 2;
  }
  const Result<void> result = launches ? launch(arguments) : guard(arguments);
  return result ? 0 : fail(result.error());
}

}  // namespace
}  // namespace summit::platform

int main(int count, char** words) {
  try {
    return summit::platform::run(summit::platform::parse(count, words));
  } catch (const std::exception& exception) {
    std::fprintf(stderr, "summit-dev-launcher: %s\n", exception.what());
    return 1;
  }
}
