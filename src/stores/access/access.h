// Reaching a store where it lives: commands beside it, its files, its start and stop.
//
// Nothing here knows what a store is. Endpoints say how they are reached (config::Access); the stores ask for
// an argument vector, a tar stream, a start or a stop. All functions are thread-safe.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/endpoint.h"
#include "core/bytes.h"
#include "core/cancellation.h"
#include "core/process.h"
#include "core/result.h"

namespace summit::access {

// Whether a command reads its standard input: containers and pods attach it only when asked to.
enum class Input { kNone, kPiped };

// True when paths of the store are paths of this machine (local process, systemd unit).
bool is_local(const config::Access& access);

// "this machine", "container neo4j", "pod summit/neo4j-0": for messages.
std::string describe(const config::Access& access);

// The command that runs `argv` where the store is:
//   local, systemd   argv as it is
//   docker, podman   docker exec [-i] [-e NAME…] [-w DIR] [-u USER] C argv…
//   kubernetes       kubectl exec [-i] -n NS POD [-c C] -- argv…
// kConfig with a hint when the container or pod is not named.
Result<Command> command_at(const config::Access& access, std::vector<std::string> argv,
                           Input input = Input::kNone);

// The same for a command with environment, working directory or user. Values of variables travel in the
// environment of the client, never in its arguments; kUnsupported in a pod, whose exec has no way for them.
Result<Command> command_at(const config::Access& access, const Command& command, Input input = Input::kNone);

// Starts or stops the store; `name` is the endpoint's, for messages. Returns when the command has ended:
// whether the store answers is for its own probe to say. Configured commands win, and run on this machine.
//   systemd          systemctl start|stop UNIT
//   docker, podman   docker start C; docker stop --time 120 C
//   kubernetes       kubectl scale -n NS WORKLOAD --replicas=1|0, then waits for the pod
// kUnsupported with a hint when no way is known.
Result<void> start_store(const config::Access& access, std::string_view name,
                         const Cancellation& cancellation = {},
                         std::chrono::milliseconds timeout = std::chrono::minutes(5));
Result<void> stop_store(const config::Access& access, std::string_view name,
                        const Cancellation& cancellation = {},
                        std::chrono::milliseconds timeout = std::chrono::minutes(5));

// What start_store and stop_store run, in order.
Result<std::vector<Command>> start_commands(const config::Access& access, std::string_view name);
Result<std::vector<Command>> stop_commands(const config::Access& access, std::string_view name);

// Streams the content of `directory` there as a tar archive (`tar -C directory -cf - .`). A file that changes
// while it is read is no error here: live copies are the caller's concern.
Result<void> read_tree(const config::Access& access, const std::filesystem::path& directory,
                       const std::function<Result<void>(ByteView)>& consume,
                       const Cancellation& cancellation = {});

// Unpacks a tar stream into the existing `directory` there, owners kept. Works in a stopped container, not
// without a pod.
Result<void> write_tree(const config::Access& access, const std::filesystem::path& directory,
                        const std::function<Result<ByteView>()>& produce,
                        const Cancellation& cancellation = {});

// User and group of access.run_as on this machine; nothing when it is empty or we are not root.
struct Owner {
  uint32_t uid = 0;
  uint32_t gid = 0;
};
Result<std::optional<Owner>> local_owner(const config::Access& access);

}  // namespace summit::access
