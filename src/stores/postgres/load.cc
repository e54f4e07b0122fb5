#include "stores/postgres/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "core/task_group.h"
#include "formats/pgarchive/parser.h"
#include "stores/postgres/archive_loader.h"
#include "stores/postgres/index_builder.h"
#include "stores/postgres/load_plan.h"
#include "stores/postgres/load_session.h"
#include "stores/postgres/skipped_definitions.h"
#include "stores/postgres/sqlstate.h"
#include "stores/postgres/stock_restore.h"
#include "stores/postgres/timescale.h"
#include "stores/postgres/tools.h"

namespace summit::postgres {

using pgarchive::Contents;
using pgarchive::Entry;

namespace {

// Read ahead of the connections.
constexpr uint64_t kQueued = 32 * MiB;
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
  Result<void> read_archive(LoadQueue& queue, RowLoader& in_order, Phase& bytes,
                            const Cancellation& cancellation);
  Result<void> load_units(LoadQueue& queue, Phase& rows, const Cancellation& cancellation);
  Result<void> set_sequences();
  Result<void> build();
  Result<void> let_timescale_work();
  Result<void> define(const LoadPlan::Entries& entries, size_t jobs);
  Result<void> define_what_can_be(Connection& connection, LoadPlan::Entries entries);
  Error say_how_to_go_on(Error error) const;
  IndexBuilding building_with(size_t jobs) {
    return {endpoint_, request_.database, request_.contents, jobs, {}, hides_values() || skipped_.may_skip(),
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
  auto bytes = reporter_.phase(store_, "reading the archive of " + request_.database);
  bytes->set_total(request_.archive_bytes);
  auto rows = reporter_.phase(store_, "loading " + request_.database, "rows");
  rows->set_total(request_.rows);
  LoadQueue queue(kQueued);
  TaskGroup group(cancellation_);
  group.spawn([&]() -> Result<void> {
    ASSIGN_OR_RETURN(auto connection, session(group.cancellation()));
    RowLoader in_order(connection, rows.get(), request_.editing);
    RETURN_IF_ERROR(read_archive(queue, in_order, *bytes, group.cancellation()));
    queue.close();
    return {};
  });
  for (size_t i = 0; i < std::max<size_t>(request_.jobs, 1); ++i)
    group.spawn([&]() -> Result<void> { return load_units(queue, *rows, group.cancellation()); });
  return group.join();
}

Result<void> Load::read_archive(LoadQueue& queue, RowLoader& in_order, Phase& bytes,
                                const Cancellation& cancellation) {
  const auto& chosen = request_.chosen;
  const auto objects = std::any_of(
      request_.contents.entries.begin(), request_.contents.entries.end(),
      [&](const Entry& entry) { return entry.has_data && !entry.copy && (!chosen || chosen(entry)); });
  ArchiveLoader loader({request_.contents, targets_, queue, objects, in_order, cancellation});
  return postgres::read_archive(request_.source, loader, &bytes, cancellation);
}

Result<void> Load::load_units(LoadQueue& queue, Phase& rows, const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto connection, session(cancellation));
  RowLoader loader(connection, &rows, request_.editing);
  for (;;) {
    ASSIGN_OR_RETURN(const auto unit, queue.take(cancellation));
    if (!unit) return loader.finish();
    RETURN_IF_ERROR(loader.load(*unit));
  }
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
  const EntryIndex index(request_.contents);
  IndexBuilding building = building_with(request_.jobs);
  for (const auto& [id, target] : targets_) {
    if (const Entry* table = table_of(index, *target->entry))
      building.sizes[table->id] = {target->bytes, target->rows};
  }
  auto phase = reporter_.phase(store_, "building indexes of " + request_.database, "definitions");
  phase->set_total(plan_.builds.size() + plan_.attachments.size() + plan_.foreign_keys.size());
  RETURN_IF_ERROR(build_indexes(building, plan_.builds, phase.get(), cancellation_));
  // Each takes locks on parent and child: side by side they deadlock.
  IndexBuilding one_by_one = building;
  one_by_one.jobs = 1;
  RETURN_IF_ERROR(build_indexes(one_by_one, plan_.attachments, phase.get(), cancellation_));
  return build_indexes(building, plan_.foreign_keys, phase.get(), cancellation_);
}

Result<void> Load::let_timescale_work() {
  RETURN_IF_ERROR(end_timescale_restore(endpoint_, request_.database, timescale_schema_,
                                        request_.timescale_jobs_wait, cancellation_));
  if (to_hypertables_.keys.empty()) return {};
  auto phase = reporter_.phase(store_, "building foreign keys of " + request_.database, "definitions");
  phase->set_total(to_hypertables_.keys.size());
  // One by one: each takes locks on all chunks.
  RETURN_IF_ERROR(build_indexes(building_with(1), to_hypertables_.keys, phase.get(), cancellation_));
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

// Keeps what streams by until the table of contents is complete.
class HeadReader {
 public:
  // False when nothing more is needed.
  Result<bool> feed(ByteView piece) {
    head_ += as_text(piece);
    if (head_.size() < next_attempt_) return true;
    // Attempts at doubled sizes keep the whole effort linear.
    next_attempt_ = head_.size() * 2;
    return try_to_read();
  }
  Result<Contents> finish() {
    if (!contents_) RETURN_IF_ERROR(try_to_read_at_end());
    return *std::move(contents_);
  }

 private:
  Result<bool> try_to_read() {
    ASSIGN_OR_RETURN(auto head, pgarchive::read_contents(head_));
    if (head) contents_ = std::move(head->contents);
    return !contents_;
  }
  Result<void> try_to_read_at_end() {
    ASSIGN_OR_RETURN(const bool more_needed, try_to_read());
    if (!more_needed) return {};
    return Error(Code::kCorrupt, "the archive ends within its table of contents")
        .hint("run `summit-dr verify` on this backup");
  }

  std::string head_;
  size_t next_attempt_ = 64 * KiB;
  std::optional<Contents> contents_;
};

}  // namespace

ArchiveSource archive_file(fs::path path) {
  return [path = std::move(path)](const std::function<Result<void>(ByteView)>& consume) -> Result<void> {
    ASSIGN_OR_RETURN(const auto file, open_for_reading(path));
    std::string buffer(256 * KiB, '\0');
    for (;;) {
      ASSIGN_OR_RETURN(const size_t size, read_some(file.get(), buffer.data(), buffer.size(), path));
      if (size == 0) return {};
      RETURN_IF_ERROR(consume(as_bytes(std::string_view(buffer.data(), size))));
    }
  };
}

Result<std::map<std::string, std::string>> check_load(const config::PostgresEndpoint& endpoint,
                                                      int server_version) {
  ASSIGN_OR_RETURN(const auto tool, find_pg_restore(endpoint, server_version));
  return std::map<std::string, std::string>{{"pg_restore", tool.version}};
}

Result<void> read_archive(const ArchiveSource& source, pgarchive::Consumer& consumer, Phase* phase,
                          const Cancellation& cancellation) {
  pgarchive::Parser parser(consumer);
  auto read = source([&](ByteView piece) -> Result<void> {
    RETURN_IF_ERROR(cancellation.check());
    RETURN_IF_ERROR(parser.feed(piece));
    if (phase) phase->advance(piece.size());
    return {};
  });
  RETURN_IF_ERROR(std::move(read));
  return parser.finish();
}

Result<Contents> read_contents(const ArchiveSource& source) {
  HeadReader head;
  bool complete = false;
  auto read = source([&](ByteView piece) -> Result<void> {
    ASSIGN_OR_RETURN(const bool more, head.feed(piece));
    complete = !more;
    if (complete) return Error(Code::kCancelled, "nothing more is needed");
    return {};
  });
  if (!complete) RETURN_IF_ERROR(std::move(read));
  return head.finish();
}

Result<Loaded> load_archive(const config::PostgresEndpoint& endpoint, const LoadRequest& request,
                            Reporter& reporter, const std::string& store, const Cancellation& cancellation) {
  return Load(endpoint, request, reporter, store, cancellation).run();
}

}  // namespace summit::postgres
