#include "backup/neo4j_component.h"

#include <optional>

#include "backup/neo4j_command.h"
#include "backup/neo4j_graph.h"
#include "core/time.h"
#include "repository/sealing.h"
#include "scratch/neo4j_scratch.h"
#include "stores/access/access.h"
#include "stores/neo4j/admin.h"
#include "stores/neo4j/fingerprint.h"
#include "stores/neo4j/hot_copy.h"
#include "stores/neo4j/marker.h"
#include "stores/neo4j/server.h"
#include "stores/neo4j/stored_dump.h"

namespace summit::backup {
namespace {

constexpr std::chrono::minutes kIndexPatience{10};

class Neo4jComponent final : public Component {
 public:
  Neo4jComponent(const config::ComponentSpec& spec, config::Neo4jEndpoint endpoint, std::string name)
      : spec_(spec), endpoint_(std::move(endpoint)), name_(std::move(name)) {}

  std::string name() const override { return name_; }
  std::string kind() const override { return "neo4j"; }
  CutKind cut_kind() const override { return CutKind::kImmediate; }

  std::vector<std::string> describe() const override {
    if (takes_a_part(spec_)) {
      return {fmt::format("hot copy of database {} of {} without stopping it, recovered in a scratch server "
                          "and read into {}",
                          endpoint_.database, endpoint_.bolt_uri, graph_name()),
              describe_part(spec_)};
    }
    return {fmt::format("hot copy of database {} of {} without stopping it, recovered in a scratch server "
                        "and dumped into {}",
                        endpoint_.database, endpoint_.bolt_uri, dump_name()),
            fmt::format("users and roles sealed into {}", system_dump_name())};
  }

  Result<uint64_t> predict_size(CaptureContext& context) override {
    ASSIGN_OR_RETURN(const auto layout, locate(context));
    return size_below(layout.store(endpoint_.database));
  }

  Result<void> prepare(CaptureContext& context) override {
    ASSIGN_OR_RETURN(programs_, neo4j::find_programs(endpoint_));
    ASSIGN_OR_RETURN(installed_version_, neo4j::installed_version(*programs_, context.cancellation));
    ASSIGN_OR_RETURN(const auto layout, locate(context));
    if (running_) RETURN_IF_ERROR(check_server(layout, context));
    directory_.emplace(context.writer.workspace() / path_part(name_));
    ASSIGN_OR_RETURN(copy_,
                     neo4j::HotCopy::begin(layout, {endpoint_.database, std::string(neo4j::kSystemDatabase)},
                                           *directory_));
    return copy_->copy_stores(name_, context.jobs, context.reporter, context.cancellation);
  }

  Result<Instant> cut(CaptureContext&) override { return copy_->cut(); }

  Result<repository::ComponentRecord> transfer(CaptureContext& context) override {
    repository::ComponentRecord record;
    ASSIGN_OR_RETURN(const auto copied, copy_->finish(name_, context.reporter, context.cancellation));
    note_copy(copied, record);

    const Stopwatch recovery;
    ASSIGN_OR_RETURN(auto server,
                     scratch::Neo4jScratch::start({.programs = *programs_,
                                                   .home = *directory_,
                                                   .database = endpoint_.database,
                                                   .store = name_,
                                                   .image_bytes = copied.store_bytes + copied.log_bytes},
                                                  context.reporter, context.cancellation));
    record.details["recovery_seconds"] = fmt::format("{:.1f}", recovery.elapsed().count());
    if (takes_a_part(spec_)) {
      const GraphPart part{server.endpoint(), neo4j::Consistency::kSnapshot, spec_, name_, graph_name(),
                           *directory_};
      RETURN_IF_ERROR(write_graph(part, context, record));
      RETURN_IF_ERROR(server.stop(context.cancellation));
    } else {
      RETURN_IF_ERROR(read_graph(server, record, context));
      RETURN_IF_ERROR(server.stop(context.cancellation));
      RETURN_IF_ERROR(write_dump(server, record, context), "while dumping {}", endpoint_.database);
      RETURN_IF_ERROR(write_system_dump(server, record, context), "while dumping the system database");
    }
    RETURN_IF_ERROR(remove_recursively(*directory_));
    return record;
  }

  ~Neo4jComponent() override {
    copy_.reset();
    if (directory_) static_cast<void>(remove_recursively(*directory_).ok());
  }

 private:
  std::string dump_name() const { return artifact_stem(name_) + ".dump"; }
  std::string graph_name() const { return artifact_stem(name_) + ".graph"; }
  std::string system_dump_name() const { return artifact_stem(name_) + "-system.dump.enc"; }

  // Where the server's files are; finds out on the way whether it runs.
  Result<neo4j::StoreLayout> locate(CaptureContext& context) {
    if (!access::is_local(endpoint_.access)) {
      return Error(Code::kUnsupported, "the files of neo4j in {} cannot be read from here",
                   access::describe(endpoint_.access))
          .hint(
              "mount its data on this machine, and declare `data_directory` with access kind local and its "
              "own start and stop commands");
    }
    const auto bolt = neo4j::BoltConnection::open(endpoint_, context.cancellation);
    running_ = bolt.ok();
    if (bolt.ok()) {
      server_version_ = neo4j::server_version(*bolt);
      return neo4j::find_layout(endpoint_, context.cancellation);
    }
    if (bolt.error().code() != Code::kUnreachable) return bolt.error();
    return locate_stopped(bolt.error());
  }

  // A server that is down has files that nobody changes: they are copied as they are. One that only does not
  // answer is a fault.
  Result<neo4j::StoreLayout> locate_stopped(Error unreachable) const {
    if (endpoint_.home.empty() && endpoint_.data_directory.empty()) {
      return std::move(unreachable)
          .hint(
              "start the server, or set `home` of the endpoint so that its files can be copied while it is "
              "down");
    }
    ASSIGN_OR_RETURN(auto layout, neo4j::layout_of(endpoint_));
    std::error_code error;
    if (!fs::is_directory(layout.store(endpoint_.database), error)) {
      return std::move(unreachable)
          .hint(fmt::format("start the server; its files are not in {} either", layout.data.native()));
    }
    ASSIGN_OR_RETURN(const bool locked, neo4j::is_locked(layout.store_lock()));
    if (locked) {
      return std::move(unreachable)
          .at("a server has the files open, but does not answer over bolt")
          .hint(
              "set `bolt_uri` (NEO4J_URI) to its address, with bolt+s:// where it asks for TLS, and "
              "server.bolt.enabled=true in neo4j.conf");
    }
    return layout;
  }

  Result<void> check_server(const neo4j::StoreLayout& layout, CaptureContext& context) {
    ASSIGN_OR_RETURN(const auto state, neo4j::database_state(endpoint_, context.cancellation));
    if (state.status != "online") {
      return Error(Code::kUnreachable, "database {} is {}: {}", endpoint_.database, state.status,
                   state.message)
          .hint("bring it online first: its debug.log tells why it is not");
    }
    RETURN_IF_ERROR(neo4j::check_store_format(state.store_format, endpoint_.database));
    store_format_ = state.store_format;
    RETURN_IF_ERROR(neo4j::check_versions(installed_version_, server_version_));
    return neo4j::check_files_belong(endpoint_, layout, context.cancellation);
  }

  void note_copy(const neo4j::HotCopySummary& copied, repository::ComponentRecord& record) const {
    record.server_version = running_ ? server_version_ : installed_version_;
    record.details["tool:neo4j-admin"] = installed_version_;
    record.details["database"] = endpoint_.database;
    record.details["method"] = running_ ? "hot copy" : "cold copy";
    record.details["store_bytes"] = std::to_string(copied.store_bytes);
    record.details["log_bytes"] = std::to_string(copied.log_bytes);
    record.details["derived_files"] = copied.derived_copied ? "copied" : "rebuilt";
    record.details["checkpoint_during_copy"] = copied.checkpoint_passed ? "yes" : "no";
    if (!store_format_.empty()) record.details["store_format"] = store_format_;
    if (!running_) record.notes.emplace_back("the server was stopped: its files were copied as they were");
  }

  // The marker leaves before anything is counted or dumped; indexes are whole before the server stops, so
  // that a restore need not build them.
  Result<void> read_graph(scratch::Neo4jScratch& server, repository::ComponentRecord& record,
                          CaptureContext& context) {
    RETURN_IF_ERROR(neo4j::remove_marker(server.bolt()));
    ASSIGN_OR_RETURN(record.fingerprints, neo4j::fingerprint_graph(server.endpoint(), name_, *directory_,
                                                                   context.reporter, context.cancellation));
    ASSIGN_OR_RETURN(const auto indexes, neo4j::await_indexes(server.bolt(), name_, kIndexPatience,
                                                              context.reporter, context.cancellation));
    ASSIGN_OR_RETURN(const auto constraints, neo4j::count_constraints(server.bolt()));
    ASSIGN_OR_RETURN(const auto counts, neo4j::count_elements(server.bolt()));
    record.details["indexes"] = std::to_string(indexes);
    record.details["constraints"] = std::to_string(constraints);
    record.details["nodes"] = std::to_string(counts.nodes);
    record.details["relationships"] = std::to_string(counts.relationships);
    return server.shed_transaction_logs();
  }

  Result<void> write_dump(const scratch::Neo4jScratch& server, repository::ComponentRecord& record,
                          CaptureContext& context) {
    ASSIGN_OR_RETURN(auto sink, context.writer.create(dump_name(), name_));
    const auto phase = context.reporter.phase(name_, "writing " + dump_name());
    neo4j::StoredDump stored([&](ByteView block) { return sink->write(block); });
    const bool deduplicates = context.writer.deduplicates();
    const auto consume = [&](ByteView block) -> Result<void> {
      phase->advance(block.size());
      return deduplicates ? stored.write(block) : sink->write(block);
    };
    RETURN_IF_ERROR(server.dump(endpoint_.database, consume, context.cancellation));
    if (deduplicates) RETURN_IF_ERROR(stored.finish());
    ASSIGN_OR_RETURN(auto artifact, sink->finish());
    record.artifacts.push_back(std::move(artifact));
    return {};
  }

  // It holds password hashes, so it leaves this machine's scratch directory only sealed.
  Result<void> write_system_dump(const scratch::Neo4jScratch& server, repository::ComponentRecord& record,
                                 CaptureContext& context) {
    if (!context.sealing_key) {
      record.notes.emplace_back(
          "users and passwords are not in this backup: no encryption key is set (summit-dr key init)");
      return {};
    }
    ASSIGN_OR_RETURN(auto sink, context.writer.create(system_dump_name(), name_));
    ASSIGN_OR_RETURN(auto sealer, repository::SealWriter::create(*context.sealing_key, [&](ByteView block) {
                       return sink->write(block);
                     }));
    RETURN_IF_ERROR(
        server.dump_users([&](ByteView block) { return sealer->write(block); }, context.cancellation));
    RETURN_IF_ERROR(sealer->finish());
    ASSIGN_OR_RETURN(auto artifact, sink->finish());
    record.artifacts.push_back(std::move(artifact));
    return {};
  }

  config::ComponentSpec spec_;
  config::Neo4jEndpoint endpoint_;
  std::string name_;
  bool running_ = false;
  std::string server_version_;
  std::string installed_version_;
  std::string store_format_;
  std::optional<neo4j::Programs> programs_;
  std::optional<fs::path> directory_;
  std::optional<neo4j::HotCopy> copy_;
};

}  // namespace

std::unique_ptr<Component> make_neo4j_component(const config::ComponentSpec& spec,
                                                const config::Neo4jEndpoint& endpoint, std::string name) {
  if (spec.method == "command") return make_command_graph_component(endpoint, std::move(name));
  if (spec.method == "live") return make_live_graph_component(spec, endpoint, std::move(name));
  return std::make_unique<Neo4jComponent>(spec, endpoint, std::move(name));
}

}  // namespace summit::backup
