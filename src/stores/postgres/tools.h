// The PostgreSQL client programs: where they are, whether they are new enough, how they connect.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/endpoint.h"
#include "core/cancellation.h"
#include "core/process.h"
#include "core/result.h"

namespace summit::postgres {

struct Tool {
  fs::path path;
  std::string version;  // "16.15"
  int major = 0;
};

// Looks in the endpoint's bin_directory, where Debian and Red Hat put version `server_major`, then in PATH.
// kMissingTool when it is nowhere; kUnsupported when it is older than the server: an old pg_dump refuses a
// newer server, and an old pg_restore does not read a newer archive.
Result<Tool> find_tool(const config::PostgresEndpoint& endpoint, std::string_view name, int server_major);

// A command of `tool` that connects to `database`: address in its arguments, password in its environment.
Command tool_command(const config::PostgresEndpoint& endpoint, const Tool& tool, const std::string& database,
                     std::vector<std::string> arguments);

}  // namespace summit::postgres
