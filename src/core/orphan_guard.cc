#include "core/orphan_guard.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

namespace summit {

namespace {

// A message is one pid_t, which pipes take whole: positive registers a group, negative forgets it.

// One bit a process id. Linux gives none above this (PID_MAX_LIMIT).
constexpr size_t kProcessIds = size_t{1} << 22;
constexpr size_t kTableBytes = kProcessIds / 8;

void close_all_but(int kept) {
  // By number where the kernel is older than 5.9 or a sandbox refuses the call.
  const auto first = static_cast<unsigned>(kept);
  if (::syscall(SYS_close_range, first + 1, ~0U, 0) == 0 &&
      (first == 0 || ::syscall(SYS_close_range, 0U, first - 1, 0) == 0)) {
    return;
  }
  const long limit = ::sysconf(_SC_OPEN_MAX);
  for (int fd = 0; fd < static_cast<int>(limit); ++fd) {
    if (fd != kept) ::close(fd);
  }
}

void ignore_requests_to_stop() {
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGTSTP})
    ::signal(number, SIG_IGN);
}

void apply(const pid_t* messages, size_t count, unsigned char* table) {
  for (size_t i = 0; i < count; ++i) {
    const bool registers = messages[i] > 0;
    const auto group = static_cast<size_t>(registers ? messages[i] : -messages[i]);
    if (group == 0 || group >= kProcessIds) continue;
    const auto bit = static_cast<unsigned char>(1U << group % 8);
    table[group / 8] =
        static_cast<unsigned char>(registers ? table[group / 8] | bit : table[group / 8] & ~bit);
  }
}

// The guard process. Forked from a program with threads: only async-signal-safe calls, and no memory of the
// heap.
[[noreturn]] void guard_until_end_of(int registry, unsigned char* table) {
  // Its own session: neither Ctrl-C nor a kill of our process group reaches it.
  ::setsid();
  ignore_requests_to_stop();
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::prctl(PR_SET_NAME, "orphan-guard");
  // Else the other end of somebody's pipe would stay open with us.
  close_all_but(registry);
  if (::chdir("/") != 0) ::_exit(1);

  pid_t messages[128];
  while (true) {
    const ssize_t size = ::read(registry, messages, sizeof messages);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) break;
    apply(messages, static_cast<size_t>(size) / sizeof(pid_t), table);
  }
  for (size_t group = 1; group < kProcessIds; ++group) {
    if ((table[group / 8] >> group % 8 & 1) != 0) ::kill(-static_cast<pid_t>(group), SIGKILL);
  }
  ::_exit(0);
}

}  // namespace

Result<const OrphanGuard*> OrphanGuard::instance() {
  static const OrphanGuard guard;
  if (guard.error_number_ != 0) return errno_error(guard.error_number_, "cannot guard child processes");
  return &guard;
}

OrphanGuard::OrphanGuard() {
  void* table = ::mmap(nullptr, kTableBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  int ends[2];
  if (table == MAP_FAILED || ::pipe2(ends, O_CLOEXEC) != 0) {
    error_number_ = errno;
    return;
  }
  const UniqueFd registry(ends[0]);
  registry_.reset(ends[1]);
  guard_ = ::fork();
  if (guard_ == 0) guard_until_end_of(registry.get(), static_cast<unsigned char*>(table));
  if (guard_ < 0) error_number_ = errno;
  ::munmap(table, kTableBytes);
}

OrphanGuard::~OrphanGuard() {
  registry_.reset();
  if (guard_ > 0) ::waitpid(guard_, nullptr, 0);
}

bool OrphanGuard::register_group(pid_t group) const noexcept {
  ssize_t written = 0;
  do {
    written = ::write(registry_.get(), &group, sizeof group);
  } while (written < 0 && errno == EINTR);
  return written == sizeof group;
}

void OrphanGuard::forget_group(pid_t group) const noexcept { register_group(-group); }

}  // namespace summit
