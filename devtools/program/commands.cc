#include "devtools/program/commands.h"

#include <CLI/CLI.hpp>
#include <cmath>
#include <csignal>
#include <cstdio>

#include "core/process.h"
#include "devtools/platform/dotenv.h"
#include "devtools/platform/platform.h"
#include "devtools/sample/sample.h"
#include "devtools/write_load/write_load.h"

namespace summit::platform {

namespace {

struct Options {
  fs::path root = ".summit";
  fs::path dotenv = ".env";
  std::string store;
  std::vector<std::string> stores;
  std::vector<std::string> with;
  sample::SampleOptions sample;
  double seconds = 0;
};

void show(const Server& server, std::string_view state) {
  fmt::print("{:<14} 127.0.0.1:{:<6} {}\n", server.store(), server.port(), state);
  std::fflush(stdout);
}

// What the program under test needs before its first command: a sealing key, and its mark in each store.
Result<void> adopt(const Platform& platform) {
  const fs::path program = fs::canonical("/proc/self/exe").parent_path() / "summit-dr";
  if (!fs::exists(program)) return {};
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"key", "init", "--if-missing"}, {"env", "adopt", "dev", "--yes"}}) {
    std::vector<std::string> argv{program};
    argv.insert(argv.end(), words.begin(), words.end());
    ASSIGN_OR_RETURN(const std::string said, run({.argv = argv, .env = platform.environment()}),
                     "the servers run, but the platform is not adopted");
    fmt::print("{}", said);
  }
  return {};
}

Result<void> up(const Options& options) {
  PlatformOptions platform_options;
  platform_options.root = options.root;
  platform_options.with = options.with;
  platform_options.neo4j_http = true;
  platform_options.lifetime = Lifetime::kDetached;
  platform_options.on_answer = [](const Server& server, bool ran_already, Seconds time) {
    show(server, ran_already ? "runs already" : "started in " + human_duration(time));
  };
  ASSIGN_OR_RETURN(const auto platform, Platform::create(std::move(platform_options)));
  RETURN_IF_ERROR(make_directories(platform->files_root(), 0755));
  RETURN_IF_ERROR(write_dotenv_block(options.dotenv, platform->environment()));
  fmt::print("{:<14} {} (mode 0600): addresses and passwords\n", "variables", options.dotenv.string());
  return adopt(*platform);
}

Result<void> down(const Options& options) {
  Result<void> first_failure;
  bool found = false;
  for (const std::string& store : store_names()) {
    if (!fs::exists(options.root / "state" / (store + ".json"))) continue;
    found = true;
    ASSIGN_OR_RETURN(const auto server, open_server(store, options.root));
    const bool ran = server->running();
    auto stopped = server->stop();
    show(*server, !stopped ? "could not be stopped" : ran ? "stopped" : "did not run");
    if (!stopped && first_failure) first_failure = std::move(stopped);
  }
  if (!found) fmt::print("nothing to stop: {} has no servers\n", options.root.string());
  return first_failure;
}

Result<void> status(const Options& options) {
  size_t stopped = 0;
  bool found = false;
  for (const std::string& store : store_names()) {
    if (!fs::exists(options.root / "state" / (store + ".json"))) continue;
    found = true;
    ASSIGN_OR_RETURN(const auto server, open_server(store, options.root));
    const auto pid = server->pid();
    show(*server, pid ? fmt::format("runs, process {}", *pid) : "stopped");
    if (!pid) ++stopped;
  }
  if (!found) return Error(Code::kNotFound, "{} has no servers", options.root.string()).hint("run `make up`");
  if (stopped != 0)
    return Error(Code::kFailed, "{} of the servers do not run", stopped).hint("run `make up`");
  return {};
}

Result<void> start(const Options& options) {
  ASSIGN_OR_RETURN(const auto server, open_server(options.store, options.root));
  return server->start();
}

Result<void> stop(const Options& options) {
  ASSIGN_OR_RETURN(const auto server, open_server(options.store, options.root));
  return server->stop();
}

Result<void> destroy(const Options& options) {
  ASSIGN_OR_RETURN(const auto platform, Platform::open(options.root));
  RETURN_IF_ERROR(platform->destroy(options.stores));
  fmt::print("destroyed: {}\n", options.stores.empty() ? "all stores and files"
                                                       : fmt::format("{}", fmt::join(options.stores, ", ")));
  return {};
}

Result<std::unique_ptr<Platform>> open_running(const fs::path& root) {
  ASSIGN_OR_RETURN(auto platform, Platform::open(root));
  for (const Server* server : platform->servers()) {
    if (server->running()) continue;
    return Error(Code::kUnreachable, "{} does not run", server->store()).hint("run `make up`");
  }
  return platform;
}

Result<void> generate(const Options& options) {
  const Stopwatch watch;
  ASSIGN_OR_RETURN(const auto platform, open_running(options.root));
  RETURN_IF_ERROR(sample::generate_sample(*platform, options.sample));
  fmt::print("filled all stores and {} in {}\n", platform->files_root().string(),
             human_duration(watch.elapsed()));
  return {};
}

// Ctrl-C and SIGTERM, blocked in this thread and those that it starts, so that they can be waited for.
sigset_t block_stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

// Until one of the signals comes, or the time is over; 0 is without end.
void wait_for(const sigset_t& signals, double seconds) {
  const double whole = std::floor(seconds);
  const timespec time{static_cast<time_t>(whole), static_cast<long>((seconds - whole) * 1e9)};
  seconds > 0 ? ::sigtimedwait(&signals, nullptr, &time) : ::sigwaitinfo(&signals, nullptr);
}

Result<void> write_load(const Options& options) {
  ASSIGN_OR_RETURN(const auto platform, open_running(options.root));
  WriteLoadOptions load_options;
  load_options.postgres = platform->postgres().endpoint();
  load_options.neo4j = platform->neo4j().endpoint();
  load_options.redis = platform->redis().endpoint();
  const sigset_t signals = block_stop_signals();
  ASSIGN_OR_RETURN(const auto load, WriteLoad::start(load_options));
  wait_for(signals, options.seconds);
  RETURN_IF_ERROR(load->stop());
  const auto counts = load->counts();
  fmt::print("transactions: postgresql {}, neo4j {}, redis {}\n", counts.postgres, counts.neo4j,
             counts.redis);
  return {};
}

Result<void> check_load(const Options& options) {
  ASSIGN_OR_RETURN(const auto platform, open_running(options.root));
  ASSIGN_OR_RETURN(const LoadTick postgres, check_invariants(platform->postgres().endpoint()));
  ASSIGN_OR_RETURN(const LoadTick neo4j, check_invariants(platform->neo4j().endpoint()));
  ASSIGN_OR_RETURN(const LoadTick redis, check_invariants(platform->redis().endpoint()));
  for (const auto& [store, tick] : {std::pair("postgresql", postgres), {"neo4j", neo4j}, {"redis", redis}}) {
    fmt::print("{:<14} invariants hold; transaction {} at {}\n", store, tick.transactions,
               to_rfc3339(tick.at));
  }
  return {};
}

int report(const Result<void>& result) {
  if (result) return 0;
  std::fflush(stdout);
  std::fprintf(stderr, "summit-dr-dev: %s\n", result.error().to_string().c_str());
  return result.error().code() == Code::kUsage ? 2 : 1;
}

class Program {
 public:
  Program() : app_("Platforms of real servers on this machine, for development and tests.", "summit-dr-dev") {
    app_.require_subcommand(1);
    CLI::App* up_command = add("up", "Start a platform, new or as it was, and write .env", up);
    up_command->add_option("--with", options_.with, "more servers: s3, elasticsearch")->delimiter(',');
    up_command->add_option("--env-file", options_.dotenv, "the file that gets addresses and passwords")
        ->capture_default_str();
    add("down", "Stop exactly what `up` started; the data stay", down);
    add("status", "Show what runs, and where", status);
    for (auto* command : {add("start", "Start one server", start), add("stop", "Stop one server", stop)}) {
      command->add_option("store", options_.store, "postgresql, neo4j, redis, elasticsearch, s3")->required();
    }
    CLI::App* destroy_command = add(
        "destroy", "Lose everything: drop databases, delete volumes and files, start empty servers", destroy);
    destroy_command->add_option("--store", options_.stores, "only these stores, or files")->delimiter(',');
    CLI::App* sample_command = add("sample", "Fill all stores with the sample platform's data", generate);
    sample_command->add_option("--scale", options_.sample.scale, "1: a few thousand rows in each big table")
        ->capture_default_str();
    sample_command->add_option("--seed", options_.sample.seed, "the same seed makes the same data")
        ->capture_default_str();
    CLI::App* load_command =
        add("write-load", "Write into all stores, in transactions that keep invariants", write_load);
    load_command->add_option("--seconds", options_.seconds, "how long; until Ctrl-C when not given");
    add("check-load", "Check the invariants of the write load in all stores", check_load);
  }

  int run(int count, char** words) {
    try {
      app_.parse(count, words);
    } catch (const CLI::ParseError& error) {
      return app_.exit(error) == 0 ? 0 : 2;
    }
    return status_;
  }

 private:
  CLI::App* add(const std::string& name, const std::string& description,
                Result<void> (*action)(const Options&)) {
    CLI::App* command = app_.add_subcommand(name, description);
    command->add_option("--root", options_.root, "where the platform lies")->capture_default_str();
    command->callback([this, action] { status_ = report(action(options_)); });
    return command;
  }

  CLI::App app_;
  Options options_;
  int status_ = 0;
};

}  // namespace

int run_program(int count, char** words) {
  try {
    return Program().run(count, words);
  } catch (const std::exception& exception) {
    std::fprintf(stderr, "summit-dr-dev: %s\n", exception.what());
    return 1;
  }
}

}  // namespace summit::platform
