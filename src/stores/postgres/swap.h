// Putting a restored database in the place of the old one, as one step.
//
// A restore never touches the database that is there. It fills `<database>_restoring_<random>`, and when that
// is complete both names change in one transaction: the old database becomes `<database>_replaced_<random>`
// and is dropped after, or kept when asked to. A crash at any moment leaves the old one whole or the new one
// complete under its name; what else remains is recognised by its name and comment and removed by the next
// restore.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/endpoint.h"
#include "core/cancellation.h"
#include "core/result.h"
#include "stores/postgres/connection.h"
#include "stores/postgres/sessions.h"

namespace summit::postgres {

// A database that an earlier restore left behind.
struct Leftover {
  // A crashed restore's carry our comment. Kept ones were replaced and are somebody's way back; of others
  // only the name looks like it. Neither of the two is ever dropped.
  enum class Kind { kCrashed, kKept, kUnknown };
  std::string name;
  Kind kind = Kind::kUnknown;
};

class DatabaseSwap {
 public:
  // Connects to a database beside `database`, and keeps every other restore of `database` out while it lives
  // (kBusy).
  static Result<DatabaseSwap> begin(const config::PostgresEndpoint& endpoint, const std::string& database,
                                    const Cancellation& cancellation);

  Result<bool> target_exists();
  Result<std::vector<Leftover>> leftovers();
  // Drops those of crashed restores; gives their names.
  Result<std::vector<std::string>> remove_leftovers();

  // Sessions of clients in the database that is to be replaced.
  Result<std::vector<Session>> sessions();
  // kBusy with who is connected, unless sessions may be ended; kRefused when logical replication slots or
  // subscriptions would be lost with the database; kDenied when we may neither create nor rename one.
  Result<void> check_replaceable(bool terminate_connections);

  // Creates the empty database. `create_statements` make it under the name `database`, as the archive gives
  // them; empty: the server's defaults. Only superusers and who fills it may connect, until open().
  Result<void> create(const std::vector<std::string>& create_statements, const std::string& from,
                      const std::string& owner);
  const std::string& restoring() const { return restoring_; }
  // Gives it the grants that every new database has.
  Result<void> open();

  // Both renames in one transaction, with `comment` (empty: none) on the new one; then drops the old one,
  // unless it is to be kept. Gives the name of the one that was kept, empty when there is none. kBusy when
  // sessions are in the way. Background workers are ended, client sessions only when allowed.
  Result<std::string> commit(const std::string& comment, bool terminate_connections, bool keep_replaced);
  // Drops what create() made. For failed restores.
  void abandon();

  // For statements about the new database that run outside of it.
  Connection& maintenance() { return maintenance_; }

 private:
  DatabaseSwap(config::PostgresEndpoint endpoint, std::string database, Connection maintenance,
               Connection helper);
  Result<void> close(const std::string& owner);
  Result<void> rename(const std::string& comment, bool terminate_connections, bool keep_replaced);
  Result<void> end_sessions_while_renaming(bool terminate_connections);

  config::PostgresEndpoint endpoint_;
  std::string database_;
  std::string restoring_;
  std::string replaced_;
  bool created_ = false;
  Connection maintenance_;
  Connection helper_;  // ends sessions while the first one waits in its transaction
};

// The database to connect to for statements about `database`.
std::string maintenance_database(const std::string& database);

}  // namespace summit::postgres
