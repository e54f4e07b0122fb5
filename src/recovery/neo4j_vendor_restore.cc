#include "recovery/neo4j_vendor_restore.h"

#include <utility>

#include "config/redactor.h"
#include "core/files.h"
#include "core/wait.h"
#include "recovery/graph_store.h"
#include "stores/access/access.h"
#include "stores/neo4j/bolt_connection.h"
#include "stores/neo4j/marker.h"
#include "stores/neo4j/server.h"
#include "stores/neo4j/store_layout.h"
#include "stores/neo4j/vendor_command.h"

namespace summit::recovery {
namespace {

class Neo4jVendorRestore final : public RestoreComponent {
 public:
  Neo4jVendorRestore(config::Neo4jEndpoint endpoint, std::string name)
      : endpoint_(std::move(endpoint)), name_(std::move(name)) {}

  std::string name() const override { return name_; }

  Result<PlanStep> plan(RestoreContext& context) override {
    ASSIGN_OR_RETURN(const auto record, find_record(context));
    RETURN_IF_ERROR(check_masking(context));
    RETURN_IF_ERROR(neo4j::check_vendor_command(endpoint_, neo4j::VendorStep::kRestore));
    PlanStep step;
    step.target = fmt::format("database {} at {}", endpoint_.database, endpoint_.bolt_uri);
    for (const auto& artifact : record->artifacts) step.bytes += artifact.size;
    step.predicted =
        kUsualRestart + Seconds(static_cast<double>(step.bytes) / static_cast<double>(kUsualBytesPerSecond));
    describe_target(context, step);
    step.notes.push_back(
        fmt::format("restored by the restore_command of endpoint `{}` ({}), which decides "
                    "what becomes of the old data",
                    endpoint_.name, endpoint_.restore_command.front()));
    step.notes.emplace_back(may_stop()
                                ? "the server is stopped meanwhile"
                                : "the server is not stopped: the endpoint has no way to stop and start it");
    step.notes.emplace_back(
        "what comes back is not compared: a backup by the vendor's command has no fingerprints");
    return step;
  }

  Result<void> restore(RestoreContext& context,
                       const std::optional<config::EnvironmentMarker>& marker) override {
    ASSIGN_OR_RETURN(const auto record, find_record(context));
    RETURN_IF_ERROR(check_masking(context));
    RETURN_IF_ERROR(neo4j::check_vendor_command(endpoint_, neo4j::VendorStep::kRestore));
    ASSIGN_OR_RETURN(auto scratch, TemporaryDirectory::create(context.workspace, "vendor-"));
    const fs::path directory = scratch.path() / "files";
    for (const auto& artifact : record->artifacts)
      RETURN_IF_ERROR(bring(*record, artifact, directory, context), "while bringing {}", artifact.name);

    const bool stops = may_stop();
    if (stops) RETURN_IF_ERROR(stop_server(context));
    auto restored = run_command(directory, scratch.path() / "output", context);
    if (stops) {
      auto started = start_server(restored.ok(), context);
      if (restored.ok()) restored = std::move(started);
    }
    RETURN_IF_ERROR(restored);
    RETURN_IF_ERROR(wait_until_online(context.cancellation));
    ASSIGN_OR_RETURN(auto bolt, neo4j::BoltConnection::open(endpoint_, context.cancellation));
    return marker ? neo4j::write_marker(bolt, *marker) : neo4j::remove_marker(bolt);
  }

  bool is_comparable() const override { return false; }
  Result<std::vector<Difference>> compare(RestoreContext&) override { return std::vector<Difference>(); }

  Result<std::vector<std::string>> probe(RestoreContext& context) override {
    return probe_graph(endpoint_, name_, context);
  }

 private:
  Result<const repository::ComponentRecord*> find_record(const RestoreContext& context) const {
    const auto* record = context.backup.metadata().find(name_);
    if (record != nullptr && !record->artifacts.empty()) return record;
    return Error(Code::kNotFound, "backup {} holds nothing of {}", context.backup.metadata().id, name_)
        .hint(fmt::format("summit-dr info {}", context.backup.metadata().id));
  }

  Result<void> check_masking(const RestoreContext& context) const {
    if (context.masking == nullptr) return {};
    return Error(Code::kRefused,
                 "`{}` takes these data only masked, and what the vendor's command left of {} is in its own "
                 "format, "
                 "which cannot be masked",
                 context.environment.name, name_)
        .hint("back up with `method: live` for masked environments, or leave neo4j out: --datastores");
  }

  bool may_stop() const {
    return access::stop_commands(endpoint_.access, endpoint_.name).ok() &&
           access::start_commands(endpoint_.access, endpoint_.name).ok();
  }

  void describe_target(RestoreContext& context, PlanStep& step) const {
    auto bolt = neo4j::BoltConnection::open(endpoint_, context.cancellation);
    const auto counts = bolt.ok() ? neo4j::count_elements(*bolt) : bolt.error();
    if (counts.ok()) {
      step.overwrites = fmt::format("{} nodes and {} relationships", counts->nodes, counts->relationships);
      step.overwrites_something = counts->nodes > 0;
      return;
    }
    // It may hold anything.
    step.overwrites = "what is there";
    step.overwrites_something = true;
    step.notes.push_back(fmt::format("its content is not known: {}", counts.error().message()));
  }

  // Below the directory only, whatever the metadata say.
  static Result<fs::path> path_of(const repository::ComponentRecord& record, const std::string& artifact) {
    const auto found = record.details.find(std::string(neo4j::kVendorFilePrefix) + artifact);
    const fs::path path = found == record.details.end() ? fs::path(artifact) : fs::path(found->second);
    bool is_below = path.is_relative() && path.has_filename();
    for (const auto& part : path) is_below = is_below && part != ".." && part != ".";
    if (is_below) return path;
    return Error(Code::kCorrupt, "the backup says that {} is called {}", artifact, path.native());
  }

  Result<void> bring(const repository::ComponentRecord& record, const repository::Artifact& artifact,
                     const fs::path& directory, RestoreContext& context) const {
    ASSIGN_OR_RETURN(const auto relative, path_of(record, artifact.name));
    const fs::path path = directory / relative;
    RETURN_IF_ERROR(make_directories(path.parent_path(), 0700));
    const auto phase = context.reporter.phase(name_, "bringing " + artifact.name);
    phase->set_total(artifact.size);
    ASSIGN_OR_RETURN(const auto fd, open_for_writing(path, 0600));
    const auto write = [&](ByteView block) -> Result<void> {
      phase->advance(block.size());
      return write_all(fd.get(), block, path);
    };
    return context.backup.read(artifact.name, write, context.cancellation);
  }

  Result<void> run_command(const fs::path& directory, const fs::path& log, RestoreContext& context) const {
    const auto phase = context.reporter.phase(name_, "waiting for the restore_command", "");
    const config::Redactor redactor(context.configuration);
    auto done = neo4j::run_vendor_command(endpoint_, neo4j::VendorStep::kRestore, directory, log, redactor,
                                          context.cancellation);
    if (!done.ok())
      context.reporter.warn(
          fmt::format("{}: what the failed command left of the old data is not known", name_));
    return done;
  }

  Result<void> stop_server(RestoreContext& context) const {
    const auto phase = context.reporter.phase(name_, "stopping the server", "");
    RETURN_IF_ERROR(
        access::stop_store(endpoint_.access, endpoint_.name, context.cancellation, kStopPatience));
    auto down = wait_until([&] { return is_down(); }, fmt::format("{} to stop", name_), kStopPatience,
                           kPollInterval, context.cancellation);
    if (down.ok()) return down;
    [[maybe_unused]] const auto started = start_server(false, context);
    return down;
  }

  // It closes its files after its doors: where we can see them, they tell.
  Result<bool> is_down() const {
    if (access::is_local(endpoint_.access) &&
        (!endpoint_.home.empty() || !endpoint_.data_directory.empty())) {
      ASSIGN_OR_RETURN(const auto layout, neo4j::layout_of(endpoint_));
      ASSIGN_OR_RETURN(const bool open, neo4j::is_locked(layout.store_lock()));
      return !open;
    }
    const auto bolt = neo4j::BoltConnection::open(endpoint_);
    return !bolt.ok() && bolt.error().code() != Code::kDenied;
  }

  // After a failure or a request to stop it is started all the same: who stopped it starts it.
  Result<void> start_server(bool restored, RestoreContext& context) const {
    const auto phase = context.reporter.phase(name_, "starting the server", "");
    auto started = access::start_store(endpoint_.access, endpoint_.name,
                                       restored ? context.cancellation : Cancellation());
    if (!started.ok())
      context.reporter.warn(fmt::format("{}: the server is down: {}", name_, started.error().message()));
    return started;
  }

  // While a server starts, it refuses connections, then queries.
  Result<void> wait_until_online(const Cancellation& cancellation) const {
    const auto is_online = [&]() -> Result<bool> {
      auto state = neo4j::database_state(endpoint_, cancellation);
      if (state.ok() && !state->message.empty() && state->status != "online") {
        return Error(Code::kFailed, "database {} is {}: {}", endpoint_.database, state->status,
                     state->message)
            .hint("the server's debug.log tells more");
      }
      if (!state.ok() && (state.error().code() == Code::kDenied || state.error().code() == Code::kCancelled))
        return std::move(state).error();
      return state.ok() && state->status == "online";
    };
    return wait_until(is_online, fmt::format("{} to come online", name_), kStartPatience, kPollInterval,
                      cancellation);
  }

  static constexpr std::chrono::minutes kStopPatience{5};
  static constexpr std::chrono::minutes kStartPatience{30};
  static constexpr std::chrono::milliseconds kPollInterval{200};
  static constexpr uint64_t kUsualBytesPerSecond = 80 * MiB;
  static constexpr Seconds kUsualRestart{30};

  config::Neo4jEndpoint endpoint_;
  std::string name_;
};

}  // namespace

std::unique_ptr<RestoreComponent> make_neo4j_vendor_restore(const config::Neo4jEndpoint& endpoint,
                                                            std::string component_name) {
  return std::make_unique<Neo4jVendorRestore>(endpoint, std::move(component_name));
}

}  // namespace summit::recovery
