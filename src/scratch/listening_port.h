// Which ports a child process listens on, so that it can choose free ones itself: no port is ever picked
// before it is taken.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <set>

namespace summit::scratch {

// The TCP ports that processes of `group` listen on.
std::set<uint16_t> listening_ports(pid_t group);

}  // namespace summit::scratch
