#include "scratch/neo4j_scratch.h"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <map>
#include <utility>

#include "core/bytes.h"
#include "core/time.h"
#include "core/wait.h"
#include "scratch/listening_port.h"
#include "stores/neo4j/server.h"

namespace summit::scratch {
namespace {

constexpr std::chrono::milliseconds kPollInterval{100};
constexpr std::chrono::minutes kLeastPatience{5};
constexpr std::chrono::minutes kStopPatience{10};
// Recovery and the building of indexes are slower than this on no machine worth restoring on.
constexpr uint64_t kSlowestBytesPerSecond = 2 * MiB;
constexpr size_t kQuotedLines = 8;
constexpr size_t kPasswordBytes = 32;

fs::path console_log(const neo4j::PrivateHome& home) { return home.root / "logs" / "console.log"; }

// A share of the image, within what a small and a large machine can spare.
uint64_t page_cache_for(uint64_t image_bytes) { return std::clamp<uint64_t>(image_bytes / 4, 64 * MiB, GiB); }

std::map<std::string, std::string> settings_for(const Neo4jScratchOptions& options) {
  return {{"server.http.enabled", "false"},  // starts sooner without
          {"server.https.enabled", "false"},
          {"server.bolt.enabled", "true"},
          {"server.bolt.listen_address", "127.0.0.1:0"},
          {"initial.dbms.default_database", options.database},
          {"dbms.security.auth_enabled", "true"},
          // Nobody guesses the password, and nobody shall shut us out by trying.
          {"dbms.security.auth_max_failed_attempts", "0"},
          // Otherwise each stop waits five seconds twice for new Bolt connections that cannot come.
          {"internal.dbms.bolt.netty_server_shutdown_quiet_period", "0"},
          {"server.memory.heap.initial_size", "256m"},
          {"server.memory.heap.max_size", "512m"},
          {"server.memory.pagecache.size", fmt::format("{}m", page_cache_for(options.image_bytes) / MiB)},
          // The copied logs would double the dump: forget them at the first checkpoint.
          {"db.tx_log.rotation.size", "128k"},
          {"db.tx_log.rotation.retention_policy", "keep_none"}};
}

Error failure(const neo4j::PrivateHome& home, Code code, std::string_view what) {
  std::string log = neo4j::tail_of(home.server_log(), kQuotedLines);
  if (log.empty()) log = neo4j::tail_of(console_log(home), kQuotedLines);
  Error error(code, "{}; the end of its log:\n{}", what, log.empty() ? "(empty)" : log);
  return std::move(error).hint(
      "run with -v, and check that the neo4j programs are of the server's version (summit-dr doctor)");
}

Result<Process> launch(const neo4j::Programs& programs, const neo4j::PrivateHome& home) {
  Command command;
  command.argv = {programs.server.native(), "console"};
  command.env = {{"NEO4J_CONF", home.configuration().native()}, {"NEO4J_HEAP", "512m"}};
  command.directory = home.root;
  Process::Options streams;
  streams.output_file = console_log(home);
  ASSIGN_OR_RETURN(auto process, Process::start(command, streams),
                   "while starting a scratch server for neo4j");
  return process;
}

Result<void> stop_in_order(Process& process, const neo4j::PrivateHome& home,
                           const Cancellation& cancellation) {
  process.signal(SIGTERM);
  auto status = process.wait(cancellation, kStopPatience);
  if (!status.ok()) return std::move(status).error().at("while stopping the scratch server for neo4j");
  // 143 is a server that SIGTERM ended: the JVM runs its shutdown first.
  if (status->ok() || status->code == 128 + SIGTERM) return {};
  return failure(home, Code::kFailed,
                 fmt::format("the scratch server for neo4j ended with status {}", status->code));
}

// Nothing to do where there is no `from`.
Result<void> move_to(const fs::path& from, const fs::path& to) {
  std::error_code error;
  if (!fs::exists(fs::symlink_status(from, error))) return {};
  RETURN_IF_ERROR(make_directories(to.parent_path()));
  fs::rename(from, to, error);
  if (error) return errno_error(error.value(), fmt::format("cannot move {}", from.native()));
  return {};
}

}  // namespace

Neo4jScratch::Neo4jScratch(Neo4jScratchOptions options)
    : options_(std::move(options)),
      home_{options_.home, neo4j::StoreLayout::below(options_.home / "data")},
      users_{options_.home / "users", neo4j::StoreLayout::below(options_.home / "users" / "data")} {
  endpoint_.bolt_uri.clear();
  endpoint_.user = "neo4j";
  endpoint_.database = options_.database;
}

Result<Neo4jScratch> Neo4jScratch::start(Neo4jScratchOptions options, Reporter& reporter,
                                         const Cancellation& cancellation) {
  Neo4jScratch server(std::move(options));
  RETURN_IF_ERROR(server.set_users_aside(), "while preparing a scratch server for neo4j");
  RETURN_IF_ERROR(server.home_.create(settings_for(server.options_)));
  RETURN_IF_ERROR(server.set_password(), "while preparing a scratch server for neo4j");
  ASSIGN_OR_RETURN(server.process_, launch(server.options_.programs, server.home_));
  RETURN_IF_ERROR(server.wait_until_recovered(reporter, cancellation));
  return server;
}

// With the identity of the server, which the `system` database refers to.
Result<void> Neo4jScratch::set_users_aside() const {
  const auto& image = home_.layout;
  std::error_code error;
  // Set aside by an earlier start: what is there now is that server's own.
  if (fs::exists(users_.layout.store(neo4j::kSystemDatabase), error)) {
    RETURN_IF_ERROR(remove_recursively(image.store(neo4j::kSystemDatabase)));
    RETURN_IF_ERROR(remove_recursively(image.logs(neo4j::kSystemDatabase)));
    return remove_recursively(image.credentials());
  }
  RETURN_IF_ERROR(move_to(image.store(neo4j::kSystemDatabase), users_.layout.store(neo4j::kSystemDatabase)));
  RETURN_IF_ERROR(move_to(image.logs(neo4j::kSystemDatabase), users_.layout.logs(neo4j::kSystemDatabase)));
  RETURN_IF_ERROR(move_to(image.data / "server_id", users_.layout.data / "server_id"));
  return move_to(image.credentials(), users_.layout.credentials());
}

Result<void> Neo4jScratch::set_password() {
  std::array<std::byte, kPasswordBytes> random{};
  if (::getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size()))
    return errno_error(errno, "cannot read random bytes");
  endpoint_.password = Secret(to_hex(random));
  return neo4j::write_initial_password(home_.layout, endpoint_.password, {});
}

Result<void> Neo4jScratch::wait_until_recovered(Reporter& reporter, const Cancellation& cancellation) {
  const auto phase = reporter.phase(options_.store, "recovering the copy", "percent");
  phase->set_total(100);
  const Stopwatch watch;
  int shown = 0;
  while (true) {
    if (!process_->running())
      return failure(home_, Code::kFailed, "the scratch server for neo4j ended while it recovered the copy");
    ASSIGN_OR_RETURN(const bool recovered, is_recovered(cancellation));
    const int percent = recovered ? 100 : recovery_percent();
    if (percent > shown) phase->advance(static_cast<uint64_t>(percent - std::exchange(shown, percent)));
    if (recovered) return {};
    if (watch.elapsed() > patience()) {
      return failure(home_, Code::kTimeout,
                     fmt::format("the scratch server for neo4j did not recover the copy within {}",
                                 human_duration(patience())));
    }
    RETURN_IF_ERROR(pause_for(kPollInterval, cancellation));
  }
}

Result<bool> Neo4jScratch::is_recovered(const Cancellation& cancellation) {
  if (!find_port()) return false;
  auto state = neo4j::database_state(endpoint_, cancellation);
  // Between listening and answering everything may still fail; a server that never answers runs into the time
  // limit.
  if (!state.ok()) return false;
  if (state->status == "online") {
    auto opened = neo4j::BoltConnection::open(endpoint_, cancellation);
    if (!opened.ok()) return false;
    bolt_ = *std::move(opened);
    return true;
  }
  if (state->message.empty()) return false;
  return failure(
      home_, Code::kFailed,
      fmt::format("the scratch server cannot recover database {}: {}", options_.database, state->message));
}

// False while the server does not listen yet.
bool Neo4jScratch::find_port() {
  if (!endpoint_.bolt_uri.empty()) return true;
  const auto ports = listening_ports(process_->pid());
  if (ports.size() != 1) return false;
  endpoint_.bolt_uri = fmt::format("bolt://127.0.0.1:{}", *ports.begin());
  return true;
}

// The server counts the recovery of each database in its debug log: "[neo4j/4c8702b1]  60% completed".
int Neo4jScratch::recovery_percent() const {
  const std::string log = neo4j::tail_of(home_.debug_log(), 20);
  const size_t found = log.rfind("% completed");
  if (found == std::string::npos || log.find(fmt::format("[{}/", options_.database)) == std::string::npos)
    return 0;
  size_t begin = found;
  while (begin > 0 && log[begin - 1] >= '0' && log[begin - 1] <= '9') --begin;
  return std::clamp(std::atoi(log.substr(begin, found - begin).c_str()), 0, 99);
}

std::chrono::milliseconds Neo4jScratch::patience() const {
  return kLeastPatience + std::chrono::seconds(options_.image_bytes / kSlowestBytesPerSecond);
}

Result<void> Neo4jScratch::shed_transaction_logs() {
  // The first pair makes the server begin a new log. The old one holds the last transaction before the new
  // log's first, and is kept until a second pair stands between. Without labels or properties they leave no
  // name behind.
  for (int pair = 0; pair < 2; ++pair) {
    ASSIGN_OR_RETURN(const auto id, bolt_->scalar("CREATE (n) RETURN id(n)"));
    ASSIGN_OR_RETURN([[maybe_unused]] const auto rows,
                     bolt_->run("MATCH (n) WHERE id(n) = $id DELETE n", {{"id", id}}));
  }
  return {};
}

Result<void> Neo4jScratch::stop(const Cancellation& cancellation) {
  bolt_.reset();
  return stop_in_order(*process_, home_, cancellation);
}

Result<void> Neo4jScratch::dump(std::string_view database,
                                const std::function<Result<void>(ByteView)>& consume,
                                const Cancellation& cancellation) const {
  return neo4j::dump_database(options_.programs, home_, database, consume, cancellation);
}

Result<void> Neo4jScratch::dump_users(const std::function<Result<void>(ByteView)>& consume,
                                      const Cancellation& cancellation) const {
  RETURN_IF_ERROR(recover_users(cancellation));
  return neo4j::dump_database(options_.programs, users_, neo4j::kSystemDatabase, consume, cancellation);
}

Result<void> Neo4jScratch::recover_users(const Cancellation& cancellation) const {
  auto settings = settings_for(options_);
  settings["server.bolt.enabled"] = "false";
  RETURN_IF_ERROR(users_.create(settings));
  ASSIGN_OR_RETURN(auto process, launch(options_.programs, users_));
  const auto started = [&]() -> Result<bool> {
    if (!process.running())
      return failure(users_, Code::kFailed,
                     "the scratch server for neo4j ended while it recovered the users");
    return neo4j::tail_of(users_.server_log(), kQuotedLines).find("Started.") != std::string::npos;
  };
  RETURN_IF_ERROR(
      wait_until(started, "the recovery of neo4j's users", patience(), kPollInterval, cancellation));
  return stop_in_order(process, users_, cancellation);
}

}  // namespace summit::scratch
