#include "recovery/postgres_restore.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "recovery/secrets_restore.h"
#include "stores/postgres/catalog.h"
#include "stores/postgres/fingerprint.h"
#include "stores/postgres/globals.h"
#include "stores/postgres/probe.h"
#include "stores/postgres/restore.h"
#include "stores/postgres/schema_facts.h"
#include "stores/postgres/snapshot.h"
#include "stores/postgres/swap.h"

namespace summit::recovery {

using repository::ComponentRecord;

namespace {

// One database of the backup and where it goes.
struct Part {
  std::string source;  // its name in the backup
  std::string target;  // its name here
  std::string artifact;
  std::string prefix;  // of its fingerprints' names
  uint64_t bytes = 0;  // at the source
  uint64_t archive_bytes = 0;
  uint64_t rows = 0;
  std::string timescale_version;
};

std::string detail(const ComponentRecord& record, const std::string& name) {
  const auto found = record.details.find(name);
  return found == record.details.end() ? std::string() : found->second;
}

uint64_t number_in(const std::string& text) {
  uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// "timescaledb 2.19.3, vector 0.8.0" gives the version that follows `name`.
std::string version_in(const std::string& list, std::string_view name) {
  size_t start = 0;
  while (start < list.size()) {
    const size_t end = std::min(list.find(", ", start), list.size());
    const std::string_view item = std::string_view(list).substr(start, end - start);
    if (item.substr(0, name.size()) == name && item.substr(name.size(), 1) == " ")
      return std::string(item.substr(name.size() + 1));
    start = end + 2;
  }
  return {};
}

// Rows of all tables, as they were when the backup was made.
uint64_t rows_in(const ComponentRecord& record) {
  uint64_t rows = 0;
  for (const auto& fingerprint : record.fingerprints) {
    const auto& kind = fingerprint.kind;
    if (kind == "table" || kind == "hypertable") rows += fingerprint.count;
  }
  return rows;
}

std::vector<std::string> split_at_commas(const std::string& text) {
  std::vector<std::string> parts;
  size_t start = 0;
  while (start < text.size()) {
    const size_t end = std::min(text.find(',', start), text.size());
    parts.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return parts;
}

std::string globals_artifact(const ComponentRecord& record) {
  for (const auto& artifact : record.artifacts) {
    if (artifact.name.size() >= 11 && artifact.name.substr(artifact.name.size() - 11) == "globals.sql")
      return artifact.name;
  }
  return {};
}

std::string shown(const Fingerprint& fingerprint) {
  return fmt::format("{} {}, hash {}", fingerprint.count, fingerprint.count == 1 ? "element" : "elements",
                     fingerprint.hash.substr(0, 16));
}

std::string what_of(const Fingerprint& fingerprint) { return fingerprint.kind + " " + fingerprint.name; }

class PostgresRestore final : public RestoreComponent {
 public:
  PostgresRestore(config::PostgresEndpoint endpoint, std::string name)
      : endpoint_(std::move(endpoint)), name_(std::move(name)) {}

  std::string name() const override { return name_; }
  Result<PlanStep> plan(RestoreContext& context) override;
  Result<void> restore(RestoreContext& context,
                       const std::optional<config::EnvironmentMarker>& marker) override;
  Result<std::vector<Difference>> compare(RestoreContext& context) override;
  Result<std::vector<std::string>> probe(RestoreContext& context) override;

 private:
  Result<const ComponentRecord*> record(RestoreContext& context) const;
  Result<std::vector<Part>> parts(RestoreContext& context) const;
  Result<void> create_roles(RestoreContext& context);
  Result<std::string> globals_text(RestoreContext& context) const;
  Result<std::string> describe_target(const Part& part);
  Result<std::vector<Fingerprint>> read_back(RestoreContext& context, const Part& part, bool with_schema,
                                             const std::vector<Fingerprint>& recorded);

  config::PostgresEndpoint endpoint_;
  std::string name_;
};

Result<const ComponentRecord*> PostgresRestore::record(RestoreContext& context) const {
  const auto* found = context.backup.metadata().find(name_);
  if (found) return found;
  return Error(Code::kNotFound, "backup {} has no component {}", context.backup.metadata().id, name_)
      .hint(fmt::format("run `summit-dr info {}` to see what it holds", context.backup.metadata().id));
}

Result<std::vector<Part>> PostgresRestore::parts(RestoreContext& context) const {
  ASSIGN_OR_RETURN(const auto* component, record(context));
  std::vector<Part> parts;
  for (const auto& database : split_at_commas(detail(*component, "databases"))) {
    Part part;
    part.source = database;
    part.target = parts.empty() && !endpoint_.databases.empty() ? endpoint_.databases.front() : database;
    part.artifact = detail(*component, "archive:" + database);
    part.prefix = parts.empty() ? "" : database + "/";
    part.bytes = number_in(detail(*component, "bytes:" + database));
    for (const auto& artifact : component->artifacts) {
      if (artifact.name == part.artifact) part.archive_bytes = artifact.size;
    }
    part.timescale_version = version_in(detail(*component, "extensions:" + database), "timescaledb");
    parts.push_back(std::move(part));
  }
  if (parts.size() == 1) parts.front().rows = rows_in(*component);
  if (parts.empty() ||
      std::any_of(parts.begin(), parts.end(), [](const Part& part) { return part.artifact.empty(); })) {
    return Error(Code::kCorrupt, "the metadata of backup {} name no archive for {}",
                 context.backup.metadata().id, name_)
        .hint(fmt::format("run `summit-dr verify {}`", context.backup.metadata().id));
  }
  return parts;
}

// Streams from the backup; that its bytes are those recorded shows at the end of each reading.
postgres::ArchiveSource archive_of(RestoreContext& context, const Part& part) {
  return [&context, name = part.artifact](const std::function<Result<void>(ByteView)>& consume) {
    return context.backup.read(name, consume, context.cancellation);
  };
}

Result<std::string> PostgresRestore::describe_target(const Part& part) {
  auto connection = postgres::Connection::open(endpoint_, part.target);
  if (!connection.ok() && connection.error().code() == Code::kNotFound)
    return std::string("nothing: it does not exist");
  RETURN_IF_ERROR(connection.ok() ? Result<void>{} : Result<void>(connection.error()));
  ASSIGN_OR_RETURN(auto inventory, postgres::read_inventory(*connection));
  return fmt::format("{} tables, {}", inventory.tables.size(), human_bytes(inventory.database_bytes));
}

Result<PlanStep> PostgresRestore::plan(RestoreContext& context) {
  // Measured: 120 MB/s with two jobs on two cores; half of that is promised.
  constexpr double kBytesPerSecond = 60e6;
  ASSIGN_OR_RETURN(auto all, parts(context));
  PlanStep step;
  for (const auto& part : all) {
    ASSIGN_OR_RETURN(auto overwritten, describe_target(part));
    step.overwrites_something = step.overwrites_something || !overwritten.starts_with("nothing");
    step.target += fmt::format("{}{}", step.target.empty() ? "database " : ", ", part.target);
    step.overwrites += fmt::format("{}{}", step.overwrites.empty() ? "" : "; ", overwritten);
    step.bytes += part.bytes;
    ASSIGN_OR_RETURN(const auto contents, postgres::read_contents(archive_of(context, part)));
    ASSIGN_OR_RETURN(auto obstacles,
                     postgres::foresee_obstacles(endpoint_, part.target, contents, part.timescale_version));
    step.notes.insert(step.notes.end(), obstacles.begin(), obstacles.end());
    step.notes.push_back(fmt::format(
        "{} is restored beside the present one and takes its place when it is complete", part.target));
  }
  step.target += " at " + postgres::address_of(endpoint_);
  step.predicted = Seconds(2.0 + static_cast<double>(step.bytes) / kBytesPerSecond);
  return step;
}

Result<std::string> PostgresRestore::globals_text(RestoreContext& context) const {
  auto contributions = read_secret_contributions(context);
  if (contributions.ok()) {
    for (const auto& [name, text] : *contributions) {
      if (name == "postgresql/" + endpoint_.name + "/globals-with-passwords.sql") return text.reveal();
    }
  } else {
    context.reporter.warn(fmt::format("{}: roles that are missing are created without passwords: {}", name_,
                                      contributions.error().message()));
  }
  ASSIGN_OR_RETURN(const auto* component, record(context));
  const std::string artifact = globals_artifact(*component);
  std::string text;
  if (artifact.empty()) return text;
  RETURN_IF_ERROR(context.backup.read(
      artifact,
      [&](ByteView bytes) -> Result<void> {
        text += as_text(bytes);
        return {};
      },
      context.cancellation));
  return text;
}

Result<void> PostgresRestore::create_roles(RestoreContext& context) {
  ASSIGN_OR_RETURN(auto globals, globals_text(context));
  postgres::Connection::Options options;
  options.cancellation = context.cancellation;
  ASSIGN_OR_RETURN(auto connection,
                   postgres::Connection::open(endpoint_, postgres::maintenance_database(""), options));
  ASSIGN_OR_RETURN(auto report, postgres::create_missing_roles(connection, globals));
  for (const auto& role : report.created)
    context.reporter.info(fmt::format("{}: created the role {}", name_, role));
  for (const auto& note : report.notes) context.reporter.warn(fmt::format("{}: {}", name_, note));
  return {};
}

Result<void> PostgresRestore::restore(RestoreContext& context,
                                      const std::optional<config::EnvironmentMarker>& marker) {
  ASSIGN_OR_RETURN(const auto all, parts(context));
  RETURN_IF_ERROR(create_roles(context));
  for (const auto& part : all) {
    postgres::DatabaseRestore request;
    request.database = part.target;
    request.archive = archive_of(context, part);
    request.timescale_version = part.timescale_version;
    request.archive_bytes = part.archive_bytes;
    request.rows = part.rows;
    request.marker = marker;
    request.terminate_connections = context.terminate_connections;
    request.jobs = std::max<size_t>(context.jobs, 1);
    request.workspace = context.workspace;
    ASSIGN_OR_RETURN(const auto restored, postgres::restore_database(endpoint_, request, context.reporter,
                                                                     name_, context.cancellation));
    context.reporter.info(fmt::format("{}: restored {} rows of {} tables into {}", name_,
                                      restored.loaded.rows, restored.loaded.tables, part.target));
  }
  return {};
}

// A view whose rows were out of date when the backup was made comes back refreshed: that is no difference.
// Its rows then are those that its query gives on the restored tables, which are compared for themselves.
Result<void> accept_refreshed_views(postgres::Connection& connection, const postgres::Inventory& inventory,
                                    const postgres::FingerprintScope& scope,
                                    const std::vector<Fingerprint>& recorded,
                                    std::vector<Fingerprint>& found) {
  for (const auto& table : inventory.tables) {
    if (table.kind != postgres::Table::Kind::kMaterializedView) continue;
    const std::string name = scope.prefix + table.name.display();
    auto same = [&](const Fingerprint& f) { return f.kind == "materialized_view" && f.name == name; };
    const auto expected = std::find_if(recorded.begin(), recorded.end(), same);
    const auto actual = std::find_if(found.begin(), found.end(), same);
    if (expected == recorded.end() || actual == found.end() || *expected == *actual) continue;
    ASSIGN_OR_RETURN(auto refreshed, postgres::fingerprint_refreshed_view(connection, table, scope));
    if (refreshed == *actual) *actual = *expected;
  }
  return {};
}

Result<std::vector<Fingerprint>> PostgresRestore::read_back(RestoreContext& context, const Part& part,
                                                            bool with_schema,
                                                            const std::vector<Fingerprint>& recorded) {
  ASSIGN_OR_RETURN(auto snapshot, postgres::Snapshot::open(endpoint_, part.target, context.cancellation));
  RETURN_IF_ERROR(snapshot.take());
  ASSIGN_OR_RETURN(auto inventory, postgres::read_inventory(snapshot.connection()));
  const postgres::FingerprintScope scope{name_, part.prefix};
  auto phase = context.reporter.phase(name_, "comparing " + part.target);
  ASSIGN_OR_RETURN(auto found,
                   postgres::fingerprint_data(endpoint_, part.target, snapshot.id(), inventory, scope,
                                              context.jobs, context.cancellation, phase.get()));
  RETURN_IF_ERROR(accept_refreshed_views(snapshot.connection(), inventory, scope, recorded, found));
  ASSIGN_OR_RETURN(auto sequences, postgres::fingerprint_sequences(snapshot.connection(), scope));
  found.insert(found.end(), sequences.begin(), sequences.end());
  if (with_schema) {
    ASSIGN_OR_RETURN(auto schema, postgres::fingerprint_schema(snapshot.connection(), scope));
    found.insert(found.end(), schema.begin(), schema.end());
  }
  snapshot.release();
  return found;
}

std::vector<Difference> differences(const std::vector<Fingerprint>& recorded,
                                    const std::vector<Fingerprint>& found, bool with_schema) {
  std::map<std::pair<std::string, std::string>, std::pair<const Fingerprint*, const Fingerprint*>> pairs;
  for (const auto& fingerprint : recorded) {
    if (with_schema || fingerprint.kind != "schema")
      pairs[{fingerprint.kind, fingerprint.name}].first = &fingerprint;
  }
  for (const auto& fingerprint : found) pairs[{fingerprint.kind, fingerprint.name}].second = &fingerprint;
  std::vector<Difference> result;
  for (const auto& [key, pair] : pairs) {
    const auto [expected, actual] = pair;
    if (expected && actual && expected->count == actual->count && expected->hash == actual->hash) continue;
    result.push_back({what_of(expected ? *expected : *actual), expected ? shown(*expected) : "absent",
                      actual ? shown(*actual) : "absent"});
  }
  return result;
}

Result<std::vector<Difference>> PostgresRestore::compare(RestoreContext& context) {
  ASSIGN_OR_RETURN(const auto* component, record(context));
  ASSIGN_OR_RETURN(auto all, parts(context));
  std::vector<Fingerprint> found;
  bool with_schema = true;
  for (const auto& part : all) {
    ASSIGN_OR_RETURN(auto connection, postgres::Connection::open(endpoint_, part.target));
    with_schema =
        connection.server_version() / 10000 == static_cast<int>(number_in(component->server_version));
    ASSIGN_OR_RETURN(auto fingerprints, read_back(context, part, with_schema, component->fingerprints));
    found.insert(found.end(), fingerprints.begin(), fingerprints.end());
  }
  if (!with_schema) {
    context.reporter.info(
        fmt::format("{}: definitions are not compared: the backup is of PostgreSQL {}, another major version",
                    name_, component->server_version));
  }
  return differences(component->fingerprints, found, with_schema);
}

Result<std::vector<std::string>> PostgresRestore::probe(RestoreContext& context) {
  ASSIGN_OR_RETURN(auto all, parts(context));
  std::vector<std::string> lines;
  for (const auto& part : all) {
    ASSIGN_OR_RETURN(auto found, postgres::probe(endpoint_, part.target, context.cancellation));
    lines.insert(lines.end(), found.begin(), found.end());
  }
  return lines;
}

}  // namespace

std::unique_ptr<RestoreComponent> make_postgres_restore(const config::PostgresEndpoint& endpoint,
                                                        std::string component_name) {
  return std::make_unique<PostgresRestore>(endpoint, std::move(component_name));
}

}  // namespace summit::recovery
