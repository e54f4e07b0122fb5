// Keeping everybody out of a target in which a private value was found, and letting them in again.
//
//   PostgreSQL  takes its name with ALLOW_CONNECTIONS false (stores/postgres/restore.h): nobody connects,
//               superusers neither
//   Redis       every user loses all keys, channels and commands but AUTH, HELLO and PING; who opens it again
//               is in target_doors.h. It is in the server's ACL file, when it has one; else it lasts until
//               the server starts anew
//   Neo4j       stopped, as the endpoint says how (Community has no other way)
//   files       nothing of them came: what was there is unchanged, and there is nothing to unlock
//
// What is locked is written to a file that unlock() reads, so that it can be undone by another process.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/environment.h"
#include "core/cancellation.h"
#include "core/files.h"
#include "core/result.h"
#include "core/secret.h"
#include "core/time.h"

namespace summit::recovery {

// The kind of a store that holds what it held before the restore. Not in a record.
inline constexpr std::string_view kNothingCame = "unchanged";

struct LockedStore {
  std::string kind;                            // "postgresql", "neo4j", "redis"; kNothingCame
  std::string endpoint;                        // its name in the environment
  std::vector<std::string> databases{};        // PostgreSQL
  std::map<std::string, std::string> users{};  // Redis: their rights before, as ACL LIST words them
  std::string keeper{};                        // Redis: who keeps ACL; empty: nobody, and `key` opens it
  Secret key{};                                // Redis: the password of the user of RedisPass
  std::string caveat{};                        // what could undo the lock, for people; not in a record

  bool is(std::string_view of_kind, std::string_view at) const { return kind == of_kind && endpoint == at; }
  friend bool operator==(const LockedStore& a, const LockedStore& b) {
    return a.kind == b.kind && a.endpoint == b.endpoint && a.databases == b.databases && a.users == b.users &&
           a.keeper == b.keeper && a.key.reveal() == b.key.reveal();
  }
};

// kUnsupported with a hint when no way to stop the server is known.
Result<LockedStore> lock_neo4j(const config::Neo4jEndpoint& endpoint, const Cancellation& cancellation);

// Why an environment is closed.
struct LockRecord {
  std::string environment;
  std::string restore;  // "restore-20261121T031048Z"
  std::string reason;
  bool unfinished = false;  // closed by a masked restore that has not ended: the next one goes on
  Instant since{};
  std::vector<LockedStore> stores;

  // In the place of what it said of the same store.
  void add(LockedStore store);

  friend bool operator==(const LockRecord&, const LockRecord&) = default;
};

// Below the base of the backups: `.locks/<environment>.json`, which only this user reads. Durable when they
// return.
Result<void> write_lock(const fs::path& base, const LockRecord& record);
// Nothing when the environment is not locked.
Result<std::optional<LockRecord>> read_lock(const fs::path& base, const std::string& environment);

Result<void> remove_lock(const fs::path& base, const std::string& environment);

// Lets people in again and removes the record. Stores that are open already are no error; what fails stays in
// the record.
Result<void> unlock(const fs::path& base, const LockRecord& record, const config::Environment& environment,
                    const Cancellation& cancellation);

}  // namespace summit::recovery
