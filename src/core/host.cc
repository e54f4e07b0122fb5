#include "core/host.h"

#include <unistd.h>

#include <array>
#include <fstream>

#include "core/bytes.h"

namespace summit {

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

uint64_t available_memory() {
  std::ifstream file("/proc/meminfo");
  std::string name;
  uint64_t kilobytes = 0;
  std::string rest;
  while (file >> name >> kilobytes && std::getline(file, rest)) {
    if (name == "MemAvailable:") return kilobytes * KiB;
  }
  return 0;
}

}  // namespace summit
