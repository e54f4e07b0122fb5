#include "recovery/neo4j_restore.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "core/text.h"
#include "core/time.h"
#include "core/wait.h"
#include "recovery/graph_store.h"
#include "recovery/masked_graph.h"
#include "stores/access/access.h"
#include "stores/neo4j/admin.h"
#include "stores/neo4j/bolt_address.h"
#include "stores/neo4j/fingerprint.h"
#include "stores/neo4j/marker.h"
#include "stores/neo4j/pending_marker.h"
#include "stores/neo4j/server.h"
#include "stores/neo4j/store_swap.h"

namespace summit::recovery {
namespace {

constexpr std::chrono::minutes kStopPatience{5};
constexpr std::chrono::minutes kIndexPatience{10};
constexpr std::chrono::minutes kLeastStartPatience{5};
constexpr std::chrono::milliseconds kPollInterval{200};
// Slower than any machine starts or loads; for time limits and for predictions.
constexpr uint64_t kSlowestBytesPerSecond = 2 * MiB;
constexpr uint64_t kUsualBytesPerSecond = 80 * MiB;
constexpr Seconds kUsualRestart{20};
constexpr size_t kQuotedLines = 8;

uint64_t number_of(const std::map<std::string, std::string>& details, const std::string& name) {
  const auto found = details.find(name);
  return found == details.end() ? 0 : parse_number<uint64_t>(found->second).value_or(0);
}

class Neo4jRestore final : public RestoreComponent {
 public:
  Neo4jRestore(config::Neo4jEndpoint endpoint, std::string name)
      : endpoint_(std::move(endpoint)), name_(std::move(name)) {}

  std::string name() const override { return name_; }
  // The files of this server are those that reveal() brings.
  Result<void> search(RestoreContext&, const LeakScan& scan) override {
    return hidden_ ? search_neo4j(hidden_->store.endpoint(), scan) : search_neo4j(endpoint_, scan);
  }
  Result<void> reveal(RestoreContext& context, TargetDoors&) override {
    if (!hidden_) return {};
    const auto hidden = std::exchange(hidden_, nullptr);
    ASSIGN_OR_RETURN(const auto record, find_record(context));
    ASSIGN_OR_RETURN(const auto programs, neo4j::find_programs(endpoint_));
    const auto load = [&](const neo4j::StoreSwap& swap, const neo4j::StoreLayout& layout,
                          const std::optional<neo4j::RunAs>& run_as) {
      return load_hidden(hidden->store, programs, layout, swap, run_as, context);
    };
    return replace(*record, hidden->marker, load, context);
  }
  bool writes_in_place(const RestoreContext& context) const override { return context.masking == nullptr; }
  // What was searched is not in its place, and nothing of it remains; the server stops all the same.
  Result<LockedStore> lock(RestoreContext&) override { return lock_neo4j(endpoint_, {}); }

  Result<PlanStep> plan(RestoreContext& context) override {
    ASSIGN_OR_RETURN(const auto record, find_record(context));
    ASSIGN_OR_RETURN(const auto layout, locate(context));
    RETURN_IF_ERROR(check_start_and_stop(layout, context.cancellation));
    PlanStep step;
    step.target = fmt::format("database {} at {}", endpoint_.database, endpoint_.bolt_uri);
    step.bytes = bytes_of(*record);
    step.predicted =
        kUsualRestart + Seconds(static_cast<double>(step.bytes) / static_cast<double>(kUsualBytesPerSecond));
    describe_target(layout, context, step);
    if (graph_artifact(*record) != nullptr && step.overwrites_something) {
      step.notes.push_back(fmt::format("the set {} holds a part of the graph: the rest of what is there goes",
                                       context.backup.metadata().set));
    }
    if (!neo4j::is_present(layout.store(neo4j::kSystemDatabase))) {
      step.notes.push_back(
          restores_users(*record, context)
              ? "the target has no users: those of the backup are restored"
              : fmt::format("the target has no users: user neo4j gets the password of endpoint {}",
                            endpoint_.name));
    }
    return step;
  }

  Result<void> restore(RestoreContext& context,
                       const std::optional<config::EnvironmentMarker>& marker) override {
    ASSIGN_OR_RETURN(const auto record, find_record(context));
    ASSIGN_OR_RETURN(const auto programs, neo4j::find_programs(endpoint_));
    ASSIGN_OR_RETURN(const auto layout, locate(context));
    RETURN_IF_ERROR(check_start_and_stop(layout, context.cancellation));
    ASSIGN_OR_RETURN(const auto leftovers, neo4j::roll_back_interrupted(layout));
    for (const auto& sentence : leftovers) context.reporter.warn(fmt::format("{}: {}", name_, sentence));
    RETURN_IF_ERROR(check_space(*record, layout));
    if (context.masking != nullptr) return make_hidden(*record, programs, marker, context);
    const auto load_into = [&](const neo4j::StoreSwap& swap, const neo4j::StoreLayout& target,
                               const std::optional<neo4j::RunAs>& run_as) {
      return load(*record, programs, target, swap, run_as, context);
    };
    return replace(*record, marker, load_into, context);
  }

  Result<std::vector<Difference>> compare(RestoreContext& context) override {
    ASSIGN_OR_RETURN(const auto record, find_record(context));
    ASSIGN_OR_RETURN(const auto found, neo4j::fingerprint_graph(endpoint_, name_, context.workspace,
                                                                context.reporter, context.cancellation));
    return fingerprint_differences(context.masking != nullptr ? masked_ : record->fingerprints, found);
  }

  Result<std::vector<std::string>> probe(RestoreContext& context) override {
    ASSIGN_OR_RETURN(auto bolt, neo4j::BoltConnection::open(endpoint_, context.cancellation));
    ASSIGN_OR_RETURN(const auto indexes, neo4j::await_indexes(bolt, name_, kIndexPatience, context.reporter,
                                                              context.cancellation));
    ASSIGN_OR_RETURN(const auto constraints, neo4j::count_constraints(bolt));
    ASSIGN_OR_RETURN(const auto counts, neo4j::count_elements(bolt));
    return std::vector<std::string>{
        fmt::format("neo4j {} answers", neo4j::server_version(bolt)),
        fmt::format("{} indexes online", indexes), fmt::format("{} constraints in force", constraints),
        fmt::format("{} nodes and {} relationships", counts.nodes, counts.relationships)};
  }

 private:
  Result<const repository::ComponentRecord*> find_record(const RestoreContext& context) const {
    const auto* record = context.backup.metadata().find(name_);
    if (record != nullptr && (dump_artifact(*record) != nullptr || graph_artifact(*record) != nullptr))
      return record;
    return Error(Code::kNotFound, "backup {} holds neither a dump nor a graph of {}",
                 context.backup.metadata().id, name_)
        .hint(fmt::format("summit-dr info {}", context.backup.metadata().id));
  }

  // What the new store will need.
  static uint64_t bytes_of(const repository::ComponentRecord& record) {
    if (const auto* graph = graph_artifact(record)) return store_bytes_for(graph->size);
    return std::max(number_of(record.details, "store_bytes"), dump_artifact(record)->size);
  }
  static const repository::Artifact* system_dump_of(const repository::ComponentRecord& record) {
    return artifact_with(record, "-system.dump.enc");
  }
  // The users of the source are no users of a masked target.
  static bool restores_users(const repository::ComponentRecord& record, const RestoreContext& context) {
    return context.masking == nullptr && context.sealing_key && system_dump_of(record) != nullptr;
  }

  Result<neo4j::StoreLayout> locate(RestoreContext& context) const {
    if (!access::is_local(endpoint_.access)) {
      return Error(Code::kUnsupported, "the files of neo4j in {} cannot be written from here",
                   access::describe(endpoint_.access))
          .hint(
              "mount its data on this machine, and declare `data_directory` with access kind local and its "
              "own start and stop commands");
    }
    return neo4j::find_layout(endpoint_, context.cancellation);
  }

  // A wrong password, address or protocol stays wrong however long one waits.
  static bool may_pass(const Error& error) {
    return error.code() != Code::kDenied && error.code() != Code::kCancelled &&
           error.code() != Code::kConfig && error.code() != Code::kUnsupported;
  }

  // Asked before anything is loaded or stopped: a server that could not be started and asked again must not
  // be stopped.
  Result<void> check_start_and_stop(const neo4j::StoreLayout& layout,
                                    const Cancellation& cancellation) const {
    RETURN_IF_ERROR(neo4j::bolt_peer(endpoint_));
    ASSIGN_OR_RETURN(const bool runs, neo4j::is_locked(layout.store_lock()));
    if (runs) {
      // A password may come with the users of the backup; an address does not.
      const auto bolt = neo4j::BoltConnection::open(endpoint_, cancellation);
      if (!bolt.ok() && bolt.error().code() != Code::kDenied && !may_pass(bolt.error())) return bolt.error();
    }
    for (const auto& commands : {access::stop_commands(endpoint_.access, endpoint_.name),
                                 access::start_commands(endpoint_.access, endpoint_.name)}) {
      if (!commands.ok()) return commands.error();
    }
    return {};
  }

  void describe_target(const neo4j::StoreLayout& layout, RestoreContext& context, PlanStep& step) const {
    const fs::path store = layout.store(endpoint_.database);
    if (!neo4j::is_present(store)) {
      step.overwrites = "nothing: it does not exist";
      return;
    }
    const uint64_t size = neo4j::stored_bytes(store);
    step.overwrites = fmt::format("{} of store files", human_bytes(size));
    step.overwrites_something = true;
    auto bolt = neo4j::BoltConnection::open(endpoint_, context.cancellation);
    const auto counts = bolt.ok() ? neo4j::count_elements(*bolt) : bolt.error();
    if (!counts.ok()) {
      step.notes.push_back(fmt::format("its content is not known: {}", counts.error().message()));
      return;
    }
    step.overwrites = fmt::format("{} nodes and {} relationships, {}", counts->nodes, counts->relationships,
                                  human_bytes(size));
    step.overwrites_something = counts->nodes > 0;
  }

  Result<void> check_space(const repository::ComponentRecord& record,
                           const neo4j::StoreLayout& layout) const {
    const uint64_t needed = bytes_of(record);
    ASSIGN_OR_RETURN(const uint64_t available, free_space(layout.data));
    if (available >= needed) return {};
    return Error(Code::kNoSpace, "the graph needs {} beside the old one, but {} has {} free",
                 human_bytes(needed), layout.data.native(), human_bytes(available))
        .hint("free space there; the old data are kept until the new ones are online");
  }

  // The configured user; else, as root, whoever owns the data now: a server must be able to open what we
  // make.
  Result<std::optional<neo4j::RunAs>> owner_of(const neo4j::StoreLayout& layout) const {
    ASSIGN_OR_RETURN(const auto configured, access::local_owner(endpoint_.access));
    if (configured) return std::optional(neo4j::RunAs{configured->uid, configured->gid});
    struct stat status{};
    if (::geteuid() != 0 || ::stat(layout.data.c_str(), &status) != 0 || status.st_uid == 0)
      return std::optional<neo4j::RunAs>();
    return std::optional(neo4j::RunAs{status.st_uid, status.st_gid});
  }

  // Masked, in a server of our own that nobody else knows.
  struct Hidden {
    GraphStore store;
    std::optional<config::EnvironmentMarker> marker;
  };
  // Fills the staging, and gives the databases in it.
  using Load = std::function<Result<std::vector<std::string>>(
      const neo4j::StoreSwap&, const neo4j::StoreLayout&, const std::optional<neo4j::RunAs>&)>;

  Result<void> replace(const repository::ComponentRecord& record,
                       const std::optional<config::EnvironmentMarker>& marker, const Load& load,
                       RestoreContext& context) const {
    ASSIGN_OR_RETURN(const auto layout, locate(context));
    ASSIGN_OR_RETURN(const auto run_as, owner_of(layout));
    ASSIGN_OR_RETURN(auto swap, neo4j::StoreSwap::begin(layout, run_as));
    ASSIGN_OR_RETURN(const auto databases, load(swap, layout, run_as), "while loading the dump");
    RETURN_IF_ERROR(stop_server(layout, context));
    // Before the first rename: from then on it may be all that tells whose data these are.
    auto exchanged = neo4j::write_pending_marker(layout, marker);
    if (exchanged.ok()) exchanged = swap.exchange(databases);
    if (exchanged.ok()) exchanged = bring_up(record, layout, marker, context);
    if (!exchanged.ok()) return go_back(std::move(exchanged).error(), swap, layout, context);
    RETURN_IF_ERROR(neo4j::write_pending_marker(layout, std::nullopt));
    RETURN_IF_ERROR(swap.commit(), "the restore succeeded, but the replaced data could not be removed");
    return {};
  }

  // Nothing of the target is touched before all was masked, found covered, and searched.
  Result<void> make_hidden(const repository::ComponentRecord& record, const neo4j::Programs& programs,
                           const std::optional<config::EnvironmentMarker>& marker, RestoreContext& context) {
    const GraphStoreOptions options{programs, endpoint_.database, name_, bytes_of(record)};
    ASSIGN_OR_RETURN(auto original, MaskedGraph::open(options, record, context));
    const auto read = [&](const std::function<Result<void>(ByteView)>& consume) {
      return original.read(consume);
    };
    ASSIGN_OR_RETURN(auto store, GraphStore::build(options, read, context));
    hidden_ = std::make_unique<Hidden>(Hidden{std::move(store), marker});
    masked_ = original.fingerprints();
    return {};
  }

  // The users of the source are no users of a masked target.
  Result<std::vector<std::string>> load_hidden(GraphStore& store, const neo4j::Programs& programs,
                                               const neo4j::StoreLayout& layout, const neo4j::StoreSwap& swap,
                                               const std::optional<neo4j::RunAs>& run_as,
                                               RestoreContext& context) const {
    RETURN_IF_ERROR(load_from(store, programs, swap, run_as, context));
    if (!neo4j::is_present(layout.store(neo4j::kSystemDatabase)))
      RETURN_IF_ERROR(neo4j::write_initial_password(layout, endpoint_.password, run_as));
    return std::vector<std::string>{endpoint_.database};
  }

  // Gives the databases that are staged.
  Result<std::vector<std::string>> load(const repository::ComponentRecord& record,
                                        const neo4j::Programs& programs, const neo4j::StoreLayout& layout,
                                        const neo4j::StoreSwap& swap,
                                        const std::optional<neo4j::RunAs>& run_as, RestoreContext& context) {
    std::vector<std::string> databases{endpoint_.database};
    RETURN_IF_ERROR(graph_artifact(record) != nullptr ? load_graph(record, programs, swap, run_as, context)
                                                      : load_dump(record, programs, swap, run_as, context));
    if (neo4j::is_present(layout.store(neo4j::kSystemDatabase))) return databases;

    if (!restores_users(record, context)) {
      RETURN_IF_ERROR(neo4j::write_initial_password(layout, endpoint_.password, run_as));
      return databases;
    }
    RETURN_IF_ERROR(load_users(record, programs, swap, run_as, context), "while loading users and roles");
    databases.emplace_back(neo4j::kSystemDatabase);
    return databases;
  }

  Result<void> load_dump(const repository::ComponentRecord& record, const neo4j::Programs& programs,
                         const neo4j::StoreSwap& swap, const std::optional<neo4j::RunAs>& run_as,
                         RestoreContext& context) const {
    const auto& dump = *dump_artifact(record);
    const auto phase = context.reporter.phase(name_, "loading " + dump.name);
    phase->set_total(dump.size);
    const auto feed = [&](const std::function<Result<void>(ByteView)>& write) {
      const auto pass_on = [&](ByteView block) -> Result<void> {
        phase->advance(block.size());
        return write(block);
      };
      return context.backup.read(dump.name, pass_on, context.cancellation);
    };
    return neo4j::load_database(programs, swap.staging(), endpoint_.database, feed, run_as,
                                context.cancellation);
  }

  Result<void> load_graph(const repository::ComponentRecord& record, const neo4j::Programs& programs,
                          const neo4j::StoreSwap& swap, const std::optional<neo4j::RunAs>& run_as,
                          RestoreContext& context) const {
    const auto& graph = *graph_artifact(record);
    const auto read = [&](const std::function<Result<void>(ByteView)>& consume) {
      return context.backup.read(graph.name, consume, context.cancellation);
    };
    const GraphStoreOptions options{programs, endpoint_.database, name_, graph.size};
    ASSIGN_OR_RETURN(auto store, GraphStore::build(options, read, context));
    return load_from(store, programs, swap, run_as, context);
  }

  Result<void> load_from(GraphStore& store, const neo4j::Programs& programs, const neo4j::StoreSwap& swap,
                         const std::optional<neo4j::RunAs>& run_as, RestoreContext& context) const {
    const auto feed = [&](const std::function<Result<void>(ByteView)>& write) {
      return store.dump(write, context.cancellation);
    };
    return neo4j::load_database(programs, swap.staging(), endpoint_.database, feed, run_as,
                                context.cancellation);
  }

  Result<void> load_users(const repository::ComponentRecord& record, const neo4j::Programs& programs,
                          const neo4j::StoreSwap& swap, const std::optional<neo4j::RunAs>& run_as,
                          RestoreContext& context) const {
    const auto feed = [&](const std::function<Result<void>(ByteView)>& write) -> Result<void> {
      repository::SealReader opener(*context.sealing_key, write);
      const auto pass_on = [&](ByteView block) { return opener.write(block); };
      RETURN_IF_ERROR(context.backup.read(system_dump_of(record)->name, pass_on, context.cancellation));
      return opener.finish();
    };
    return neo4j::load_database(programs, swap.staging(), neo4j::kSystemDatabase, feed, run_as,
                                context.cancellation);
  }

  // Returns when no process has the files open any more.
  Result<void> stop_server(const neo4j::StoreLayout& layout, RestoreContext& context) const {
    ASSIGN_OR_RETURN(const bool open, neo4j::is_locked(layout.store_lock()));
    if (!open) return {};
    const auto phase = context.reporter.phase(name_, "stopping the server", "");
    RETURN_IF_ERROR(
        access::stop_store(endpoint_.access, endpoint_.name, context.cancellation, kStopPatience));
    return wait_until([&] { return is_closed(layout); }, fmt::format("{} to close its files", name_),
                      kStopPatience, kPollInterval, context.cancellation);
  }

  static Result<bool> is_closed(const neo4j::StoreLayout& layout) {
    ASSIGN_OR_RETURN(const bool open, neo4j::is_locked(layout.store_lock()));
    return !open;
  }

  Result<void> start_server(uint64_t bytes, RestoreContext& context) const {
    const auto phase = context.reporter.phase(name_, "starting the server", "");
    RETURN_IF_ERROR(access::start_store(endpoint_.access, endpoint_.name, context.cancellation));
    const auto patience = kLeastStartPatience + std::chrono::seconds(bytes / kSlowestBytesPerSecond);
    auto ready =
        wait_until([&] { return is_online(context.cancellation); }, fmt::format("{} to come online", name_),
                   patience, kPollInterval, context.cancellation);
    if (ready.ok() || endpoint_.home.empty()) return ready;
    const std::string log = neo4j::tail_of(endpoint_.home / "logs" / "neo4j.log", kQuotedLines);
    if (log.empty()) return ready;
    return Error(ready.error().code(), "{}; the end of the server's log:\n{}", ready.error().message(), log)
        .hint(ready.error().hint());
  }

  // While a server starts, it refuses connections, then queries.
  Result<bool> is_online(const Cancellation& cancellation) const {
    auto state = neo4j::database_state(endpoint_, cancellation);
    if (state.ok() && state->status == "online") return true;
    if (state.ok() && !state->message.empty()) {
      return Error(Code::kFailed, "database {} is {}: {}", endpoint_.database, state->status, state->message)
          .hint("the server's debug.log tells more");
    }
    if (state.ok() || may_pass(state.error())) return false;
    return std::move(state).error();
  }

  // The marker comes first: until it is there, nothing tells to which environment the data belong.
  Result<void> bring_up(const repository::ComponentRecord& record, const neo4j::StoreLayout& layout,
                        const std::optional<config::EnvironmentMarker>& marker,
                        RestoreContext& context) const {
    RETURN_IF_ERROR(start_server(number_of(record.details, "store_bytes"), context));
    RETURN_IF_ERROR(neo4j::check_files_belong(endpoint_, layout, context.cancellation));
    ASSIGN_OR_RETURN(auto bolt, neo4j::BoltConnection::open(endpoint_, context.cancellation));
    RETURN_IF_ERROR(marker ? neo4j::write_marker(bolt, *marker) : neo4j::remove_marker(bolt));
    ASSIGN_OR_RETURN(
        [[maybe_unused]] const auto indexes,
        neo4j::await_indexes(bolt, name_, kIndexPatience, context.reporter, context.cancellation));
    return {};
  }

  // Puts the old data back and starts them; the first error is what the user sees. A cancelled restore goes
  // back too, so the steps here do not listen to the cancellation.
  Result<void> go_back(Error cause, neo4j::StoreSwap& swap, const neo4j::StoreLayout& layout,
                       RestoreContext& context) const {
    RestoreContext insistent{context};
    insistent.cancellation = Cancellation();
    auto back = stop_server(layout, insistent);
    if (back.ok()) back = swap.roll_back();
    const auto taken_back = back.ok() ? neo4j::write_pending_marker(layout, std::nullopt) : Result<void>();
    if (!taken_back.ok()) context.reporter.warn(fmt::format("{}: {}", name_, taken_back.error().message()));
    if (!back.ok()) {
      const std::string hint =
          fmt::format("stop the server and restore again: the old data in {} are put back first ({})",
                      layout.databases().native(), back.error().message());
      return std::move(cause).hint(hint).at("the old data could not be put back");
    }
    if (neo4j::is_present(layout.store(endpoint_.database))) {
      back = start_server(neo4j::stored_bytes(layout.store(endpoint_.database)), insistent);
      if (!back.ok())
        context.reporter.warn(
            fmt::format("{}: the old data are back, but: {}", name_, back.error().message()));
    }
    const std::string hint = cause.hint();
    return Error(cause.code(), "the old data are back in place: {}", cause.message()).hint(hint);
  }

  config::Neo4jEndpoint endpoint_;
  std::string name_;
  std::vector<Fingerprint> masked_;  // of what was restored, when it was masked
  std::unique_ptr<Hidden> hidden_;   // from restore() to reveal(), when it was masked
};

}  // namespace

std::unique_ptr<RestoreComponent> make_neo4j_restore(const config::Neo4jEndpoint& endpoint,
                                                     std::string component_name) {
  return std::make_unique<Neo4jRestore>(endpoint, std::move(component_name));
}

}  // namespace summit::recovery
