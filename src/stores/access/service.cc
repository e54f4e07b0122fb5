// Starting and stopping a store by the means its endpoint declares.
#include <algorithm>

#include "stores/access/access.h"

namespace summit::access {

using config::Access;
using Kind = config::Access::Kind;

namespace {

enum class Action { kStart, kStop };

std::string_view verb(Action action) { return action == Action::kStart ? "start" : "stop"; }

Command command_of(std::vector<std::string> argv) {
  Command command;
  command.argv = std::move(argv);
  return command;
}

Error missing(Action action, std::string_view name, std::string_view setting) {
  return Error(Code::kUnsupported, "{} cannot be {}: no way is configured", name,
               action == Action::kStart ? "started" : "stopped")
      .hint(
          fmt::format("set `access.{}` or `access.{}_command` of the endpoint {} in config/environments.yaml",
                      setting, verb(action), name));
}

std::vector<Command> container_commands(const Access& access, Action action) {
  const std::string client = access.kind == Kind::kPodman ? "podman" : "docker";
  if (action == Action::kStart) return {command_of({client, "start", access.container})};
  // The default of 10 s ends in SIGKILL, which a database that checkpoints on stop does not survive unharmed.
  return {command_of({client, "stop", "--time", "120", access.container})};
}

std::vector<Command> workload_commands(const Access& access, Action action) {
  std::vector<std::string> base = {"kubectl"};
  if (!access.kube_namespace.empty()) base.insert(base.end(), {"-n", access.kube_namespace});
  auto with = [&base](std::initializer_list<std::string> words) {
    auto argv = base;
    argv.insert(argv.end(), words);
    return command_of(std::move(argv));
  };
  if (action == Action::kStart) {
    return {with({"scale", access.workload, "--replicas=1"}),
            with({"rollout", "status", access.workload, "--timeout=300s"})};
  }
  std::vector<Command> commands = {with({"scale", access.workload, "--replicas=0"})};
  if (!access.pod.empty())
    commands.push_back(with({"wait", "--for=delete", "pod/" + access.pod, "--timeout=300s"}));
  return commands;
}

Result<std::vector<Command>> commands_for(const Access& access, Action action, std::string_view name) {
  const auto& configured = action == Action::kStart ? access.start_command : access.stop_command;
  if (!configured.empty()) return std::vector<Command>{command_of(configured)};
  switch (access.kind) {
    case Kind::kLocal:
      break;
    case Kind::kSystemd:
      if (access.unit.empty()) return missing(action, name, "unit");
      return std::vector<Command>{command_of({"systemctl", std::string(verb(action)), access.unit})};
    case Kind::kDocker:
    case Kind::kPodman:
      if (access.container.empty()) return missing(action, name, "container");
      return container_commands(access, action);
    case Kind::kKubernetes:
      if (access.workload.empty()) return missing(action, name, "workload");
      return workload_commands(access, action);
  }
  return Error(Code::kUnsupported, "{} cannot be {}: it is a local process without a {} command", name,
               action == Action::kStart ? "started" : "stopped", verb(action))
      .hint(fmt::format(
          "set `access.{}_command` or `access.unit` of the endpoint {} in config/environments.yaml",
          verb(action), name));
}

std::string last_lines(const fs::path& file) {
  auto text = read_file(file);
  if (!text.ok()) return "";
  constexpr size_t kShown = 2000;
  std::string shown = text->size() > kShown ? text->substr(text->size() - kShown) : *text;
  while (!shown.empty() && (shown.back() == '\n' || shown.back() == ' ')) shown.pop_back();
  return shown;
}

// The output goes to a file, not a pipe: a start command leaves a server behind that keeps what it inherited
// open, and a reader of a pipe would wait for that server's end.
Result<void> run_service_command(Command command, Action action, std::string_view name,
                                 const Cancellation& cancellation, std::chrono::milliseconds timeout) {
  ASSIGN_OR_RETURN(auto scratch, TemporaryDirectory::create(fs::temp_directory_path(), "summit-dr-service-"));
  const fs::path output = scratch.path() / "output";
  command.detached = action == Action::kStart;

  Process::Options options;
  options.output = Process::Stream::kNull;
  options.output_file = output;
  ASSIGN_OR_RETURN(auto process, Process::start(command, options), "while {} {}",
                   action == Action::kStart ? "starting" : "stopping", name);
  ASSIGN_OR_RETURN(auto status, process.wait(cancellation, timeout), "while waiting for `{}`",
                   command.to_string());
  process.release();
  if (status.ok()) return {};
  return Error(Code::kFailed, "cannot {} {}: `{}` ended with {}: {}", verb(action), name, command.to_string(),
               status.code, last_lines(output))
      .hint(fmt::format("run `{}` by hand to see why", command.to_string()));
}

Result<void> act(const Access& access, Action action, std::string_view name, const Cancellation& cancellation,
                 std::chrono::milliseconds timeout) {
  ASSIGN_OR_RETURN(auto commands, commands_for(access, action, name));
  for (const auto& command : commands) {
    RETURN_IF_ERROR(run_service_command(command, action, name, cancellation, timeout));
  }
  return {};
}

}  // namespace

Result<std::vector<Command>> start_commands(const Access& access, std::string_view name) {
  return commands_for(access, Action::kStart, name);
}
Result<std::vector<Command>> stop_commands(const Access& access, std::string_view name) {
  return commands_for(access, Action::kStop, name);
}

Result<void> start_store(const Access& access, std::string_view name, const Cancellation& cancellation,
                         std::chrono::milliseconds timeout) {
  return act(access, Action::kStart, name, cancellation, timeout);
}
Result<void> stop_store(const Access& access, std::string_view name, const Cancellation& cancellation,
                        std::chrono::milliseconds timeout) {
  return act(access, Action::kStop, name, cancellation, timeout);
}

}  // namespace summit::access
