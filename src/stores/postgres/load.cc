#include "stores/postgres/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <utility>

#include "stores/postgres/archive_loader.h"
#include "stores/postgres/index_builder.h"
#include "stores/postgres/load_plan.h"
#include "stores/postgres/load_session.h"
#include "stores/postgres/row_loads.h"
#include "stores/postgres/skipped_definitions.h"
#include "stores/postgres/sqlstate.h"
#include "stores/postgres/stock_restore.h"
#include "stores/postgres/timescale.h"
#include "stores/postgres/tools.h"

namespace summit::postgres {

using pgarchive::Entry;

namespace {

// In one transaction, which holds a lock for each.
constexpr size_t kDefinedTogether = 200;
// Of locks, too: fewer definitions in a transaction need fewer.
constexpr std::string_view kOutOfMemory = "53200";

Result<Tool> find_pg_restore(const config::PostgresEndpoint& endpoint, int server_version) {
  return find_tool(endpoint, "pg_restore", server_version / 10000);
}

// One load: its steps in their order, and what they share.
class Load {
 public:
  Load(const config::PostgresEndpoint& endpoint, const LoadRequest& request, Reporter& reporter,
       const std::string& store, const Cancellation& cancellation)
      : endpoint_(endpoint),
        request_(request),
        reporter_(reporter),
        store_(store),
        cancellation_(cancellation),
        skipped_(hides_values()                    ? SkippedDefinitions::When::kNever
                 : request.skip_failed_definitions ? SkippedDefinitions::When::kFailed
                                                   : SkippedDefinitions::When::kSayHow,
                 request.contents) {}

  Result<Loaded> run() {
    RETURN_IF_ERROR(prepare());
    RETURN_IF_ERROR(definitions_->run(request_.database, plan_.before, 1, cancellation_));
    RETURN_IF_ERROR(load_data());
    RETURN_IF_ERROR(set_sequences());
    ASSIGN_OR_RETURN(auto loaded, count_loaded(targets_));
    RETURN_IF_ERROR(build());
    RETURN_IF_ERROR(define(plan_.after, request_.jobs));
    if (!timescale_schema_.empty()) RETURN_IF_ERROR(let_timescale_work());
    RETURN_IF_ERROR(definitions_->run(request_.database, plan_.event_triggers, 1, cancellation_));
    loaded.skipped = skipped_.sentences();
    loaded.placeholders = skipped_.has_placeholders();
    return loaded;
  }

 private:
  Result<void> prepare();
  Result<void> load_data();
  bool builds_beside_rows() const;
  void begin_builds();
  Result<void> set_sequences();
  Result<void> build();
  Result<void> let_timescale_work();
  Result<void> define(const LoadPlan::Entries& entries, size_t jobs);
  Result<void> define_what_can_be(Connection& connection, LoadPlan::Entries entries);
  Error say_how_to_go_on(Error error) const;
  IndexBuilding building_with(size_t jobs) {
    return {endpoint_, request_.database, request_.contents, jobs, hides_values() || skipped_.may_skip(),
            skipped_};
  }
  Result<Connection> session(const Cancellation& cancellation) {
    return open_load_session(endpoint_, request_.database, request_.contents, hides_values(), cancellation);
  }
  // What the server quotes from rows that are edited may be what the editing is to keep away.
  bool hides_values() const { return request_.editing != nullptr; }

  const config::PostgresEndpoint& endpoint_;
  const LoadRequest& request_;
  Reporter& reporter_;
  const std::string& store_;
  const Cancellation& cancellation_;
  std::string timescale_schema_;  // empty: the archive has none
  LoadPlan plan_;
  KeysToHypertables to_hypertables_;
  LoadTargets targets_;
  std::optional<StockRestore> definitions_;
  SkippedDefinitions skipped_;
  std::unique_ptr<Phase> builds_;  // while indexes and constraints are built
};

Result<void> Load::prepare() {
  ASSIGN_OR_RETURN(const auto connection,
                   Connection::open(endpoint_, request_.database, {.cancellation = cancellation_}));
  ASSIGN_OR_RETURN(auto tool, find_pg_restore(endpoint_, connection.server_version()));
  ASSIGN_OR_RETURN(definitions_,
                   StockRestore::create(endpoint_, std::move(tool), request_.contents, request_.workspace));
  if (hides_values()) definitions_->hide_values();
  if (request_.contents.has_extension("timescaledb")) {
    ASSIGN_OR_RETURN(timescale_schema_,
                     begin_timescale_restore(endpoint_, request_.database, request_.contents,
                                             request_.timescale_version, cancellation_));
  }
  plan_ = plan_load(request_.contents, [&](const Entry& entry) {
    if (!timescale_schema_.empty() && made_by_timescale(entry, timescale_schema_)) return false;
    return !request_.chosen || request_.chosen(entry);
  });
  ASSIGN_OR_RETURN(targets_, load_targets(request_.contents, plan_));
  return {};
}

Result<void> Load::load_data() {
  if (request_.editing) {
    ASSIGN_OR_RETURN(auto connection, session(cancellation_));
    RETURN_IF_ERROR(request_.editing->begin(connection));
  }
  RowLoads::Options options{request_, targets_,
                            [this](const auto& cancellation) { return session(cancellation); }};
  options.store = store_;
  if (plan_.builds.empty() || !builds_beside_rows())
    return RowLoads(std::move(options)).run(reporter_, cancellation_);

  std::set<int64_t> loading;
  for (const auto& [id, target] : targets_) loading.insert(target->table);
  const IndexBuilding building = building_with(request_.jobs);
  IndexBuilder builder(building, plan_.builds, loading);
  options.builds = builds_of_tables(request_.contents, plan_.builds);
  std::once_flag begun;
  options.on_loaded = [&](const std::vector<const LoadTarget*>& tables) {
    std::map<int64_t, TableSize> sizes;
    for (const auto* table : tables) sizes[table->table] = {table->bytes, table->rows};
    builder.loaded(sizes);
  };
  options.then = [&](const auto& cancellation) {
    std::call_once(begun, [&] { begin_builds(); });
    return builder.work(builds_.get(), cancellation);
  };
  RETURN_IF_ERROR(RowLoads(std::move(options)).run(reporter_, cancellation_));
  plan_.builds.clear();
  return {};
}

// Rows that go in through the root of their partitions, or that TimescaleDB spreads, may be anywhere until
// all are in.
bool Load::builds_beside_rows() const {
  return timescale_schema_.empty() && std::all_of(targets_.begin(), targets_.end(), [](const auto& target) {
           return target.second->of_extension || !target.second->truncate.empty();
         });
}

void Load::begin_builds() {
  builds_ = reporter_.phase(store_, "building indexes of " + request_.database, "definitions");
  builds_->set_total(plan_.builds.size() + plan_.attachments.size() + plan_.foreign_keys.size());
}

Result<void> Load::set_sequences() {
  if (plan_.sequences.empty()) return {};
  ASSIGN_OR_RETURN(auto connection, session(cancellation_));
  for (const auto* entry : plan_.sequences) {
    RETURN_IF_ERROR(connection.execute(entry->definition.value_or("")), "while setting the sequence {}",
                    entry->tag.value_or(""));
  }
  return {};
}

Result<void> Load::build() {
  if (!timescale_schema_.empty()) {
    ASSIGN_OR_RETURN(to_hypertables_,
                     take_keys_to_hypertables(endpoint_, request_.database, plan_, cancellation_));
  }
  std::map<int64_t, TableSize> sizes;
  for (const auto& [id, target] : targets_) sizes[target->table] = {target->bytes, target->rows};
  const IndexBuilding building = building_with(request_.jobs);
  if (!builds_) begin_builds();
  RETURN_IF_ERROR(build_indexes(building, plan_.builds, sizes, builds_.get(), cancellation_));
  // Each takes locks on parent and child: side by side they deadlock.
  const IndexBuilding one_by_one = building_with(1);
  RETURN_IF_ERROR(build_indexes(one_by_one, plan_.attachments, sizes, builds_.get(), cancellation_));
  RETURN_IF_ERROR(build_indexes(building, plan_.foreign_keys, sizes, builds_.get(), cancellation_));
  builds_.reset();
  return {};
}

Result<void> Load::let_timescale_work() {
  RETURN_IF_ERROR(end_timescale_restore(endpoint_, request_.database, timescale_schema_,
                                        request_.timescale_jobs_wait, cancellation_));
  if (to_hypertables_.keys.empty()) return {};
  auto phase = reporter_.phase(store_, "building foreign keys of " + request_.database, "definitions");
  phase->set_total(to_hypertables_.keys.size());
  // One by one: each takes locks on all chunks.
  RETURN_IF_ERROR(build_indexes(building_with(1), to_hypertables_.keys, {}, phase.get(), cancellation_));
  return define(to_hypertables_.comments, 1);
}

// Where something may be left out, it is found by halves: pg_restore would go on by itself, but says in prose
// alone what failed, and quotes rows. The rows of a materialized view are computed once.
Result<void> Load::define(const LoadPlan::Entries& entries, size_t jobs) {
  if (!skipped_.may_skip()) {
    auto defined = definitions_->run(request_.database, entries, jobs, cancellation_);
    return defined.ok() ? Result<void>() : say_how_to_go_on(std::move(defined).error());
  }
  ASSIGN_OR_RETURN(auto connection,
                   open_load_session(endpoint_, request_.database, request_.contents, true, cancellation_));
  LoadPlan::Entries cheap;
  for (const auto* entry : entries) {
    if (!entry->is("MATERIALIZED VIEW DATA")) {
      cheap.push_back(entry);
      if (cheap.size() == kDefinedTogether)
        RETURN_IF_ERROR(define_what_can_be(connection, std::exchange(cheap, {})));
      continue;
    }
    RETURN_IF_ERROR(define_what_can_be(connection, std::exchange(cheap, {})));
    RETURN_IF_ERROR(define_what_can_be(connection, {entry}));
  }
  return define_what_can_be(connection, std::move(cheap));
}

// Each script is one transaction, because it is one message to the server.
Result<void> Load::define_what_can_be(Connection& connection, LoadPlan::Entries entries) {
  std::erase_if(entries, [&](const Entry* entry) { return skipped_.leaves_out(*entry); });
  if (entries.empty()) return {};
  ASSIGN_OR_RETURN(const auto script, definitions_->script(entries, cancellation_));
  auto defined = connection.execute(script);
  if (defined.ok()) return {};
  if (entries.size() == 1) return skipped_.settle(*entries.front(), std::move(defined));
  if (!SkippedDefinitions::is_refusal(defined.error()) && !has_sqlstate(defined.error(), kOutOfMemory))
    return defined;
  const auto middle = entries.begin() + static_cast<std::ptrdiff_t>(entries.size() / 2);
  RETURN_IF_ERROR(define_what_can_be(connection, {entries.begin(), middle}));
  return define_what_can_be(connection, {middle, entries.end()});
}

// pg_restore tells the command that failed.
Error Load::say_how_to_go_on(Error error) const {
  constexpr std::string_view kCommand = "Command was: ";
  const size_t at = error.message().find(kCommand);
  if (hides_values() || !error.hint().empty() || at == std::string::npos) return error;
  const auto command = std::string_view(error.message()).substr(at + kCommand.size());
  return SkippedDefinitions::may_leave_out(command) ? std::move(error).hint(SkippedDefinitions::hint())
                                                    : error;
}

}  // namespace

Result<std::map<std::string, std::string>> check_load(const config::PostgresEndpoint& endpoint,
                                                      int server_version) {
  ASSIGN_OR_RETURN(const auto tool, find_pg_restore(endpoint, server_version));
  return std::map<std::string, std::string>{{"pg_restore", tool.version}};
}

Result<Loaded> load_archive(const config::PostgresEndpoint& endpoint, const LoadRequest& request,
                            Reporter& reporter, const std::string& store, const Cancellation& cancellation) {
  return Load(endpoint, request, reporter, store, cancellation).run();
}

}  // namespace summit::postgres
