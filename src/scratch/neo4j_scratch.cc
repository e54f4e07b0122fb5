#include "scratch/neo4j_scratch.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <map>
#include <utility>

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

// A share of the image, within what a small and a large machine can spare.
uint64_t page_cache_for(uint64_t image_bytes) { return std::clamp<uint64_t>(image_bytes / 4, 64 * MiB, GiB); }

std::map<std::string, std::string> settings_for(const Neo4jScratchOptions& options) {
  return {{"server.http.enabled", "false"},  // starts sooner without
          {"server.https.enabled", "false"},
          {"server.bolt.enabled", "true"},
          {"server.bolt.listen_address", "127.0.0.1:0"},
          {"initial.dbms.default_database", options.database},
          {"dbms.security.auth_enabled", "false"},
          // Otherwise each stop waits five seconds twice for new Bolt connections that cannot come. Not every
          // version knows the setting.
          {"internal.dbms.bolt.netty_server_shutdown_quiet_period", "0"},
          {"server.config.strict_validation.enabled", "false"},
          {"server.memory.heap.initial_size", "256m"},
          {"server.memory.heap.max_size", "512m"},
          {"server.memory.pagecache.size", fmt::format("{}m", page_cache_for(options.image_bytes) / MiB)},
          // The copied logs would double the dump: forget them at the first checkpoint.
          {"db.tx_log.rotation.size", "128k"},
          {"db.tx_log.rotation.retention_policy", "keep_none"}};
}

}  // namespace

Neo4jScratch::Neo4jScratch(Neo4jScratchOptions options)
    : options_(std::move(options)), home_{options_.home, neo4j::StoreLayout::below(options_.home / "data")} {
  endpoint_.bolt_uri.clear();
  endpoint_.user.clear();
  endpoint_.database = options_.database;
}

Result<Neo4jScratch> Neo4jScratch::start(Neo4jScratchOptions options, Reporter& reporter,
                                         const Cancellation& cancellation) {
  Neo4jScratch server(std::move(options));
  RETURN_IF_ERROR(server.home_.create(settings_for(server.options_)));
  RETURN_IF_ERROR(server.launch(), "while starting a scratch server for neo4j");
  RETURN_IF_ERROR(server.wait_until_recovered(reporter, cancellation));
  return server;
}

Result<void> Neo4jScratch::launch() {
  Command command;
  command.argv = {options_.programs.server.native(), "console"};
  command.env = {{"NEO4J_CONF", home_.configuration().native()}, {"NEO4J_HEAP", "512m"}};
  command.directory = home_.root;
  Process::Options streams;
  streams.output_file = home_.root / "logs" / "console.log";
  ASSIGN_OR_RETURN(process_, Process::start(command, streams));
  return {};
}

Result<void> Neo4jScratch::wait_until_recovered(Reporter& reporter, const Cancellation& cancellation) {
  const auto phase = reporter.phase(options_.store, "recovering the copy", "percent");
  phase->set_total(100);
  const Stopwatch watch;
  int shown = 0;
  while (true) {
    if (!process_->running())
      return failure(Code::kFailed, "the scratch server for neo4j ended while it recovered the copy");
    ASSIGN_OR_RETURN(const bool recovered, is_recovered(cancellation));
    const int percent = recovered ? 100 : recovery_percent();
    if (percent > shown) phase->advance(static_cast<uint64_t>(percent - std::exchange(shown, percent)));
    if (recovered) return {};
    if (watch.elapsed() > patience()) {
      return failure(Code::kTimeout,
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
  return failure(Code::kFailed, fmt::format("the scratch server cannot recover database {}: {}",
                                            options_.database, state->message));
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

Error Neo4jScratch::failure(Code code, std::string_view what) const {
  std::string log = neo4j::tail_of(home_.server_log(), kQuotedLines);
  if (log.empty()) log = neo4j::tail_of(home_.root / "logs" / "console.log", kQuotedLines);
  Error error(code, "{}; the end of its log:\n{}", what, log.empty() ? "(empty)" : log);
  return std::move(error).hint(
      "run with -v, and check that the neo4j programs are of the server's version (summit-dr doctor)");
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
  process_->signal(SIGTERM);
  auto status = process_->wait(cancellation, kStopPatience);
  if (!status.ok()) return std::move(status).error().at("while stopping the scratch server for neo4j");
  // 143 is a server that SIGTERM ended: the JVM runs its shutdown first.
  if (status->ok() || status->code == 128 + SIGTERM) return {};
  return failure(Code::kFailed,
                 fmt::format("the scratch server for neo4j ended with status {}", status->code));
}

Result<void> Neo4jScratch::dump(std::string_view database,
                                const std::function<Result<void>(ByteView)>& consume,
                                const Cancellation& cancellation) const {
  return neo4j::dump_database(options_.programs, home_, database, consume, cancellation);
}

}  // namespace summit::scratch
