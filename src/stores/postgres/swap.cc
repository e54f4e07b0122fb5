#include "stores/postgres/swap.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <random>

#include "core/digest.h"
#include "stores/postgres/rights.h"
#include "stores/postgres/sql.h"

namespace summit::postgres {

namespace {

constexpr std::string_view kRestoring = "_restoring_";
constexpr std::string_view kReplaced = "_replaced_";

std::string random_suffix() {
  std::random_device device;
  return fmt::format("{:08x}", static_cast<uint32_t>(device()));
}

// `database` with a mark, shortened between characters when both together are too long.
std::string marked_name(const std::string& database, std::string_view mark, const std::string& suffix) {
  size_t kept = std::min(database.size(), kLongestName - mark.size() - suffix.size());
  while (kept > 0 && kept < database.size() && (static_cast<unsigned char>(database[kept]) & 0xC0) == 0x80)
    --kept;
  return fmt::format("{}{}{}", database.substr(0, kept), mark, suffix);
}

std::string comment_of(const std::string& database) {
  return fmt::format("summit-dr: part of a restore of {}; the next restore removes it", database);
}

constexpr std::string_view kKeptComment = "summit-dr: what a restore replaced; drop it when nobody needs it";

// The lock's key: one number a database name, so that two restores of it exclude each other.
int64_t lock_key(const std::string& database) {
  const Sha256Digest digest = sha256(as_bytes("summit-dr restore of " + database));
  int64_t key = 0;
  std::memcpy(&key, digest.data(), sizeof key);
  return key;
}

Result<std::string> first_column(Connection& connection, const std::string& sql,
                                 const Parameters& parameters) {
  ASSIGN_OR_RETURN(auto rows, connection.query(sql, parameters));
  std::string names;
  for (size_t i = 0; i < rows.size(); ++i) names += (i ? ", " : "") + rows.string(i, 0);
  return names;
}

}  // namespace

std::string maintenance_database(const std::string& database) {
  return database == "postgres" ? "template1" : "postgres";
}

DatabaseSwap::DatabaseSwap(config::PostgresEndpoint endpoint, std::string database, Connection maintenance,
                           Connection helper)
    : endpoint_(std::move(endpoint)),
      database_(std::move(database)),
      maintenance_(std::move(maintenance)),
      helper_(std::move(helper)) {
  const std::string suffix = random_suffix();
  restoring_ = marked_name(database_, kRestoring, suffix);
  replaced_ = marked_name(database_, kReplaced, suffix);
}

Result<DatabaseSwap> DatabaseSwap::begin(const config::PostgresEndpoint& endpoint,
                                         const std::string& database, const Cancellation& cancellation) {
  RETURN_IF_ERROR(cancellation.check());
  // Neither connection heeds a request to stop: each statement is short, and a swap is finished or rolled
  // back.
  const Connection::Options options;
  ASSIGN_OR_RETURN(auto maintenance, Connection::open(endpoint, maintenance_database(database), options));
  ASSIGN_OR_RETURN(auto locked, maintenance.query("SELECT pg_catalog.pg_try_advisory_lock($1::bigint)",
                                                  {fmt::format("{}", lock_key(database))}));
  if (!locked.truth(0, 0)) {
    return Error(Code::kBusy, "another restore of database {} is running at {}", database,
                 address_of(endpoint))
        .hint("wait for its end, then run the command again");
  }
  ASSIGN_OR_RETURN(auto helper, Connection::open(endpoint, maintenance_database(database), options));
  return DatabaseSwap(endpoint, database, std::move(maintenance), std::move(helper));
}

Result<bool> DatabaseSwap::target_exists() {
  ASSIGN_OR_RETURN(auto rows,
                   maintenance_.query("SELECT FROM pg_catalog.pg_database WHERE datname = $1", {database_}));
  return !rows.empty();
}

Result<std::vector<Leftover>> DatabaseSwap::leftovers() {
  ASSIGN_OR_RETURN(auto rows, maintenance_.query(R"sql(
      SELECT datname, coalesce(pg_catalog.shobj_description(oid, 'pg_database'), '')
      FROM pg_catalog.pg_database WHERE datname ~ '_(restoring|replaced)_[0-9a-f]{8}$' ORDER BY 1)sql",
                                                 {}));
  std::vector<Leftover> found;
  for (size_t i = 0; i < rows.size(); ++i) {
    const std::string name = rows.string(i, 0);
    const std::string suffix = name.substr(name.size() - 8);
    const bool of_this = name == marked_name(database_, kRestoring, suffix) ||
                         name == marked_name(database_, kReplaced, suffix);
    if (!of_this) continue;
    using Kind = Leftover::Kind;
    const auto comment = rows.text(i, 1);
    found.push_back({name, comment == comment_of(database_) ? Kind::kCrashed
                           : comment == kKeptComment        ? Kind::kKept
                                                            : Kind::kUnknown});
  }
  return found;
}

Result<std::vector<std::string>> DatabaseSwap::remove_leftovers() {
  ASSIGN_OR_RETURN(auto found, leftovers());
  std::vector<std::string> removed;
  for (const auto& leftover : found) {
    if (leftover.kind != Leftover::Kind::kCrashed) continue;
    RETURN_IF_ERROR(maintenance_.execute(fmt::format("DROP DATABASE IF EXISTS {} WITH (FORCE)",
                                                     quote_identifier(leftover.name))),
                    "while removing {}, left by an earlier restore", leftover.name);
    removed.push_back(leftover.name);
  }
  return removed;
}

Result<std::vector<Session>> DatabaseSwap::sessions() { return sessions_in(helper_, database_); }

Result<void> DatabaseSwap::check_replaceable(bool terminate_connections) {
  RETURN_IF_ERROR(check_may_create_databases(helper_));
  RETURN_IF_ERROR(check_owner(helper_, database_));
  ASSIGN_OR_RETURN(auto slots, first_column(helper_,
                                            "SELECT slot_name FROM pg_catalog.pg_replication_slots "
                                            "WHERE slot_type = 'logical' AND database = $1 ORDER BY 1",
                                            {database_}));
  if (!slots.empty()) {
    return Error(Code::kRefused, "database {} has logical replication slots that would be lost: {}",
                 database_, slots)
        .hint(
            "end the replication and run `SELECT pg_drop_replication_slot('…')` for each, then restore "
            "again");
  }
  ASSIGN_OR_RETURN(
      auto subscriptions,
      first_column(helper_,
                   "SELECT subname FROM pg_catalog.pg_subscription s JOIN pg_catalog.pg_database d "
                   "ON d.oid = s.subdbid WHERE d.datname = $1 ORDER BY 1",
                   {database_}));
  if (!subscriptions.empty()) {
    return Error(Code::kRefused, "database {} has subscriptions that would be lost: {}", database_,
                 subscriptions)
        .hint("run `DROP SUBSCRIPTION …` for each in that database, then restore again");
  }
  if (terminate_connections) return {};
  ASSIGN_OR_RETURN(const auto connected, sessions_staying_in(helper_, database_));
  if (!connected.empty()) return busy_error(endpoint_, database_, connected);
  return {};
}

Result<void> DatabaseSwap::create(const std::vector<std::string>& create_statements, const std::string& from,
                                  const std::string& owner) {
  std::vector<std::string> statements;
  for (const auto& statement : create_statements) {
    for (auto& renamed : rename_database_in(statement, from, restoring_))
      statements.push_back(std::move(renamed));
  }
  if (statements.empty()) {
    statements.push_back(
        fmt::format("CREATE DATABASE {} WITH TEMPLATE = template0", quote_identifier(restoring_)));
  }
  for (const auto& statement : statements) {
    RETURN_IF_ERROR(maintenance_.execute(statement), "while creating {}", restoring_);
    created_ = true;
    RETURN_IF_ERROR(maintenance_.execute(fmt::format(
        "COMMENT ON DATABASE {} IS {}", quote_identifier(restoring_), quote_literal(comment_of(database_)))));
  }
  return close(owner);
}

// Nobody has business in a half-restored database, and grants on its tables come with them. The owner has to
// get in only where it is the one that fills.
Result<void> DatabaseSwap::close(const std::string& owner) {
  const auto name = quote_identifier(restoring_);
  RETURN_IF_ERROR(
      maintenance_.execute(fmt::format("REVOKE CONNECT, TEMPORARY ON DATABASE {} FROM PUBLIC", name)),
      "while closing {}", restoring_);
  if (!owner.empty()) {
    RETURN_IF_ERROR(
        maintenance_.execute(fmt::format("ALTER DATABASE {} OWNER TO {}", name, quote_identifier(owner))),
        "while giving {} to its owner", restoring_);
    ASSIGN_OR_RETURN(const auto superuser, maintenance_.scalar("SELECT current_setting('is_superuser')"));
    if (superuser == "on") {
      RETURN_IF_ERROR(maintenance_.execute(
          fmt::format("REVOKE CONNECT ON DATABASE {} FROM {}", name, quote_identifier(owner))));
    }
  }
  // Who came in the moment before.
  ASSIGN_OR_RETURN([[maybe_unused]] auto ended, helper_.query(R"sql(
      SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity
      WHERE datname = $1 AND backend_type = 'client backend' AND usename <> CURRENT_USER
        AND usesysid NOT IN (SELECT oid FROM pg_catalog.pg_roles WHERE rolsuper))sql",
                                                              {restoring_}));
  return {};
}

Result<void> DatabaseSwap::open() {
  const auto name = quote_identifier(restoring_);
  ASSIGN_OR_RETURN(
      const auto owner,
      maintenance_.scalar("SELECT pg_catalog.pg_get_userbyid(datdba) FROM pg_catalog.pg_database "
                          "WHERE datname = $1",
                          {restoring_}));
  RETURN_IF_ERROR(maintenance_.execute(fmt::format(
                      "GRANT CONNECT, TEMPORARY ON DATABASE {} TO PUBLIC; GRANT ALL ON DATABASE {} TO {}",
                      name, name, quote_identifier(owner))),
                  "while opening {}", restoring_);
  return {};
}

Result<void> DatabaseSwap::end_sessions_while_renaming(bool terminate_connections) {
  // ALTER DATABASE … RENAME locks the database against newcomers first and then waits up to 5 s for those
  // inside, so whoever is ended here cannot come back before the name has changed.
  for (;;) {
    ASSIGN_OR_RETURN([[maybe_unused]] auto ended,
                     helper_.query(R"sql(
        SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity
        WHERE pid <> pg_catalog.pg_backend_pid()
          AND (datname = $2 OR (datname = $1 AND ($3 OR backend_type NOT IN ('client backend', 'walsender')))))sql",
                                   {database_, restoring_, terminate_connections ? "t" : "f"}));
    ASSIGN_OR_RETURN(const bool done, maintenance_.finished(std::chrono::milliseconds(50)));
    if (done) return {};
  }
}

Result<void> DatabaseSwap::rename(const std::string& comment, bool terminate_connections,
                                  bool keep_replaced) {
  ASSIGN_OR_RETURN(const bool exists, target_exists());
  std::string swap = "BEGIN; ";
  if (exists) {
    swap += fmt::format("ALTER DATABASE {} RENAME TO {}; COMMENT ON DATABASE {} IS {}; ",
                        quote_identifier(database_), quote_identifier(replaced_), quote_identifier(replaced_),
                        quote_literal(keep_replaced ? std::string(kKeptComment) : comment_of(database_)));
  }
  swap += fmt::format("ALTER DATABASE {} RENAME TO {}; COMMENT ON DATABASE {} IS {}; COMMIT",
                      quote_identifier(restoring_), quote_identifier(database_), quote_identifier(database_),
                      comment.empty() ? "NULL" : quote_literal(comment));
  RETURN_IF_ERROR(maintenance_.send(swap));
  auto ended = end_sessions_while_renaming(terminate_connections);
  auto renamed = maintenance_.finish();
  if (renamed.ok()) return {};
  [[maybe_unused]] auto rolled_back = maintenance_.execute("ROLLBACK");
  RETURN_IF_ERROR(std::move(ended));
  return std::move(renamed).error();
}

Result<std::string> DatabaseSwap::commit(const std::string& comment, bool terminate_connections,
                                         bool keep_replaced) {
  ASSIGN_OR_RETURN(const bool replaces, target_exists());
  // The server gives up after 5 s each time. On a busy machine sessions take longer to end than that.
  const int attempts = terminate_connections ? 12 : 3;
  Result<void> renamed;
  for (int attempt = 0; attempt < attempts; ++attempt) {
    RETURN_IF_ERROR(check_replaceable(terminate_connections));
    renamed = rename(comment, terminate_connections, keep_replaced);
    if (renamed.ok() || renamed.error().code() != Code::kBusy) break;
  }
  if (!renamed.ok() && renamed.error().code() == Code::kBusy) {
    ASSIGN_OR_RETURN(auto connected, sessions());
    if (!connected.empty()) return busy_error(endpoint_, database_, connected);
  }
  RETURN_IF_ERROR(std::move(renamed), "while putting the restored {} in its place", database_);
  created_ = false;
  if (keep_replaced) return replaces ? replaced_ : std::string();
  RETURN_IF_ERROR(maintenance_.execute(
                      fmt::format("DROP DATABASE IF EXISTS {} WITH (FORCE)", quote_identifier(replaced_))),
                  "{} is restored, but the replaced one could not be dropped", database_);
  return std::string();
}

void DatabaseSwap::abandon() {
  if (!std::exchange(created_, false)) return;
  // On a connection of its own, which a request to stop does not reach. Should it fail, the next restore
  // removes it.
  auto connection = Connection::open(endpoint_, maintenance_database(database_));
  if (!connection.ok()) return;
  [[maybe_unused]] auto dropped = connection->execute(
      fmt::format("DROP DATABASE IF EXISTS {} WITH (FORCE)", quote_identifier(restoring_)));
}

}  // namespace summit::postgres
