// One instant of one database, held open for others to read: an exported snapshot and the locks that keep it
// true.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "core/time.h"
#include "stores/postgres/catalog.h"
#include "stores/postgres/connection.h"

namespace summit::postgres {

// For a table that a schema change keeps locked.
inline constexpr std::chrono::milliseconds kLockPatience{10'000};

// Holds an idle transaction at the server while it lives. One thread at a time.
//
// All tables are locked in ACCESS SHARE mode *before* the snapshot is taken: a TRUNCATE or table rewrite that
// commits between the snapshot and the readers' own locks would give them an empty table without a word. Only
// schema changes wait for these locks; reads and writes go on.
class Snapshot {
 public:
  // Connects, and does nothing else yet.
  static Result<Snapshot> open(const config::PostgresEndpoint& endpoint, const std::string& database,
                               const Cancellation& cancellation = {});

  // Locks and exports. kBusy when a schema change keeps a table locked for that long; kDenied names what may
  // not be read.
  Result<void> take(std::chrono::milliseconds lock_timeout = kLockPatience);
  // Ends the transaction; readers that have imported the snapshot keep it.
  void release();

  // After take().
  const std::string& id() const { return id_; }    // for SET TRANSACTION SNAPSHOT and pg_dump --snapshot
  Instant instant() const { return instant_; }     // the server's clock
  const std::string& lsn() const { return lsn_; }  // "0/1A2B3C4D"

  // The connection of the transaction: queries see the snapshot.
  Connection& connection() { return connection_; }

  // A connection of its own in the same snapshot, for a parallel reader. `binary` as in Connection::Options.
  static Result<Connection> join(const config::PostgresEndpoint& endpoint, const std::string& database,
                                 const std::string& id, const Cancellation& cancellation, bool binary = false,
                                 std::chrono::milliseconds lock_timeout = kLockPatience);

 private:
  explicit Snapshot(Connection connection) : connection_(std::move(connection)) {}
  Result<bool> try_take(std::chrono::milliseconds lock_timeout);

  Connection connection_;
  std::string id_;
  std::string lsn_;
  Instant instant_{};
};

// In ACCESS SHARE mode, all at once, each without its children. kNotFound when one of them is gone, kBusy
// when a schema change keeps one for longer than the session's lock_timeout.
Result<void> lock_tables(Connection& connection, const std::vector<RelationName>& tables);

}  // namespace summit::postgres
