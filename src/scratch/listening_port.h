// Which port a child process listens on, so that it can choose a free one itself: no port is ever picked
// before it is taken.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

namespace summit::scratch {

// The TCP port, if there is one, that a process of `group` listens on; the lowest when there are several.
std::optional<uint16_t> listening_port(pid_t group);

}  // namespace summit::scratch
