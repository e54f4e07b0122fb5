#include "devtools/launcher/process_record.h"

#include <dirent.h>
#include <signal.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/files.h"
#include "core/text.h"
#include "core/wait.h"

namespace summit::platform {

namespace {

struct ProcessState {
  pid_t parent = 0;
  char state = 'Z';
  unsigned long long start_ticks = 0;
};

// Empty when the process is gone, also when it goes between the opening and the reading.
std::string read_proc(const std::string& path) { return read_file(path).value_or({}); }

std::optional<ProcessState> state_of(pid_t pid) {
  const std::string text = read_proc(fmt::format("/proc/{}/stat", pid));
  // The command's name stands in parentheses and may itself hold blanks and parentheses.
  const size_t end_of_name = text.rfind(')');
  if (end_of_name == std::string::npos) return std::nullopt;
  std::istringstream fields(text.substr(end_of_name + 1));
  ProcessState state;
  fields >> state.state >> state.parent;
  std::string skipped;
  for (int field = 5; field < 22; ++field) fields >> skipped;
  fields >> state.start_ticks;
  if (!fields) return std::nullopt;
  return state;
}

std::string boot_id() {
  std::string text = read_proc("/proc/sys/kernel/random/boot_id");
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

// The process and all its descendants, each with its start time.
std::vector<ProcessRecord> tree_below(const ProcessRecord& root) {
  std::multimap<pid_t, ProcessRecord> children;
  if (DIR* proc = ::opendir("/proc")) {
    while (const dirent* entry = ::readdir(proc)) {
      const auto pid = parse_number<pid_t>(entry->d_name);
      if (!pid) continue;
      if (const auto state = state_of(*pid))
        children.emplace(state->parent, ProcessRecord{*pid, state->start_ticks, SIGKILL, root.boot_id, {}});
    }
    ::closedir(proc);
  }
  std::vector<ProcessRecord> tree{root};
  for (size_t i = 0; i < tree.size(); ++i) {
    const auto [first, last] = children.equal_range(tree[i].pid);
    for (auto child = first; child != last; ++child) tree.push_back(child->second);
  }
  return tree;
}

bool any_runs(const std::vector<ProcessRecord>& processes) {
  return std::any_of(processes.begin(), processes.end(), runs);
}

void kill_all(const std::vector<ProcessRecord>& processes) {
  for (const ProcessRecord& process : processes) {
    if (runs(process)) ::kill(process.pid, SIGKILL);
  }
}

// Not even a zombie: a program with threads shows as one while its last threads still hold its files.
bool is_gone(const ProcessRecord& record) {
  const auto state = state_of(record.pid);
  return !state || state->start_ticks != record.start_ticks;
}

Result<void> wait_until_gone(const std::vector<ProcessRecord>& processes,
                             std::chrono::milliseconds patience) {
  constexpr std::chrono::milliseconds kInterval(5);
  const std::string what = fmt::format("process {} to end", processes.front().pid);
  RETURN_IF_ERROR(
      wait_until([&]() -> Result<bool> { return !any_runs(processes); }, what, patience, kInterval, {}));
  // Its supervisor reaps it. Had somebody killed that too, whether and when it is reaped is not ours to say,
  // so a timeout is no error.
  constexpr std::chrono::seconds kReapingPatience(3);
  (void)wait_until([&]() -> Result<bool> { return is_gone(processes.front()); }, what, kReapingPatience,
                   kInterval, {});
  return {};
}

constexpr std::chrono::seconds kKillPatience{10};

}  // namespace

Result<ProcessRecord> record_of(pid_t pid, std::vector<std::string> argv) {
  const auto state = state_of(pid);
  if (!state) return Error(Code::kNotFound, "process {} does not run", pid);
  return ProcessRecord{pid, state->start_ticks, SIGKILL, boot_id(), std::move(argv)};
}

Result<std::optional<ProcessRecord>> read_process_record(const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return std::optional<ProcessRecord>();
  ASSIGN_OR_RETURN(const std::string text, read_file(path));
  const auto json = nlohmann::json::parse(text, nullptr, false);
  try {
    return std::optional(ProcessRecord{json.at("pid"), json.at("start_ticks"), json.at("quick_stop_signal"),
                                       json.at("boot_id"), json.at("argv")});
  } catch (const nlohmann::json::exception&) {
    return Error(Code::kCorrupt, "{} is not the record of a process", path.string())
        .hint("remove it when no such server runs");
  }
}

Result<void> write_process_record(const std::filesystem::path& path, const ProcessRecord& record) {
  const nlohmann::json json{{"pid", record.pid},
                            {"start_ticks", record.start_ticks},
                            {"quick_stop_signal", record.quick_stop_signal},
                            {"boot_id", record.boot_id},
                            {"argv", record.argv}};
  return write_file_durably(path, json.dump(2) + "\n", 0600);
}

bool runs(const ProcessRecord& record) {
  const auto state = state_of(record.pid);
  return state && state->state != 'Z' && state->state != 'X' && state->start_ticks == record.start_ticks &&
         boot_id() == record.boot_id;
}

Result<void> end_process(const ProcessRecord& record, int number, std::chrono::milliseconds patience) {
  if (!runs(record)) return {};
  const auto tree = tree_below(record);
  if (::kill(record.pid, number) != 0 && errno != ESRCH)
    return errno_error(errno, fmt::format("cannot signal process {}", record.pid));
  if (wait_until_gone(tree, patience).ok()) return {};
  return kill_process_tree(record);
}

Result<void> kill_process_tree(const ProcessRecord& record) {
  if (!runs(record)) return {};
  // Stopped first, so that nothing new is started while the tree is read.
  ::kill(record.pid, SIGSTOP);
  const auto tree = tree_below(record);
  kill_all(tree);
  return wait_until_gone(tree, kKillPatience);
}

}  // namespace summit::platform
