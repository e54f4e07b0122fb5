#include "stores/postgres/tools.h"

#include <fmt/format.h>

#include <cstdlib>

#include "stores/postgres/connection.h"

namespace summit::postgres {

namespace {

// "pg_dump (PostgreSQL) 16.15 (Debian …)" gives "16.15".
std::string version_in(std::string_view banner) {
  const size_t mark = banner.find(") ");
  if (mark == std::string_view::npos) return {};
  const std::string_view rest = banner.substr(mark + 2);
  return std::string(rest.substr(0, rest.find_first_of(" \n")));
}

}  // namespace

Result<Tool> find_tool(const config::PostgresEndpoint& endpoint, std::string_view name, int server_major) {
  std::vector<fs::path> directories;
  if (!endpoint.bin_directory.empty()) directories.push_back(endpoint.bin_directory);
  directories.emplace_back(fmt::format("/usr/lib/postgresql/{}/bin", server_major));
  directories.emplace_back(fmt::format("/usr/pgsql-{}/bin", server_major));

  auto path = find_program(name, directories);
  if (!path.ok()) {
    return Error(Code::kMissingTool, "{} of PostgreSQL {} is not installed", name, server_major)
        .hint(fmt::format(
            "install postgresql-client-{}, or set POSTGRES_BIN_DIR to the directory that holds {}",
            server_major, name));
  }
  Tool tool;
  tool.path = *path;
  Command ask;
  ask.argv = {tool.path.string(), "--version"};
  ASSIGN_OR_RETURN(auto banner, run(ask, {}, std::chrono::seconds(30)));
  tool.version = version_in(banner);
  tool.major = std::atoi(tool.version.c_str());
  if (tool.major < server_major) {
    return Error(Code::kUnsupported, "{} is version {}, older than the server's {}", tool.path.string(),
                 tool.version, server_major)
        .hint(fmt::format(
            "install postgresql-client-{}, or set POSTGRES_BIN_DIR to the directory that holds its {}",
            server_major, name));
  }
  return tool;
}

Command tool_command(const config::PostgresEndpoint& endpoint, const Tool& tool, const std::string& database,
                     std::vector<std::string> arguments) {
  Command command;
  command.argv = {tool.path.string(), "--no-password",
                  "--dbname=" + connection_string(endpoint, database) + " application_name='summit-dr " +
                      tool.path.filename().string() + "'"};
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  if (!endpoint.password.empty()) command.env["PGPASSWORD"] = endpoint.password.reveal();
  // Settings of the caller's shell must not change what is dumped.
  command.env["PGOPTIONS"] = "";
  command.env["PGAPPNAME"] = "";
  return command;
}

}  // namespace summit::postgres
