#include "devtools/platform/server.h"

#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <deque>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/process.h"
#include "core/wait.h"

namespace summit::platform {

namespace {

constexpr std::chrono::milliseconds kPollInterval{15};

const std::string kMemory = "/dev/shm";
const std::string kDisk = "/tmp";
// Several platforms at once, with what their tests back up and restore, were seen to need 400 MB.
constexpr uint64_t kRoomForServers = 2ULL << 30;

// Tests copy projects with scripts into a root and run them there.
bool roomy_memory() {
  struct statvfs system{};
  return ::statvfs(kMemory.c_str(), &system) == 0 && (system.f_flag & (ST_RDONLY | ST_NOEXEC)) == 0 &&
         uint64_t{system.f_bavail} * system.f_frsize >= kRoomForServers;
}

}  // namespace

Result<fs::path> make_temporary_root(const std::string& name) {
  std::string path = (roomy_memory() ? kMemory : kDisk) + ("/summit-" + name + "-XXXXXX");
  if (::mkdtemp(path.data()) == nullptr) return errno_error(errno, "cannot make the directory " + path);
  if (::chmod(path.c_str(), 0755) != 0) return errno_error(errno, "cannot open up " + path);
  return fs::path(path);
}

Server::Server(std::string store, ServerOptions options)
    : store_(std::move(store)),
      root_(std::move(options.root)),
      lifetime_(options.lifetime),
      port_(options.port),
      password_(std::move(options.password)),
      settings_(std::move(options.settings)) {}

Result<void> Server::establish() {
  if (root_.empty()) {
    ASSIGN_OR_RETURN(root_, make_temporary_root(store_.substr(0, 5)));
    owns_root_ = true;
  }
  root_ = std::filesystem::absolute(root_).lexically_normal();
  if (std::filesystem::exists(state_file())) {
    return Error(Code::kAlreadyExists, "{} has a {} already", root_.string(), store_)
        .hint(fmt::format("run `summit-dr-dev start {} --root={}`", store_, root_.string()));
  }
  RETURN_IF_ERROR(make_directories(root_ / "state", 0755));
  if (password_.empty()) password_ = random_password();
  if (port_ == 0) {
    ASSIGN_OR_RETURN(port_, free_port());
  }
  nlohmann::json state{{"store", store_},       {"port", port_},        {"password", password_.reveal()},
                       {"settings", settings_}, {"more", more_state()}, {"start", start_command()},
                       {"stop", stop_command()}};
  RETURN_IF_ERROR(write_file_durably(state_file(), state.dump(2) + "\n", 0600));
  if (lifetime_ == Lifetime::kDetached) return {};
  ASSIGN_OR_RETURN(Guard guard,
                   Guard::start({record_file()}, owns_root_ ? std::optional(root_) : std::nullopt));
  guard_.emplace(std::move(guard));
  return {};
}

Result<std::map<std::string, std::string>> Server::load() {
  root_ = std::filesystem::absolute(root_).lexically_normal();
  if (!std::filesystem::exists(state_file())) {
    return Error(Code::kNotFound, "{} has no {}", root_.string(), store_)
        .hint(fmt::format("run `summit-dr-dev up --root={}`", root_.string()));
  }
  ASSIGN_OR_RETURN(const std::string text, read_file(state_file()));
  const auto state = nlohmann::json::parse(text, nullptr, false);
  try {
    port_ = state.at("port");
    password_ = Secret(state.at("password").get<std::string>());
    settings_ = state.at("settings").get<std::map<std::string, std::string>>();
    return state.at("more").get<std::map<std::string, std::string>>();
  } catch (const nlohmann::json::exception&) {
    return Error(Code::kCorrupt, "{} does not describe a server", state_file().string());
  }
}

std::optional<ProcessRecord> Server::record() const {
  auto record = read_process_record(record_file());
  if (!record || !*record || !runs(**record)) return std::nullopt;
  return *std::move(record);
}

bool Server::running() const { return record().has_value(); }

std::optional<pid_t> Server::pid() const {
  const auto found = record();
  return found ? std::optional(found->pid) : std::nullopt;
}

// `start` and `stop` by several processes at once come one after the other.
Result<UniqueFd> Server::lock() const {
  ASSIGN_OR_RETURN(UniqueFd fd, open_for_writing(root_ / "state" / (store_ + ".lock"), 0600));
  if (::flock(fd.get(), LOCK_EX) != 0) return errno_error(errno, "cannot lock the state of " + store_);
  return fd;
}

Result<void> Server::start() {
  ASSIGN_OR_RETURN(const UniqueFd held, lock());
  if (running()) return wait_until_answering(launch());
  RETURN_IF_ERROR(prepare(), "while preparing {}", store_);
  RETURN_IF_ERROR(launch_and_wait(), "while starting {}", store_);
  return after_start();
}

std::vector<std::string> Server::launcher(const Launch& launch, std::vector<std::string> words) const {
  words.insert(words.begin(), SUMMIT_DEV_LAUNCHER);
  if (launch.user) {
    words.push_back(fmt::format("--user={}:{}", launch.user->uid, launch.user->gid));
    if (!can_reach(*launch.user, root_)) words.emplace_back("--closed=pass");
  }
  words.emplace_back("--");
  return words;
}

Result<void> Server::launch_and_wait() {
  const Launch launch = this->launch();
  auto argv =
      launcher(launch, {"launch", "--record=" + record_file().string(), "--log=" + log_file().string(),
                        fmt::format("--quick-stop-signal={}", launch.quick_stop_signal)});
  argv.insert(argv.end(), launch.argv.begin(), launch.argv.end());
  RETURN_IF_ERROR(run(Command{.argv = argv, .env = launch.env, .directory = data_directory()}));
  auto answer = wait_until_answering(launch);
  if (answer) return {};
  if (const auto record = this->record()) RETURN_IF_ERROR(kill_process_tree(*record));
  return answer;
}

Result<void> Server::wait_until_answering(const Launch& launch) {
  const auto answering = wait_until(
      [&]() -> Result<bool> {
        if (!running()) return Error(Code::kFailed, "{} ended at once", store_);
        return answers();
      },
      fmt::format("{} on port {} to answer", store_, port_), launch.start_patience, kPollInterval, {});
  if (answering) return {};
  return Error(answering.error().code(), "{}; its log {} ends with:\n{}", answering.error().message(),
               log_file().string(), log_tail())
      .hint(answering.error().hint());
}

Result<void> Server::stop() {
  ASSIGN_OR_RETURN(const UniqueFd held, lock());
  const auto found = record();
  if (!found) return {};
  const Launch launch = this->launch();
  RETURN_IF_ERROR(end_process(*found, launch.stop_signal, launch.stop_patience), "while stopping {}", store_);
  return {};
}

Result<void> Server::kill() {
  ASSIGN_OR_RETURN(const UniqueFd held, lock());
  const auto found = record();
  return found ? kill_process_tree(*found) : Result<void>();
}

Result<void> Server::restart() {
  RETURN_IF_ERROR(stop());
  return start();
}

Result<void> Server::wipe() {
  ASSIGN_OR_RETURN(const UniqueFd held, lock());
  if (running()) {
    return Error(Code::kBusy, "{} runs", store_)
        .hint(fmt::format("run `summit-dr-dev stop {} --root={}` first", store_, root_.string()));
  }
  return remove_recursively(data_directory());
}

std::vector<std::string> Server::start_command() const {
  return {SUMMIT_DEV_PROGRAM, "start", store_, "--root=" + root_.string()};
}

std::vector<std::string> Server::stop_command() const {
  return {SUMMIT_DEV_PROGRAM, "stop", store_, "--root=" + root_.string()};
}

std::string Server::log_tail() const {
  constexpr size_t kLines = 20;
  std::ifstream log(log_file());
  std::deque<std::string> lines;
  for (std::string line; std::getline(log, line);) {
    lines.push_back("  " + line);
    if (lines.size() > kLines) lines.pop_front();
  }
  return fmt::format("{}", fmt::join(lines, "\n"));
}

Result<std::string> Server::run_as_server(std::vector<std::string> argv,
                                          std::map<std::string, std::string> env) const {
  auto command = launcher(launch(), {"run"});
  command.insert(command.end(), argv.begin(), argv.end());
  return run(Command{.argv = std::move(command), .env = std::move(env), .directory = data_directory()});
}

Result<void> Server::give_to_server(const fs::path& path) const {
  const auto user = launch().user;
  if (user && ::lchown(path.c_str(), user->uid, user->gid) != 0)
    return errno_error(errno, "cannot give away " + path.string());
  return {};
}

}  // namespace summit::platform
