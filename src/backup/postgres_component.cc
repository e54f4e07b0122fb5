#include "backup/postgres_component.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "config/selection_text.h"
#include "stores/postgres/capture.h"
#include "stores/postgres/catalog.h"
#include "stores/postgres/globals.h"
#include "stores/postgres/schema_facts.h"
#include "stores/postgres/select_rows.h"
#include "stores/postgres/snapshot.h"

namespace summit::backup {

using repository::ComponentRecord;

namespace {

// A part of a file name: anything else than letters, digits, dot, dash and underscore becomes "_", and a name
// that was changed gets a digest, so that two databases never share a file.
std::string file_name_part(const std::string& name) {
  std::string safe;
  for (const char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '-' || (c == '.' && !safe.empty());
    safe += plain ? c : '_';
  }
  if (safe == name && safe.size() <= 64) return safe;
  return safe.substr(0, 48) + "-" + to_hex(sha256(as_bytes(name))).substr(0, 8);
}

// What is captured of one database.
struct DatabaseCapture {
  std::string database;
  std::string artifact;
  std::string prefix;  // of its fingerprints' names
  std::optional<postgres::Snapshot> snapshot;
  postgres::Inventory inventory;                   // as the snapshot shows it
  std::optional<postgres::SelectedRows> selected;  // of a filtered component
};

class ArchiveSink final : public postgres::CaptureSink {
 public:
  explicit ArchiveSink(repository::ArtifactSink& artifact) : artifact_(artifact) {}
  Result<void> write(ByteView bytes) override { return artifact_.write(bytes); }
  Result<void> begin_stream(const std::string& name) override { return artifact_.begin_stream(name); }

 private:
  repository::ArtifactSink& artifact_;
};

class PostgresComponent final : public Component {
 public:
  PostgresComponent(const config::ComponentSpec& spec, config::PostgresEndpoint endpoint, std::string name)
      : endpoint_(std::move(endpoint)),
        name_(std::move(name)),
        filter_(spec.filter),
        rows_(spec.rows),
        selection_(config::selection_text(spec)) {
    for (const auto& table : spec.tables) tables_.push_back({table, spec.where});
    const bool main_endpoint = name_.find('/') == std::string::npos;
    globals_artifact_ = main_endpoint
                            ? "postgres-globals.sql"
                            : fmt::format("postgres-{}-globals.sql", file_name_part(endpoint_.name));
    for (const auto& database : endpoint_.databases) {
      DatabaseCapture capture;
      capture.database = database;
      const bool main_database = captures_.empty();
      capture.prefix = main_database ? "" : database + "/";
      capture.artifact =
          main_endpoint && main_database
              ? "postgres-full.dump"
              : fmt::format("postgres-{}-{}.dump", file_name_part(endpoint_.name), file_name_part(database));
      captures_.push_back(std::move(capture));
    }
  }

  std::string name() const override { return name_; }
  std::string kind() const override { return "postgresql"; }
  CutKind cut_kind() const override { return CutKind::kImmediate; }

  std::vector<std::string> describe() const override;
  Result<uint64_t> predict_size(CaptureContext& context) override;
  Result<void> prepare(CaptureContext& context) override;
  Result<Instant> cut(CaptureContext& context) override;
  Result<ComponentRecord> transfer(CaptureContext& context) override;

 private:
  bool is_filtered() const { return !filter_.empty() && filter_ != "none"; }
  Result<void> select(CaptureContext& context);
  Result<void> transfer_database(CaptureContext& context, DatabaseCapture& capture, ComponentRecord& record);
  Result<postgres::Captured> write_archive(CaptureContext& context, const DatabaseCapture& capture,
                                           repository::Artifact& artifact);
  Result<void> write_globals(CaptureContext& context, ComponentRecord& record);
  Result<void> note_other_databases(CaptureContext& context, ComponentRecord& record);

  config::PostgresEndpoint endpoint_;
  std::string name_;
  std::string filter_;
  std::vector<config::Named> tables_;
  config::RowSpec rows_;
  std::string selection_;  // what of it is taken, as a merge needs to know it; empty: all
  std::string globals_artifact_;
  std::vector<DatabaseCapture> captures_;
  std::string server_version_;
  pgarchive::CompressionChoice compression_;
  std::map<std::string, std::string> tool_versions_;
};

std::vector<std::string> PostgresComponent::describe() const {
  std::vector<std::string> lines;
  for (const auto& capture : captures_) {
    lines.push_back(fmt::format("rows and definitions of database {} at {} into {}", capture.database,
                                postgres::address_of(endpoint_), capture.artifact));
  }
  if (filter_ == "core") {
    std::vector<std::string> names;
    for (const auto& table : tables_) names.push_back(table.name);
    lines.push_back(fmt::format("only the tables {} and what they refer to", fmt::join(names, ", ")));
  } else if (is_filtered()) {
    lines.push_back(fmt::format("only the rows of one {} and what they refer to", filter_));
  }
  lines.push_back(fmt::format("roles and their settings, without passwords, into {}", globals_artifact_));
  return lines;
}

Result<uint64_t> PostgresComponent::predict_size(CaptureContext& context) {
  uint64_t total = 0;
  for (const auto& capture : captures_) {
    ASSIGN_OR_RETURN(auto connection, postgres::Connection::open(endpoint_, capture.database,
                                                                 {.cancellation = context.cancellation}));
    ASSIGN_OR_RETURN(auto size,
                     connection.query("SELECT pg_catalog.pg_database_size(pg_catalog.current_database())"));
    total += static_cast<uint64_t>(size.number(0, 0));
  }
  return total;
}

Result<void> PostgresComponent::prepare(CaptureContext& context) {
  if (captures_.empty()) {
    return Error(Code::kConfig, "endpoint {} names no database", endpoint_.name)
        .hint("set POSTGRES_DB, or `databases` of the endpoint in config/environments.yaml");
  }
  for (auto& capture : captures_) {
    ASSIGN_OR_RETURN(capture.snapshot,
                     postgres::Snapshot::open(endpoint_, capture.database, context.cancellation));
  }
  auto& connection = captures_.front().snapshot->connection();
  ASSIGN_OR_RETURN(server_version_, postgres::server_version_text(connection));
  ASSIGN_OR_RETURN(tool_versions_, postgres::check_capture(endpoint_, connection.server_version()));
  // Equal bytes are stored once, and compression would hide that they are equal.
  compression_.algorithm = pgarchive::Compression::kNone;
  if (!context.writer.deduplicates()) {
    ASSIGN_OR_RETURN(compression_, postgres::choose_compression(endpoint_, connection.server_version()));
  }
  return {};
}

Result<Instant> PostgresComponent::cut(CaptureContext&) {
  for (auto& capture : captures_) {
    if (!capture.snapshot) return Error(Code::kFailed, "{} was not prepared", name_);
    RETURN_IF_ERROR(capture.snapshot->take(), "while taking the snapshot of {}", capture.database);
  }
  return captures_.front().snapshot->instant();
}

Result<postgres::Captured> PostgresComponent::write_archive(CaptureContext& context,
                                                            const DatabaseCapture& capture,
                                                            repository::Artifact& artifact) {
  ASSIGN_OR_RETURN(auto sink, context.writer.create(capture.artifact, name_));
  ArchiveSink archive(*sink);
  const auto phase = context.reporter.phase(name_, "dumping " + capture.database);
  const postgres::CaptureRequest request{
      .database = capture.database,
      .snapshot = capture.snapshot->id(),
      .inventory = capture.inventory,
      .scope = {name_, capture.prefix},
      .compression = compression_,
      .jobs = context.jobs,
      .selection = capture.selected ? capture.selected->selection.get() : nullptr};
  ASSIGN_OR_RETURN(auto captured,
                   postgres::capture_database(endpoint_, request, archive, phase.get(), context.cancellation),
                   "while dumping {}", capture.database);
  ASSIGN_OR_RETURN(artifact, sink->finish());
  return captured;
}

// Of all databases before any of them is written: the configuration's names need only be in one.
Result<void> PostgresComponent::select(CaptureContext& context) {
  std::vector<const postgres::SelectedRows*> all;
  for (auto& capture : captures_) {
    const auto phase = context.reporter.phase(name_, "selecting rows of " + capture.database);
    ASSIGN_OR_RETURN(
        capture.selected,
        postgres::select_rows({endpoint_, capture.database, capture.snapshot->id(), context.cancellation},
                              {filter_, owner_of(filter_, context.scope), tables_, rows_}),
        "while selecting rows of {}", capture.database);
    all.push_back(&*capture.selected);
  }
  return postgres::check_selected(all);
}

void describe_selection(const DatabaseCapture& capture, const std::string& filter, ComponentRecord& record) {
  const auto& selected = *capture.selected;
  record.details["filter"] = filter;
  if (filter != "core")
    record.details["owned_rows:" + capture.database] = fmt::format("{}", selected.owned_rows);
  for (const auto& leaving : selected.leaving)
    record.details[fmt::format("outside:{}:{}", capture.database, leaving.name)] =
        fmt::format("{}", leaving.rows);
  record.notes.insert(record.notes.end(), selected.notes.begin(), selected.notes.end());
  if (capture.inventory.large_objects > 0)
    record.notes.push_back(fmt::format("database {}: its {} large objects belong to nobody and are left out",
                                       capture.database, capture.inventory.large_objects));
}

std::string extension_list(const postgres::Inventory& inventory) {
  std::string list;
  for (const auto& extension : inventory.extensions) {
    list += fmt::format("{}{} {}", list.empty() ? "" : ", ", extension.name, extension.version);
  }
  return list;
}

Result<void> PostgresComponent::transfer_database(CaptureContext& context, DatabaseCapture& capture,
                                                  ComponentRecord& record) {
  auto& snapshot = *capture.snapshot;
  ASSIGN_OR_RETURN(capture.inventory, postgres::read_inventory(snapshot.connection()),
                   "while reading the catalogs of {}", capture.database);
  repository::Artifact artifact;
  ASSIGN_OR_RETURN(const auto captured, write_archive(context, capture, artifact));
  std::vector<Fingerprint> schema;
  // Of core tables only a part of the definitions is there.
  if (filter_ != "core") {
    const auto large_objects =
        is_filtered() ? postgres::LargeObjects::kLeftOut : postgres::LargeObjects::kTaken;
    ASSIGN_OR_RETURN(
        schema, postgres::fingerprint_schema(snapshot.connection(), {name_, capture.prefix}, large_objects));
  }
  snapshot.release();
  // Its session holds the snapshot, and the server's disk with temporary tables.
  if (capture.selected) capture.selected->selection.reset();
  if (capture.selected) describe_selection(capture, filter_, record);

  for (const auto* part : {&captured.fingerprints, &std::as_const(schema)}) {
    record.fingerprints.insert(record.fingerprints.end(), part->begin(), part->end());
  }
  record.artifacts.push_back(std::move(artifact));
  for (const auto* notes : {&std::as_const(capture.inventory.notes), &captured.notes})
    record.notes.insert(record.notes.end(), notes->begin(), notes->end());
  record.details["archive:" + capture.database] = capture.artifact;
  record.details["compression:" + capture.database] = pgarchive::name_of(captured.contents.compression);
  record.details["extents:" + capture.database] = postgres::to_text(captured.extents);
  record.details["bytes:" + capture.database] = fmt::format("{}", capture.inventory.database_bytes);
  record.details["extensions:" + capture.database] = extension_list(capture.inventory);
  return {};
}

Result<void> PostgresComponent::write_globals(CaptureContext& context, ComponentRecord& record) {
  ASSIGN_OR_RETURN(auto globals, postgres::globals_without_passwords(endpoint_, context.cancellation),
                   "while dumping the roles");
  ASSIGN_OR_RETURN(auto sink, context.writer.create(globals_artifact_, name_));
  RETURN_IF_ERROR(sink->write(as_bytes(globals)));
  ASSIGN_OR_RETURN(auto artifact, sink->finish());
  record.artifacts.push_back(std::move(artifact));
  return {};
}

Result<void> PostgresComponent::note_other_databases(CaptureContext& context, ComponentRecord& record) {
  ASSIGN_OR_RETURN(auto connection, postgres::Connection::open(endpoint_, captures_.front().database,
                                                               {.cancellation = context.cancellation}));
  ASSIGN_OR_RETURN(auto databases, postgres::list_databases(connection));
  for (const auto& database : databases) {
    const bool taken = std::any_of(captures_.begin(), captures_.end(), [&](const DatabaseCapture& capture) {
      return capture.database == database.name;
    });
    if (taken || database.name == "postgres") continue;
    record.notes.push_back(fmt::format("database {} ({}) of this server is not part of this backup",
                                       database.name, human_bytes(database.bytes)));
  }
  return {};
}

Result<ComponentRecord> PostgresComponent::transfer(CaptureContext& context) {
  ComponentRecord record;
  record.server_version = server_version_;
  for (const auto& [tool, version] : tool_versions_) record.details["tool:" + tool] = version;
  std::string databases;
  for (auto& capture : captures_) {
    databases += (databases.empty() ? "" : ",") + capture.database;
    record.details["instant:" + capture.database] = to_rfc3339(capture.snapshot->instant());
    record.details["lsn:" + capture.database] = capture.snapshot->lsn();
  }
  record.details["databases"] = databases;
  if (!selection_.empty()) record.details["selection"] = selection_;
  if (is_filtered()) RETURN_IF_ERROR(select(context));
  RETURN_IF_ERROR(write_globals(context, record));
  for (auto& capture : captures_) RETURN_IF_ERROR(transfer_database(context, capture, record));
  RETURN_IF_ERROR(note_other_databases(context, record));
  return record;
}

}  // namespace

std::unique_ptr<Component> make_postgres_component(const config::ComponentSpec& spec,
                                                   const config::PostgresEndpoint& endpoint,
                                                   std::string name) {
  return std::make_unique<PostgresComponent>(spec, endpoint, std::move(name));
}

}  // namespace summit::backup
