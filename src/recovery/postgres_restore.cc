#include "recovery/postgres_restore.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <iterator>
#include <map>
#include <set>

#include "core/task_group.h"
#include "recovery/lost_tables.h"
#include "recovery/masked_archive.h"
#include "recovery/masked_rows.h"
#include "recovery/postgres_comparison.h"
#include "recovery/postgres_parts.h"
#include "recovery/postgres_roles.h"
#include "stores/postgres/archive_reading.h"
#include "stores/postgres/catalog.h"
#include "stores/postgres/fingerprint.h"
#include "stores/postgres/in_place.h"
#include "stores/postgres/probe.h"
#include "stores/postgres/restore.h"
#include "stores/postgres/schema_facts.h"
#include "stores/postgres/selected_restore.h"
#include "stores/postgres/snapshot.h"
#include "stores/postgres/sql.h"
#include "stores/postgres/swap.h"
#include "stores/postgres/wal_copies.h"

namespace summit::recovery {

using repository::ComponentRecord;

namespace {

class PostgresRestore final : public RestoreComponent {
 public:
  PostgresRestore(config::PostgresEndpoint endpoint, std::string name)
      : endpoint_(std::move(endpoint)), name_(std::move(name)) {}

  std::string name() const override { return name_; }
  Result<PlanStep> plan(RestoreContext& context) override;
  Result<void> restore(RestoreContext& context,
                       const std::optional<config::EnvironmentMarker>& marker) override;
  Result<std::vector<Difference>> compare(RestoreContext& context) override;
  std::vector<Difference> refused() const override { return refused_; }
  std::vector<std::string> skipped() const override;
  Result<std::vector<std::string>> probe(RestoreContext& context) override;
  bool writes_in_place(const RestoreContext& context) const override { return context.masking == nullptr; }
  Result<void> reveal(RestoreContext& context, TargetDoors& doors) override;
  Result<void> search(RestoreContext& context, const LeakScan& scan) override;
  Result<LockedStore> lock(RestoreContext& context) override;

 private:
  Result<const ComponentRecord*> record(RestoreContext& context) const;
  Result<std::vector<DatabasePart>> parts(RestoreContext& context) const;
  Result<std::optional<postgres::Inventory>> target_of(const DatabasePart& part) const;
  postgres::TableSelection selection_of(const RestoreContext& context) const;
  Result<void> foresee_tables(RestoreContext& context, const DatabasePart& part,
                              const std::optional<postgres::Inventory>& there, PlanStep& step);
  Result<std::vector<std::string>> notes_for(RestoreContext& context, const DatabasePart& part);
  Result<void> restore_tables(RestoreContext& context, const DatabasePart& part);
  Result<void> restore_database(RestoreContext& context, const DatabasePart& part,
                                const std::optional<config::EnvironmentMarker>& marker);
  Result<std::vector<Fingerprint>> read_rows_back(RestoreContext& context, const DatabasePart& part,
                                                  postgres::Snapshot& snapshot,
                                                  const std::vector<Fingerprint>& recorded);
  Result<std::vector<Difference>> compare_tables(RestoreContext& context, const DatabasePart& part);
  Result<std::vector<Difference>> compare_database(RestoreContext& context, const DatabasePart& part,
                                                   const std::string& database, Extent extent);
  Result<void> verify(RestoreContext& context, const DatabasePart& part,
                      const postgres::FilledDatabase& filled);

  Result<void> restore_all(RestoreContext& context, const std::optional<config::EnvironmentMarker>& marker);
  Result<void> restore_masked(RestoreContext& context, const DatabasePart& part,
                              postgres::DatabaseRestore request);
  Result<void> restore_in_place(RestoreContext& context, const DatabasePart& part,
                                const postgres::DatabaseRestore& request);
  Result<void> restore_beside(RestoreContext& context, const DatabasePart& part,
                              const postgres::DatabaseRestore& request);
  Result<void> put_in_place(RestoreContext& context);
  void note_skipped(const postgres::Loaded& loaded, const std::string& target);
  void report(RestoreContext& context, const postgres::Restored& restored, const std::string& target);
  Result<const MaskedArchive*> masked_archive(RestoreContext& context, const DatabasePart& part,
                                              const Cancellation& cancellation);
  Result<void> foresee_masking(RestoreContext& context, const DatabasePart& part, PlanStep& step);

  config::PostgresEndpoint endpoint_;
  std::string name_;
  std::map<std::string, std::unique_ptr<MaskedArchive>> archives_;  // by the database's name in the backup
  bool comments_left_out_ = false;                                  // on subscriptions
  std::vector<Fingerprint> masked_;                                 // what was masked holds now
  std::string wal_goes_;                                            // while it is masked; empty: nowhere
  std::optional<postgres::ForeseenTables> foreseen_;  // by the plan, when some tables were chosen
  std::set<postgres::RelationName> tables_;           // that were restored, when some were chosen
  std::vector<std::string> kept_;                     // databases that were replaced and stay
  std::set<std::string> verified_;   // databases that were compared before they took their place
  std::vector<Difference> refused_;  // of the one that did not take it
  std::map<std::string, std::vector<std::string>> skipped_;  // by database: definitions that were left out
  std::set<std::string> placeholders_;                       // databases in which views are placeholders
  // By database: what the search has read of it. Null: nothing that can be compared.
  std::map<std::string, std::unique_ptr<postgres::PassingRows>> passed_;

  // Beside the live one, and not seen by anybody yet.
  struct Hidden {
    std::string target;
    postgres::FilledDatabase database;
  };
  std::deque<Hidden> hidden_;
};

Result<const ComponentRecord*> PostgresRestore::record(RestoreContext& context) const {
  const auto* found = context.backup.metadata().find(name_);
  if (found) return found;
  return Error(Code::kNotFound, "backup {} has no component {}", context.backup.metadata().id, name_)
      .hint(fmt::format("run `summit-dr info {}` to see what it holds", context.backup.metadata().id));
}

Result<std::vector<DatabasePart>> PostgresRestore::parts(RestoreContext& context) const {
  ASSIGN_OR_RETURN(const auto* component, record(context));
  auto parts = parts_of(*component, endpoint_);
  // Words choose tables of the main database.
  if (context.databases.selects() && parts.size() > 1) parts.resize(1);
  if (parts.empty() || std::any_of(parts.begin(), parts.end(),
                                   [](const DatabasePart& part) { return part.artifact.empty(); })) {
    return Error(Code::kCorrupt, "the metadata of backup {} name no archive for {}",
                 context.backup.metadata().id, name_)
        .hint(fmt::format("run `summit-dr verify {}`", context.backup.metadata().id));
  }
  return parts;
}

postgres::TableSelection PostgresRestore::selection_of(const RestoreContext& context) const {
  if (context.databases.undone) return {context.databases.undone->at(name_).replaced, {}, true};
  return {context.databases.only, context.databases.exclude};
}

// What is there now; nothing where the database does not exist.
Result<std::optional<postgres::Inventory>> PostgresRestore::target_of(const DatabasePart& part) const {
  auto connection = postgres::Connection::open(endpoint_, part.target);
  if (!connection.ok() && connection.error().code() == Code::kNotFound)
    return std::optional<postgres::Inventory>();
  RETURN_IF_ERROR(connection.ok() ? Result<void>{} : Result<void>(connection.error()));
  ASSIGN_OR_RETURN(auto inventory, postgres::read_inventory(*connection));
  return std::optional(std::move(inventory));
}

std::string describe_target(const std::optional<postgres::Inventory>& there) {
  if (!there) return "nothing: it does not exist";
  return fmt::format("{} tables, {}", there->tables.size(), human_bytes(there->database_bytes));
}

std::vector<std::string> displayed(const std::vector<postgres::RelationName>& tables) {
  std::vector<std::string> names;
  for (const auto& table : tables) names.push_back(table.display());
  return names;
}

Result<void> PostgresRestore::foresee_tables(RestoreContext& context, const DatabasePart& part,
                                             const std::optional<postgres::Inventory>& there,
                                             PlanStep& step) {
  ASSIGN_OR_RETURN(const auto contents,
                   postgres::read_contents(archive_of(context.backup, part, context.cancellation)));
  ASSIGN_OR_RETURN(auto foreseen,
                   postgres::foresee_selected(endpoint_, part.target, contents, selection_of(context)));
  step.tables = {displayed(foreseen.replaced), displayed(foreseen.created)};
  step.notes = foreseen.sentences;
  foreseen_ = std::move(foreseen);
  if (!context.databases.undone) return {};
  step.notes.emplace_back(
      "the restore of some tables is undone: only what it replaced is put back, other tables stay as they "
      "are");
  std::set<std::string> present;
  for (const auto& table : there ? there->tables : std::vector<postgres::Table>()) {
    present.insert(table.name.display());
    for (const auto& partition : table.parts) present.insert(partition.display());
  }
  for (const auto& created : context.databases.undone->at(name_).created) {
    if (!present.contains(created)) continue;
    step.notes.push_back(fmt::format(
        "{} was created by the restore, and stays: drop it by hand when nobody needs it", created));
  }
  return {};
}

// What a person should know before saying yes.
Result<std::vector<std::string>> PostgresRestore::notes_for(RestoreContext& context,
                                                            const DatabasePart& part) {
  ASSIGN_OR_RETURN(const auto contents,
                   postgres::read_contents(archive_of(context.backup, part, context.cancellation)));
  ASSIGN_OR_RETURN(auto notes,
                   postgres::foresee_obstacles(endpoint_, part.target, contents, part.timescale_version));
  notes.push_back(
      context.databases.in_place
          ? fmt::format("{} is emptied and filled: readers see it half-restored, and a failure leaves it so, "
                        "until `summit-dr rollback` puts the safety backup back",
                        part.target)
          : fmt::format("{} is restored beside the present one and takes its place when it is complete",
                        part.target));
  if (context.databases.keep_replaced)
    notes.emplace_back("the database that is replaced stays, under another name");
  return notes;
}

Result<PlanStep> PostgresRestore::plan(RestoreContext& context) {
  // Measured: 120 MB/s with two jobs on two cores; half of that is promised.
  constexpr double kBytesPerSecond = 60e6;
  ASSIGN_OR_RETURN(auto all, parts(context));
  ASSIGN_OR_RETURN(const auto* component, record(context));
  const bool replaces_by_a_part = component->details.contains("filter") && !context.databases.selects();
  PlanStep step;
  // Meanwhile: it needs no server.
  TaskGroup looking(context.cancellation);
  if (context.masking)
    looking.spawn([&]() -> Result<void> {
      for (const auto& part : all) RETURN_IF_ERROR(masked_archive(context, part, looking.cancellation()));
      return {};
    });
  for (const auto& part : all) {
    ASSIGN_OR_RETURN(const auto there, target_of(part));
    step.overwrites_something = step.overwrites_something || there.has_value();
    step.target += fmt::format("{}{}", step.target.empty() ? "database " : ", ", part.target);
    step.overwrites += fmt::format("{}{}", step.overwrites.empty() ? "" : "; ", describe_target(there));
    step.bytes += part.bytes;
    if (context.databases.selects()) {
      RETURN_IF_ERROR(foresee_tables(context, part, there, step));
    } else {
      ASSIGN_OR_RETURN(auto notes, notes_for(context, part));
      step.notes.insert(step.notes.end(), notes.begin(), notes.end());
    }
    if (there && replaces_by_a_part) {
      auto lost = describe_lost(*there, *component, part.prefix);
      if (!lost.empty()) step.notes.push_back(std::move(lost));
    }
    if (context.masking && wal_goes_.empty()) {
      ASSIGN_OR_RETURN(wal_goes_, postgres::where_wal_goes(endpoint_, part.target));
    }
  }
  RETURN_IF_ERROR(looking.join());
  for (const auto& part : all)
    if (context.masking) RETURN_IF_ERROR(foresee_masking(context, part, step));
  step.target += " at " + postgres::address_of(endpoint_);
  step.predicted = Seconds(2.0 + static_cast<double>(step.bytes) / kBytesPerSecond);
  return step;
}

// Before anything is written: what no rule covers and looks private stops the restore.
Result<const MaskedArchive*> PostgresRestore::masked_archive(RestoreContext& context,
                                                             const DatabasePart& part,
                                                             const Cancellation& cancellation) {
  auto& archive = archives_[part.source];
  if (!archive) {
    ASSIGN_OR_RETURN(archive, prepare_masked(archive_of(context.backup, part, cancellation), *context.masking,
                                             {part.source, context.count_rows, context.jobs},
                                             context.reporter, cancellation));
    ASSIGN_OR_RETURN(const auto* component, record(context));
    ASSIGN_OR_RETURN(const auto globals, globals_text(context, *component, endpoint_));
    for (auto& finding : audit_globals(globals, *context.masking))
      archive->audit.findings.push_back(std::move(finding));
  }
  RETURN_IF_ERROR(check_audit(archive->audit, context.backup.metadata().id));
  return archive.get();
}

Result<void> PostgresRestore::foresee_masking(RestoreContext& context, const DatabasePart& part,
                                              PlanStep& step) {
  ASSIGN_OR_RETURN(const auto* archive, masked_archive(context, part, context.cancellation));
  const auto& audit = archive->audit;
  step.notes.push_back(
      fmt::format("masked on the way in: {} columns by rules; {} are declared harmless, {} look so in {} "
                  "sampled rows",
                  audit.ruled, audit.harmless, audit.unknown, audit.rows_sampled));
  step.notes.emplace_back(
      "large objects come empty, subscriptions and user mappings not at all, jobs switched off, new roles "
      "without passwords");
  if (!wal_goes_.empty())
    step.notes.push_back(
        fmt::format("masked rows go with the server's WAL {} before they are certified", wal_goes_));
  for (const auto& [table, counted] : audit.reduced) step.notes.push_back(describe(table, counted));
  if (context.masking->reduces() && !context.count_rows)
    step.notes.push_back(fmt::format(
        "reduced: not every row comes along ({} % where tables are sampled); --dry-run says how many of each",
        context.masking->reduction_percent));
  if (!step.met) step.met.emplace();
  step.met->add(audit.met);
  for (const auto& table : archive->reduction->kept_whole()) {
    step.notes.push_back(
        fmt::format("{} is kept whole: its rows refer to each other in long chains", table.display()));
  }
  return {};
}

Result<void> PostgresRestore::restore(RestoreContext& context,
                                      const std::optional<config::EnvironmentMarker>& marker) {
  auto restored = restore_all(context, marker);
  // What has not taken its place by now never will.
  if (!restored.ok()) hidden_.clear();
  return restored;
}

Result<void> PostgresRestore::restore_all(RestoreContext& context,
                                          const std::optional<config::EnvironmentMarker>& marker) {
  ASSIGN_OR_RETURN(const auto all, parts(context));
  if (context.masking) {
    for (const auto& part : all) RETURN_IF_ERROR(masked_archive(context, part, context.cancellation));
  }
  ASSIGN_OR_RETURN(const auto* component, record(context));
  RETURN_IF_ERROR(create_roles(context, *component, endpoint_));
  for (const auto& part : all) {
    RETURN_IF_ERROR(context.databases.selects() ? restore_tables(context, part)
                                                : restore_database(context, part, marker));
  }
  if (context.masking) return {};
  RETURN_IF_ERROR(context.cancellation.check());
  return put_in_place(context);
}

Result<void> PostgresRestore::restore_tables(RestoreContext& context, const DatabasePart& part) {
  postgres::SelectedRestore request;
  request.database = part.target;
  request.archive = archive_of(context.backup, part, context.cancellation);
  request.selection = selection_of(context);
  request.foreseen = foreseen_ ? &*foreseen_ : nullptr;
  request.archive_bytes = part.archive_bytes;
  request.terminate_connections = context.terminate_connections;
  request.workspace = context.workspace;
  ASSIGN_OR_RETURN(const auto restored, postgres::restore_selected(endpoint_, request, context.reporter,
                                                                   name_, context.cancellation));
  for (const auto& note : restored.notes) context.reporter.info(fmt::format("{}: {}", name_, note));
  context.reporter.info(fmt::format("{}: restored {} rows of {} tables into {}", name_, restored.loaded.rows,
                                    restored.tables.size(), part.target));
  std::set_difference(restored.tables.begin(), restored.tables.end(), restored.not_compared.begin(),
                      restored.not_compared.end(), std::inserter(tables_, tables_.end()));
  return {};
}

Result<void> PostgresRestore::restore_database(RestoreContext& context, const DatabasePart& part,
                                               const std::optional<config::EnvironmentMarker>& marker) {
  postgres::DatabaseRestore request;
  request.database = part.target;
  request.archive = archive_of(context.backup, part, context.cancellation);
  request.timescale_version = part.timescale_version;
  request.archive_bytes = part.archive_bytes;
  request.rows = part.rows;
  request.marker = marker;
  request.terminate_connections = context.terminate_connections;
  request.jobs = std::max<size_t>(context.jobs, 1);
  request.workspace = context.workspace;
  request.keep_replaced = context.databases.keep_replaced;
  request.skip_failed_definitions = context.databases.skip_failed_definitions;
  if (context.masking) return restore_masked(context, part, std::move(request));
  return context.databases.in_place ? restore_in_place(context, part, request)
                                    : restore_beside(context, part, request);
}

Result<void> PostgresRestore::restore_masked(RestoreContext& context, const DatabasePart& part,
                                             postgres::DatabaseRestore request) {
  ASSIGN_OR_RETURN(const auto* archive, masked_archive(context, part, context.cancellation));
  MaskedRows rows(*context.masking, archive->schema, *archive->reduction, {name_, part.prefix});
  request.editing = &rows;
  request.chosen = enters_masked_target;
  ASSIGN_OR_RETURN(auto filled, postgres::fill_database(endpoint_, request, context.reporter, name_,
                                                        context.cancellation));
  hidden_.push_back({part.target, std::move(filled)});
  for (const auto& [table, counted] : rows.reduced())
    context.reporter.info(fmt::format("{}: {}: kept of {}", name_, part.target, describe(table, counted)));
  for (auto& fingerprint : rows.fingerprints()) masked_.push_back(std::move(fingerprint));
  comments_left_out_ = comments_left_out_ || leaves_out_comments(archive->contents);
  masked_.push_back(empty_large_objects(archive->contents, {name_, part.prefix}));
  return {};
}

Result<void> PostgresRestore::restore_in_place(RestoreContext& context, const DatabasePart& part,
                                               const postgres::DatabaseRestore& request) {
  ASSIGN_OR_RETURN(const auto restored, postgres::restore_in_place(endpoint_, request, context.reporter,
                                                                   name_, context.cancellation));
  report(context, restored, part.target);
  return {};
}

Result<void> PostgresRestore::restore_beside(RestoreContext& context, const DatabasePart& part,
                                             const postgres::DatabaseRestore& request) {
  ASSIGN_OR_RETURN(auto filled, postgres::fill_database(endpoint_, request, context.reporter, name_,
                                                        context.cancellation));
  RETURN_IF_ERROR(verify(context, part, filled));
  hidden_.push_back({part.target, std::move(filled)});
  return {};
}

// In order: each takes its place with all its rows, or stays away.
Result<void> PostgresRestore::put_in_place(RestoreContext& context) {
  std::vector<std::string> placed;
  for (; !hidden_.empty(); hidden_.pop_front()) {
    auto& next = hidden_.front();
    auto restored = next.database.commit(postgres::FilledDatabase::Doors::kOpen);
    if (!restored.ok() && !placed.empty())
      return std::move(restored).error().at(
          fmt::format("after {} took their place, which stay so", fmt::join(placed, ", ")));
    if (!restored.ok()) return std::move(restored).error();
    report(context, *restored, next.target);
    placed.push_back(next.target);
  }
  return {};
}

void PostgresRestore::note_skipped(const postgres::Loaded& loaded, const std::string& target) {
  if (!loaded.skipped.empty()) skipped_[target] = loaded.skipped;
  if (loaded.placeholders) placeholders_.insert(target);
}

void PostgresRestore::report(RestoreContext& context, const postgres::Restored& restored,
                             const std::string& target) {
  context.reporter.info(fmt::format("{}: restored {} rows of {} tables into {}", name_, restored.loaded.rows,
                                    restored.loaded.tables, target));
  note_skipped(restored.loaded, target);
  if (!restored.kept.empty()) kept_.push_back(restored.kept);
}

Result<std::vector<Fingerprint>> PostgresRestore::read_rows_back(RestoreContext& context,
                                                                 const DatabasePart& part,
                                                                 postgres::Snapshot& snapshot,
                                                                 const std::vector<Fingerprint>& recorded) {
  ASSIGN_OR_RETURN(auto inventory, postgres::read_inventory(snapshot.connection()));
  if (context.databases.selects()) {
    std::erase_if(inventory.tables, [&](const auto& table) { return !tables_.contains(table.name); });
    // Partitions that are newer than the backup kept their rows.
    for (auto& table : inventory.tables)
      std::erase_if(table.parts, [&](const auto& partition) { return !tables_.contains(partition); });
    inventory.large_objects = 0;
  }
  const postgres::FingerprintScope scope{name_, part.prefix};
  auto phase = context.reporter.phase(name_, "comparing " + part.target);
  ASSIGN_OR_RETURN(auto found, fingerprint_unread(endpoint_, snapshot, inventory, passed_[part.target].get(),
                                                  scope, context.jobs, context.cancellation, phase.get()));
  // From a placeholder, a refresh computes the wrong rows again.
  if (!placeholders_.contains(part.target))
    RETURN_IF_ERROR(accept_refreshed_views(snapshot.connection(), inventory, scope, recorded, found));
  ASSIGN_OR_RETURN(auto sequences, postgres::fingerprint_sequences(snapshot.connection(), scope));
  found.insert(found.end(), sequences.begin(), sequences.end());
  return found;
}

Result<std::vector<Difference>> PostgresRestore::compare_tables(RestoreContext& context,
                                                                const DatabasePart& part) {
  ASSIGN_OR_RETURN(const auto* component, record(context));
  ASSIGN_OR_RETURN(auto snapshot, postgres::Snapshot::open(endpoint_, part.target, context.cancellation));
  RETURN_IF_ERROR(snapshot.take());
  ASSIGN_OR_RETURN(const auto found, read_rows_back(context, part, snapshot, component->fingerprints));
  snapshot.release();
  return differences(of_tables(component->fingerprints, tables_), of_tables(found, tables_), false);
}

// Definitions of another major version are written in other words.
bool has_version_of(const postgres::Connection& connection, const ComponentRecord& record) {
  return connection.server_version() / 10000 == major_version_of(record);
}

Result<std::vector<Difference>> PostgresRestore::compare_database(RestoreContext& context,
                                                                  const DatabasePart& part,
                                                                  const std::string& database,
                                                                  Extent extent) {
  ASSIGN_OR_RETURN(const auto* component, record(context));
  ASSIGN_OR_RETURN(const auto all, parts(context));
  std::vector<std::string> prefixes;
  for (const auto& each : all) prefixes.push_back(each.prefix);
  auto recorded = of_database(expected_after(component->fingerprints, masked_), part.prefix, prefixes);
  ASSIGN_OR_RETURN(auto snapshot, postgres::Snapshot::open(endpoint_, database, context.cancellation));
  RETURN_IF_ERROR(snapshot.take());
  const bool same_version = has_version_of(snapshot.connection(), *component);
  const bool with_schema = same_version && !skipped_.contains(part.target);
  std::vector<Fingerprint> found;
  if (extent != Extent::kInItsPlace) {
    ASSIGN_OR_RETURN(found, read_rows_back(context, part, snapshot, recorded));
  }
  if (with_schema) {
    ASSIGN_OR_RETURN(auto schema,
                     postgres::fingerprint_schema(snapshot.connection(), {name_, part.prefix},
                                                  postgres::LargeObjects::kTaken, schema_groups(extent)));
    found.insert(found.end(), schema.begin(), schema.end());
  }
  snapshot.release();
  keep(extent, recorded);
  if (component->details.contains("filter")) leave_out_unrecorded(recorded, found);
  if (comments_left_out_) {
    leave_out_comments(recorded);
    leave_out_comments(found);
  }
  if (skipped_.contains(part.target)) leave_out_empty_views(recorded, found);
  if (!same_version && extent != Extent::kInItsPlace) {
    context.reporter.info(
        fmt::format("{}: definitions are not compared: the backup is of PostgreSQL {}, another major version",
                    name_, component->server_version));
  }
  return differences(recorded, found, with_schema);
}

Result<void> PostgresRestore::verify(RestoreContext& context, const DatabasePart& part,
                                     const postgres::FilledDatabase& filled) {
  note_skipped(filled.loaded(), part.target);
  ASSIGN_OR_RETURN(refused_, compare_database(context, part, filled.name(), Extent::kBeforeItsPlace),
                   "while comparing with the backup");
  if (!refused_.empty()) {
    return Error(
               Code::kMismatch,
               "what was restored for {} differs from the backup and is dropped again: nothing was replaced",
               part.target)
        .hint(
            context.databases.into.empty() && context.masking == nullptr
                ? "restore another backup (summit-dr list), or add `--in-place`: it compares at the end, and "
                  "keeps what differs"
                : "restore another backup (summit-dr list)");
  }
  verified_.insert(part.target);
  return {};
}

Result<std::vector<Difference>> PostgresRestore::compare(RestoreContext& context) {
  ASSIGN_OR_RETURN(const auto all, parts(context));
  if (context.databases.selects()) return compare_tables(context, all.front());
  std::vector<Difference> found;
  for (const auto& part : all) {
    const auto extent = verified_.contains(part.target) ? Extent::kInItsPlace : Extent::kWhole;
    ASSIGN_OR_RETURN(auto differences, compare_database(context, part, part.target, extent));
    found.insert(found.end(), differences.begin(), differences.end());
  }
  return found;
}

Result<std::vector<std::string>> PostgresRestore::probe(RestoreContext& context) {
  ASSIGN_OR_RETURN(auto all, parts(context));
  std::vector<std::string> lines;
  for (const auto& part : all) {
    ASSIGN_OR_RETURN(auto found, postgres::probe(endpoint_, part.target, context.cancellation));
    lines.insert(lines.end(), found.begin(), found.end());
  }
  for (const auto& kept : kept_) {
    lines.push_back(fmt::format("the replaced database is kept as {}; when nobody needs it: DROP DATABASE {}",
                                kept, postgres::quote_identifier(kept)));
  }
  return lines;
}

std::vector<std::string> PostgresRestore::skipped() const {
  std::vector<std::string> sentences;
  for (const auto& [database, skipped] : skipped_) {
    for (const auto& sentence : skipped) sentences.push_back(fmt::format("{}: {}", database, sentence));
    sentences.push_back(fmt::format(
        "{}: definitions are not compared with the backup, because some were left out", database));
  }
  return sentences;
}

// All of what was masked is compared before the first one takes its place.
Result<void> PostgresRestore::reveal(RestoreContext& context, TargetDoors&) {
  ASSIGN_OR_RETURN(const auto all, parts(context));
  for (const auto& part : all) {
    const auto found = std::ranges::find(hidden_, part.target, &Hidden::target);
    if (found == hidden_.end() || verified_.contains(part.target)) continue;
    auto compared = verify(context, part, found->database);
    if (compared.ok()) continue;
    hidden_.clear();
    return compared;
  }
  return put_in_place(context);
}

Result<void> PostgresRestore::search(RestoreContext&, const LeakScan& scan) {
  // Somebody may have come since the plan.
  if (wal_goes_.empty() && !hidden_.empty()) {
    ASSIGN_OR_RETURN(wal_goes_, postgres::where_wal_goes(endpoint_, hidden_.front().target));
  }
  for (const auto& hidden : hidden_) {
    SearchedDatabase searched{hidden.database.name(), hidden.target, hidden.database.comment()};
    auto& passed = passed_[hidden.target];
    ASSIGN_OR_RETURN(passed, passing_rows(endpoint_, searched.name, scan.cancellation));
    searched.rows = passed.get();
    RETURN_IF_ERROR(search_postgres(endpoint_, searched, scan), "in {}", hidden.target);
  }
  if (!wal_goes_.empty())
    scan.report.not_searched(fmt::format("{}: WAL that the server gave {}", name_, wal_goes_));
  return {};
}

Result<LockedStore> PostgresRestore::lock(RestoreContext& context) {
  LockedStore locked{.kind = "postgresql", .endpoint = endpoint_.name};
  for (; !hidden_.empty(); hidden_.pop_front()) {
    auto& next = hidden_.front();
    ASSIGN_OR_RETURN(const auto restored, next.database.commit(postgres::FilledDatabase::Doors::kClosed));
    report(context, restored, next.target);
    locked.databases.push_back(next.target);
  }
  return locked;
}

}  // namespace

std::unique_ptr<RestoreComponent> make_postgres_restore(const config::PostgresEndpoint& endpoint,
                                                        std::string component_name) {
  return std::make_unique<PostgresRestore>(endpoint, std::move(component_name));
}

}  // namespace summit::recovery
