// What servers need from the machine: a port, a password, programs, a user.
#include <netinet/in.h>
#include <pwd.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "devtools/platform/server.h"

namespace summit::platform {

namespace {

// Below net.ipv4.ip_local_port_range of every distribution.
constexpr uint16_t kFirstPort = 15000;
constexpr uint16_t kLastPort = 31999;

uint32_t random_number() {
  uint32_t number = 0;
  // Never fails for so few bytes once the system has booted.
  (void)::getrandom(&number, sizeof number, 0);
  return number;
}

bool is_free(uint16_t port) {
  const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  // Else a port whose last connections are in TIME_WAIT would look used.
  const int on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_ANY);
  return ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

// A server is down for seconds, before its first start and between two, in which another process could take
// its port. A socket with a name of the port, in no file system, says whose it is until this process ends.
bool reserve(uint16_t port) {
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto name = fmt::format("summit-dr port {}", port);
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), length) != 0) return false;
  (void)socket.release();
  return true;
}

}  // namespace

Result<uint16_t> free_port() {
  for (int attempt = 0; attempt < 1000; ++attempt) {
    const auto port = static_cast<uint16_t>(kFirstPort + random_number() % (kLastPort - kFirstPort + 1));
    if (is_free(port) && reserve(port)) return port;
  }
  return Error(Code::kFailed, "no free port between {} and {}", kFirstPort, kLastPort);
}

Secret random_password() {
  constexpr std::string_view kLetters = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
  std::string password;
  for (int i = 0; i < 24; ++i) password += kLetters[random_number() % kLetters.size()];
  return Secret(std::move(password));
}

Result<fs::path> cached(std::string_view program) {
  fs::path cache;
  if (const char* explicit_cache = std::getenv("SUMMIT_DR_CACHE");
      explicit_cache != nullptr && *explicit_cache != '\0') {
    cache = explicit_cache;
  } else if (const char* user_cache = std::getenv("XDG_CACHE_HOME");
             user_cache != nullptr && *user_cache != '\0') {
    cache = fs::path(user_cache) / "summit-dr";
  } else {
    const char* home = std::getenv("HOME");
    cache = fs::path(home != nullptr ? home : "/root") / ".cache" / "summit-dr";
  }
  std::error_code ignored;
  if (!fs::exists(cache / program, ignored)) {
    return Error(Code::kMissingTool, "{} is not in the server cache {}", program, cache.string())
        .hint("run `make setup`");
  }
  // Resolved, because a cache below /root may be a link to one that other users can read.
  const fs::path folder = fs::canonical(cache, ignored);
  return folder / program;
}

Result<std::optional<User>> unprivileged_user() {
  if (::geteuid() != 0) return std::optional<User>();
  const char* configured = std::getenv("SUMMIT_DR_SERVER_USER");
  const std::string name = configured != nullptr && *configured != '\0' ? configured : "nobody";
  const passwd* entry = ::getpwnam(name.c_str());
  if (entry == nullptr || entry->pw_uid == 0) {
    return Error(Code::kConfig, "servers that refuse root cannot run as {}", name)
        .hint("set SUMMIT_DR_SERVER_USER to an ordinary user");
  }
  return std::optional(User{entry->pw_uid, entry->pw_gid});
}

}  // namespace summit::platform
