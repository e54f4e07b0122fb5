#include "scratch/listening_port.h"

#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>
#include <string>

namespace summit::scratch {
namespace {

namespace fs = std::filesystem;

std::set<std::string> sockets_of(pid_t process) {
  std::set<std::string> inodes;
  std::error_code error;
  for (fs::directory_iterator entry(fs::path("/proc") / std::to_string(process) / "fd", error), end;
       !error && entry != end; entry.increment(error)) {
    std::array<char, 64> target{};
    const ssize_t length = ::readlink(entry->path().c_str(), target.data(), target.size());
    const std::string_view text(target.data(), length > 0 ? static_cast<size_t>(length) : 0);
    if (text.starts_with("socket:[") && text.ends_with(']')) inodes.emplace(text.substr(8, text.size() - 9));
  }
  return inodes;
}

bool is_numeric(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

// A launcher script may run the server as its child: both are in one group.
std::set<std::string> sockets_of_group(pid_t group) {
  std::set<std::string> inodes;
  std::error_code error;
  for (fs::directory_iterator entry("/proc", error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename();
    if (!is_numeric(name)) continue;
    const auto process = static_cast<pid_t>(std::stol(name));
    if (::getpgid(process) == group) inodes.merge(sockets_of(process));
  }
  return inodes;
}

// Fields of a line of /proc/net/tcp: number, local address, remote address, state, queues, timer,
// retransmits, uid, timeout, inode.
std::optional<uint16_t> port_in_line(const std::string& line, const std::set<std::string>& inodes) {
  constexpr std::string_view kListening = "0A";
  std::istringstream fields(line);
  std::string number, local, remote, state, skipped, inode;
  fields >> number >> local >> remote >> state >> skipped >> skipped >> skipped >> skipped >> skipped >>
      inode;
  const size_t colon = local.rfind(':');
  if (!fields || state != kListening || colon == std::string::npos || !inodes.contains(inode)) return {};
  return static_cast<uint16_t>(std::stoul(local.substr(colon + 1), nullptr, 16));
}

}  // namespace

std::set<uint16_t> listening_ports(pid_t group) {
  const auto inodes = sockets_of_group(group);
  std::set<uint16_t> ports;
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::ifstream lines(table);
    for (std::string line; std::getline(lines, line);) {
      const auto port = port_in_line(line, inodes);
      if (port) ports.insert(*port);
    }
  }
  return ports;
}

}  // namespace summit::scratch
