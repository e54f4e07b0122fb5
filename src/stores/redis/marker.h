// The environment marker of a Redis server: the hash `summit-dr:environment` in database 0.
#pragma once

#include <optional>

#include "config/marker.h"
#include "core/result.h"
#include "stores/redis/connection.h"

namespace summit::redis {

// Nothing when the server has none. kCorrupt when the key is there and is no marker. Leaves database 0
// selected.
Result<std::optional<config::EnvironmentMarker>> read_marker(Connection& connection);

// Replaces what is there, as one step.
Result<void> write_marker(Connection& connection, const config::EnvironmentMarker& marker);

// The commands that write_marker() runs, for a transaction of the caller's. Views into `marker`.
std::vector<std::vector<std::string_view>> marker_commands(const config::EnvironmentMarker& marker);

}  // namespace summit::redis
