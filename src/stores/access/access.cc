#include "stores/access/access.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <array>

#include "core/text.h"

namespace summit::access {

using config::Access;
using Kind = config::Access::Kind;

namespace {

std::string_view client_of(Kind kind) { return kind == Kind::kPodman ? "podman" : "docker"; }

Error not_named(std::string_view what, std::string_view setting) {
  return Error(Code::kConfig, "the endpoint is reached through a {}, and its name is not set", what)
      .hint(fmt::format("set `access.{}` of the endpoint in config/environments.yaml", setting));
}

Command exec_in_container(const Access& access, const Command& command, Input input) {
  Command wrapped;
  auto& argv = wrapped.argv;
  argv = {std::string(client_of(access.kind)), "exec"};
  if (input == Input::kPiped) argv.emplace_back("-i");
  for (const auto& [name, value] : command.env) {
    // `-e NAME` without a value takes the client's own, so that no secret shows in the process list.
    argv.insert(argv.end(), {"-e", name});
    wrapped.env[name] = value;
  }
  if (command.directory) argv.insert(argv.end(), {"-w", command.directory->string()});
  if (command.uid) {
    argv.emplace_back("-u");
    argv.push_back(command.gid ? fmt::format("{}:{}", *command.uid, *command.gid)
                               : fmt::format("{}", *command.uid));
  }
  argv.push_back(access.container);
  argv.insert(argv.end(), command.argv.begin(), command.argv.end());
  return wrapped;
}

Result<Command> exec_in_pod(const Access& access, const Command& command, Input input) {
  if (!command.env.empty() || command.directory || command.uid) {
    return Error(Code::kUnsupported,
                 "`{}` needs an environment, directory or user of its own, and kubectl exec cannot give one",
                 command.argv.empty() ? "" : command.argv.front())
        .hint("reach the store's port from here, or run summit-dr inside the pod");
  }
  Command wrapped;
  auto& argv = wrapped.argv;
  argv = {"kubectl", "exec"};
  if (input == Input::kPiped) argv.emplace_back("-i");
  if (!access.kube_namespace.empty()) argv.insert(argv.end(), {"-n", access.kube_namespace});
  argv.push_back(access.pod);
  if (!access.container.empty()) argv.insert(argv.end(), {"-c", access.container});
  argv.emplace_back("--");
  argv.insert(argv.end(), command.argv.begin(), command.argv.end());
  return wrapped;
}

}  // namespace

bool is_local(const Access& access) { return access.kind == Kind::kLocal || access.kind == Kind::kSystemd; }

std::string describe(const Access& access) {
  switch (access.kind) {
    case Kind::kLocal:
    case Kind::kSystemd:
      return "this machine";
    case Kind::kDocker:
    case Kind::kPodman:
      return "container " + access.container;
    case Kind::kKubernetes:
      return access.kube_namespace.empty() ? "pod " + access.pod
                                           : fmt::format("pod {}/{}", access.kube_namespace, access.pod);
  }
  return "this machine";
}

Result<Command> command_at(const Access& access, std::vector<std::string> argv, Input input) {
  Command command;
  command.argv = std::move(argv);
  return command_at(access, command, input);
}

Result<Command> command_at(const Access& access, const Command& command, Input input) {
  switch (access.kind) {
    case Kind::kLocal:
    case Kind::kSystemd:
      return command;
    case Kind::kDocker:
    case Kind::kPodman:
      if (access.container.empty()) return not_named("container", "container");
      return exec_in_container(access, command, input);
    case Kind::kKubernetes:
      if (access.pod.empty()) return not_named("pod", "pod");
      return exec_in_pod(access, command, input);
  }
  return command;
}

Result<void> read_tree(const Access& access, const std::filesystem::path& directory,
                       const std::function<Result<void>(ByteView)>& consume,
                       const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto command, command_at(access, std::vector<std::string>{"tar", "-C", directory.string(),
                                                                             "-cf", "-", "."}));
  RETURN_IF_ERROR(run_streaming(command, consume, cancellation), "while reading {} of {}", directory.string(),
                  describe(access));
  return {};
}

Result<void> write_tree(const Access& access, const std::filesystem::path& directory,
                        const std::function<Result<ByteView>()>& produce, const Cancellation& cancellation) {
  Command command;
  if (access.kind == Kind::kDocker || access.kind == Kind::kPodman) {
    if (access.container.empty()) return not_named("container", "container");
    // `cp` and not `exec tar`: a store is restored while it is stopped, and exec needs it running.
    command.argv = {std::string(client_of(access.kind)), "cp", "-a", "-",
                    access.container + ":" + directory.string()};
  } else {
    ASSIGN_OR_RETURN(
        command, command_at(access, std::vector<std::string>{"tar", "-C", directory.string(), "-xpf", "-"},
                            Input::kPiped));
  }
  RETURN_IF_ERROR(run_feeding(command, produce, cancellation), "while writing {} of {}", directory.string(),
                  describe(access));
  return {};
}

namespace {

// A user or group by name or number: `look_up` answers for names.
template <typename LookUp>
Result<uint32_t> id_of(std::string_view text, std::string_view what, LookUp look_up) {
  if (const auto number = parse_number<uint32_t>(text)) return *number;
  const std::optional<uint32_t> found = look_up(std::string(text));
  if (found) return *found;
  return Error(Code::kConfig, "run_as names the {} '{}', which this machine does not know", what, text)
      .hint("correct `access.run_as` of the endpoint in config/environments.yaml");
}

struct User {
  uint32_t uid;
  uint32_t gid;
};

std::optional<User> user_named(const std::string& name) {
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 16384> buffer{};
  if (getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 || !found) return {};
  return User{entry.pw_uid, entry.pw_gid};
}

std::optional<uint32_t> group_named(const std::string& name) {
  group entry{};
  group* found = nullptr;
  std::array<char, 16384> buffer{};
  if (getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 || !found) return {};
  return entry.gr_gid;
}

}  // namespace

Result<std::optional<Owner>> local_owner(const Access& access) {
  if (access.run_as.empty() || geteuid() != 0) return std::optional<Owner>{};
  const std::string_view text = access.run_as;
  const size_t colon = text.find(':');
  const std::string_view user = text.substr(0, colon);

  Owner owner;
  ASSIGN_OR_RETURN(owner.uid, id_of(user, "user", [](const std::string& name) -> std::optional<uint32_t> {
                     auto found = user_named(name);
                     return found ? std::optional(found->uid) : std::nullopt;
                   }));
  if (colon != std::string_view::npos) {
    ASSIGN_OR_RETURN(owner.gid, id_of(text.substr(colon + 1), "group", group_named));
  } else {
    const auto found = user_named(std::string(user));
    owner.gid = found ? found->gid : owner.uid;
  }
  return std::optional(owner);
}

}  // namespace summit::access
