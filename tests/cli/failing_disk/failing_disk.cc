// Preloaded into a program (LD_PRELOAD), makes the disk under a directory fail: the n-th change there, or it
// and all that follow, ends with an error number. Changes are write, pwrite, ftruncate, fsync, rename, link
// and mkdir.
//
//   FAILING_DISK=/base        changes under it are counted
//   FAILING_DISK_AT=7         the first that fails; 0: none
//   FAILING_DISK_ERROR=5      errno
//   FAILING_DISK_STAYS=1      all that follow fail too
//   FAILING_DISK_COUNT=file   where the number of changes is written when the program ends
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

std::atomic<long> changes{0};

long number(const char* name) {
  const char* text = std::getenv(name);
  return text ? std::atol(text) : 0;
}

bool is_under_base(const char* path) {
  const char* base = std::getenv("FAILING_DISK");
  return base && std::strncmp(path, base, std::strlen(base)) == 0;
}

bool is_under_base(int descriptor) {
  char link[64];
  char path[PATH_MAX];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  const ssize_t length = ::readlink(link, path, sizeof path - 1);
  if (length < 0) return false;
  path[length] = '\0';
  return is_under_base(path);
}

// True, with errno set, when this change is one that fails.
bool fails() {
  const long change = ++changes;
  const long first = number("FAILING_DISK_AT");
  if (first == 0 || change < first || (change > first && number("FAILING_DISK_STAYS") == 0)) return false;
  errno = static_cast<int>(number("FAILING_DISK_ERROR"));
  return true;
}

template <typename Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

struct Count {
  ~Count() {
    const char* path = std::getenv("FAILING_DISK_COUNT");
    if (!path) return;
    const int file = ::open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    char text[32];
    const int length = std::snprintf(text, sizeof text, "%ld", changes.load());
    if (file < 0) return;
    ::syscall(SYS_write, file, text, length);
    ::close(file);
  }
} count;

}  // namespace

extern "C" {

ssize_t write(int descriptor, const void* bytes, size_t size) {
  if (is_under_base(descriptor) && fails()) return -1;
  return next<decltype(write)>("write")(descriptor, bytes, size);
}

ssize_t pwrite64(int descriptor, const void* bytes, size_t size, off64_t offset) {
  if (is_under_base(descriptor) && fails()) return -1;
  return next<decltype(pwrite64)>("pwrite64")(descriptor, bytes, size, offset);
}

int ftruncate64(int descriptor, off64_t length) noexcept {
  if (is_under_base(descriptor) && fails()) return -1;
  return next<int(int, off64_t)>("ftruncate64")(descriptor, length);
}

int fsync(int descriptor) {
  if (is_under_base(descriptor) && fails()) return -1;
  return next<decltype(fsync)>("fsync")(descriptor);
}

int rename(const char* from, const char* to) noexcept {
  if (is_under_base(to) && fails()) return -1;
  return next<int(const char*, const char*)>("rename")(from, to);
}

int renameat2(int from, const char* old_name, int to, const char* new_name, unsigned flags) noexcept {
  if (is_under_base(to) && fails()) return -1;
  return next<int(int, const char*, int, const char*, unsigned)>("renameat2")(from, old_name, to, new_name,
                                                                              flags);
}

int linkat(int from, const char* old_name, int to, const char* new_name, int flags) noexcept {
  if (is_under_base(to) && fails()) return -1;
  return next<int(int, const char*, int, const char*, int)>("linkat")(from, old_name, to, new_name, flags);
}

int mkdir(const char* path, mode_t mode) noexcept {
  if (is_under_base(path) && fails()) return -1;
  return next<int(const char*, mode_t)>("mkdir")(path, mode);
}

int mkdirat(int directory, const char* path, mode_t mode) noexcept {
  if (is_under_base(directory) && fails()) return -1;
  return next<int(int, const char*, mode_t)>("mkdirat")(directory, path, mode);
}

}  // extern "C"
