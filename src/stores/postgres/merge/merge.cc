#include "stores/postgres/merge/merge.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "stores/postgres/merge/closure.h"
#include "stores/postgres/merge/conflicts.h"
#include "stores/postgres/merge/emptied.h"
#include "stores/postgres/merge/proof.h"
#include "stores/postgres/merge/staging.h"
#include "stores/postgres/merge/views.h"
#include "stores/postgres/merge/workspace.h"
#include "stores/postgres/merge/write.h"
#include "stores/postgres/sql.h"
#include "stores/postgres/sqlstate.h"

namespace summit::postgres::merge {

namespace {

// Of all databases of all servers, one number: advisory locks are a database's own.
constexpr std::string_view kMergeLock = "7308332041914835309";

// Ends with a rollback unless it was committed.
class Transaction {
 public:
  static Result<Transaction> begin(Connection& connection) {
    RETURN_IF_ERROR(connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ"));
    return Transaction(connection);
  }
  Transaction(Transaction&& other) noexcept : connection_(std::exchange(other.connection_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction() {
    if (!connection_) return;
    // A lost connection has rolled back already.
    [[maybe_unused]] auto ended = connection_->execute("ROLLBACK");
  }
  Result<void> commit() { return std::exchange(connection_, nullptr)->execute("COMMIT"); }

 private:
  explicit Transaction(Connection& connection) : connection_(&connection) {}
  Connection* connection_;
};

// What a second look at the new state of the database may settle, or explain better: serialization failures,
// deadlocks, and rows that somebody wrote after the snapshot was taken.
bool is_worth_another_attempt(const Error& error) {
  constexpr std::array kStates = {"40001", "40P01", "23505", "23503"};
  return std::any_of(kStates.begin(), kStates.end(),
                     [&](const char* state) { return has_sqlstate(error, state); });
}

Error in_the_way(Error error) {
  if (error.code() != Code::kBusy) return error;
  return Error(Code::kBusy, "{}", error.message())
      .hint(
          "see who holds locks in pg_stat_activity and pg_locks, wait for their end, then run the command "
          "again");
}

uint64_t sum_of(const std::vector<TableMerge>& tables, uint64_t Changes::* member) {
  return std::accumulate(tables.begin(), tables.end(), uint64_t{0},
                         [&](uint64_t sum, const TableMerge& table) { return sum + table.changes.*member; });
}

}  // namespace

uint64_t MergeReport::inserted() const { return sum_of(tables, &Changes::insert); }
uint64_t MergeReport::changed() const { return sum_of(tables, &Changes::change); }
uint64_t MergeReport::deleted() const { return sum_of(tables, &Changes::remove); }
uint64_t MergeReport::lent() const { return sum_of(tables, &Changes::lend); }
bool MergeReport::changes_anything() const {
  return inserted() + changed() + deleted() + lent() > 0 || !sequences.empty();
}

struct RowMerge::State {
  Workspace workspace;
  MergeRequest request;
  Staged staged;

  // The changes of now, in the snapshot of the transaction.
  Result<std::map<size_t, Changes>> find() {
    RETURN_IF_ERROR(find_owned_rows(workspace, Side::kBackup));
    RETURN_IF_ERROR(find_owned_rows(workspace, Side::kLive));
    ASSIGN_OR_RETURN(const uint64_t kept, keep_emptied_references(workspace));
    // The backup's rows that were completed lie elsewhere now.
    if (kept > 0) RETURN_IF_ERROR(find_owned_rows(workspace, Side::kBackup));
    ASSIGN_OR_RETURN(auto changes, find_changes(workspace));
    uint64_t owned = 0;
    uint64_t removed = 0;
    for (const auto& [table, change] : changes) {
      owned += change.owned;
      removed += change.remove;
    }
    if (owned == 0 && (removed > 0 || !request.one_of_several)) {
      return Error(Code::kNotFound,
                   "the backup has no row of `{}`: all {} that `{}` has now would be deleted", request.id,
                   removed, request.id)
          .hint("see for whom the backup was made: summit-dr info");
    }
    RETURN_IF_ERROR(check_conflicts(workspace, changes));
    return changes;
  }

  MergeReport report(const std::map<size_t, Changes>& changes, std::vector<SequenceMove> moves) const {
    MergeReport report;
    for (const auto& [table, change] : changes) {
      if (change.owned == 0 && !change.any() && change.differing + change.lacking == 0) continue;
      report.tables.push_back({workspace.target.name(table), change});
    }
    std::sort(report.tables.begin(), report.tables.end(),
              [](const auto& a, const auto& b) { return a.table < b.table; });
    report.sequences = std::move(moves);
    report.notes = staged.notes;
    for (const auto& table : report.tables) {
      if (table.changes.differing > 0) {
        report.notes.push_back(
            fmt::format("{}: {} rows that are not `{}`'s own differ from the backup and stay as "
                        "they are",
                        table.table.display(), table.changes.differing, request.id));
      }
      if (table.changes.lacking > 0) {
        report.notes.push_back(fmt::format(
            "{}: {} rows of the backup that are not `{}`'s own, or not its alone, are missing here "
            "and are not inserted: nothing of it needs them",
            table.table.display(), table.changes.lacking, request.id));
      }
    }
    return report;
  }

  Result<MergeReport> attempt() {
    ASSIGN_OR_RETURN(auto transaction, Transaction::begin(workspace.connection));
    ASSIGN_OR_RETURN(auto locked,
                     workspace.connection.query("SELECT pg_catalog.pg_try_advisory_xact_lock($1::bigint)",
                                                {std::string(kMergeLock)}));
    if (!locked.truth(0, 0)) {
      return Error(Code::kBusy, "another tenant or project is being restored into {} at this moment",
                   request.database)
          .hint("wait for its end, then run the command again");
    }
    ASSIGN_OR_RETURN(const auto changes, find());
    ASSIGN_OR_RETURN(auto moves, find_moves(workspace, staged.sequences));
    auto result = report(changes, moves);
    ASSIGN_OR_RETURN(const auto others, fingerprint_others(workspace, changes),
                     "while reading rows of others");
    RETURN_IF_ERROR(write_changes(workspace, changes, result.notes));
    RETURN_IF_ERROR(prove(workspace, changes, others));
    for (const auto& [table, fingerprint] : others) result.others_proven += fingerprint.rows;
    RETURN_IF_ERROR(move_sequences(workspace, moves));
    RETURN_IF_ERROR(transaction.commit());
    // What comes after the commit can be told, and no longer fail.
    auto views = refresh_views(workspace, changes);
    if (!views.ok()) {
      result.notes.push_back("materialized views were not refreshed: " + views.error().message());
    } else {
      result.notes.insert(result.notes.end(), views->begin(), views->end());
    }
    return result;
  }
};

RowMerge::RowMerge(std::unique_ptr<State> state) : state_(std::move(state)) {}
RowMerge::RowMerge(RowMerge&&) noexcept = default;
RowMerge& RowMerge::operator=(RowMerge&&) noexcept = default;
RowMerge::~RowMerge() = default;

Result<RowMerge> RowMerge::open(const config::PostgresEndpoint& endpoint, const MergeRequest& request,
                                const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto connection,
                   Connection::open(endpoint, request.database, {.cancellation = cancellation}));
  ASSIGN_OR_RETURN(const auto standby, connection.scalar("SELECT pg_catalog.pg_is_in_recovery()"));
  if (standby == "t") {
    return Error(Code::kUnsupported, "{} is a standby, which cannot be written to", connection.where())
        .hint("point the environment at the primary");
  }
  // A policy that hid rows would make the owner's rows look lost.
  RETURN_IF_ERROR(connection.execute(
      fmt::format("SET row_security = off; SET lock_timeout = {}", request.lock_timeout.count())));
  // Since version 14. The session waits while a safety backup is made.
  if (connection.server_version() >= 140000)
    RETURN_IF_ERROR(connection.execute("SET idle_session_timeout = 0"));
  ASSIGN_OR_RETURN(auto target, read_target(connection, request.rules));
  if (!request.one_of_several && !target.rules.missing.empty()) return target.rules.missing.begin()->second;
  Ownership ownership(target.rules);
  RETURN_IF_ERROR(ownership.bind(connection, target, request.id));
  auto state = std::make_unique<State>(
      State{{std::move(connection), std::move(target), std::move(ownership), {}}, request, {}});
  return RowMerge(std::move(state));
}

Result<void> RowMerge::stage(const ArchiveSource& source, Phase* phase) {
  ASSIGN_OR_RETURN(state_->staged, stage_archive(source, state_->workspace, phase),
                   "while reading the backup into temporary tables of {}", state_->request.database);
  return {};
}

Result<MergeReport> RowMerge::preview() {
  ASSIGN_OR_RETURN(const auto transaction, Transaction::begin(state_->workspace.connection));
  ASSIGN_OR_RETURN(const auto changes, state_->find());
  ASSIGN_OR_RETURN(auto moves, find_moves(state_->workspace, state_->staged.sequences));
  return state_->report(changes, std::move(moves));
}

Result<MergeReport> RowMerge::apply() {
  constexpr int kAttempts = 4;
  for (int attempt = 1;; ++attempt) {
    auto report = state_->attempt();
    if (report.ok()) return report;
    if (attempt == kAttempts || !is_worth_another_attempt(report.error()))
      return in_the_way(std::move(report).error());
  }
}

}  // namespace summit::postgres::merge
