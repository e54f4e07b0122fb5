#include "devtools/platform/commands.h"

#include <CLI/CLI.hpp>
#include <cstdio>

#include "devtools/platform/platform.h"

namespace summit::platform {

namespace {

struct Words {
  fs::path root = ".summit";
  std::string store;
};

Result<void> start(const Words& words) {
  ASSIGN_OR_RETURN(const auto server, open_server(words.store, words.root));
  return server->start();
}

Result<void> stop(const Words& words) {
  ASSIGN_OR_RETURN(const auto server, open_server(words.store, words.root));
  return server->stop();
}

int report(const Result<void>& result) {
  if (result) return 0;
  std::fprintf(stderr, "summit-dr-dev: %s\n", result.error().to_string().c_str());
  return result.error().code() == Code::kUsage ? 2 : 1;
}

}  // namespace

int run_program(int count, char** words) {
  CLI::App app("Platforms of real servers on this machine, for development and tests.", "summit-dr-dev");
  app.require_subcommand(1);
  Words options;
  int status = 0;
  const auto add = [&](const std::string& name, const std::string& description, auto action,
                       bool takes_store) {
    CLI::App* command = app.add_subcommand(name, description);
    command->add_option("--root", options.root, "where the platform lies")->capture_default_str();
    if (takes_store) command->add_option("store", options.store, "postgresql, neo4j, redis")->required();
    command->callback([&status, &options, action] { status = report(action(options)); });
  };
  add("start", "Start one server of a platform", start, true);
  add("stop", "Stop one server of a platform", stop, true);
  try {
    app.parse(count, words);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const std::exception& exception) {
    std::fprintf(stderr, "summit-dr-dev: %s\n", exception.what());
    return 1;
  }
  return status;
}

}  // namespace summit::platform
