// Keeping everybody but the restore out of a store that is masked where it stands, and remembering how it
// was.
//
// PostgreSQL, Neo4j and files are masked aside and need no doors. Redis is filled where it is: before it is
// emptied every user loses all rights and sessions, and the restore goes on as a user of its own, whose
// password nobody knows. How the rights were is durable before, so that after kill -9 the next masked restore
// opens the store, or `mask unlock`.
//
// Whoever may run ACL can give himself all rights. So only one user keeps it: the one that the endpoint is
// configured with, or, since everybody may be that one when it has no password, the restore's own, whose
// password is then recorded beside the rights.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "config/environment.h"
#include "core/cancellation.h"
#include "core/files.h"
#include "core/result.h"
#include "recovery/leak/target_lock.h"

namespace summit::recovery {

// What is closed by one restore, and was by a killed one. Called by several threads.
class TargetDoors {
 public:
  // `unfinished` is what a killed restore left, or nothing.
  TargetDoors(fs::path base, LockRecord record, const std::optional<LockRecord>& unfinished);

  // As it was before a killed restore closed it; null when none did. Valid until record() or open() of it.
  const LockedStore* left_closed(const std::string& kind, const std::string& endpoint) const;
  // Durable when it returns.
  Result<void> record(const LockedStore& store);
  // Everybody is in again: forgets it, and the whole record with the last.
  Result<void> opened(const LockedStore& store);

 private:
  Result<void> write() const;

  fs::path base_;
  mutable std::mutex mutex_;  // guards what follows
  LockRecord record_;
};

// A user of the server with all rights for as long as this lives, and longer where it alone opens the server.
class RedisPass {
 public:
  // Made as `endpoint` says who we are: that user needs ACL only.
  static Result<RedisPass> make(const config::RedisEndpoint& endpoint, const Cancellation& cancellation);
  RedisPass(RedisPass&&) noexcept = default;
  RedisPass& operator=(RedisPass&&) noexcept = delete;
  ~RedisPass();

  const config::RedisEndpoint& endpoint() const { return *endpoint_; }
  // Who else may open a server that this closed; empty: nobody, so the user stays while `needed` says so at
  // the end.
  const std::string& keeper() const { return keeper_; }
  void stay_while(std::function<bool()> needed) { needed_ = std::move(needed); }
  // Whether `endpoint` is already one.
  static bool is_one(const config::RedisEndpoint& endpoint);

 private:
  friend Result<RedisPass> enter_redis(const config::RedisEndpoint&, const LockedStore&, const Cancellation&);
  // Of `origin`, as the environment says who we are.
  RedisPass(config::RedisEndpoint origin, Secret password, std::string keeper);
  config::RedisEndpoint origin_;
  std::unique_ptr<config::RedisEndpoint> endpoint_;  // null when moved from
  std::string keeper_;
  std::function<bool()> needed_;
};

// kRefused, with a hint, when the user of `endpoint` may not do what closing takes. Changes nothing.
Result<void> check_closable(const config::RedisEndpoint& endpoint, const Cancellation& cancellation);

// Takes all rights from every user but that of `pass`; gives what unlock() needs. Nothing changes when
// `record` fails. `keeper`: of the pass. `before`: how it was when it was closed first, or null; its users
// and keeper win.
Result<LockedStore> close_redis(const config::RedisEndpoint& pass, const std::string& keeper,
                                const LockedStore* before,
                                const std::function<Result<void>(const LockedStore&)>& record,
                                const Cancellation& cancellation);
// Gives them back to those users that are still there.
Result<void> open_redis(const config::RedisEndpoint& pass, const LockedStore& closed);
// Users that were made since it was closed.
Result<std::vector<std::string>> strangers_in(const config::RedisEndpoint& pass, const LockedStore& closed);

// Into what is closed, by the recorded key or as the keeper; a server that forgot it at its start is entered,
// too.
Result<RedisPass> enter_redis(const config::RedisEndpoint& endpoint, const LockedStore& closed,
                              const Cancellation& cancellation);

// For the next restore: lets it into the stores of `unfinished`, read from below `base`, by changing who we
// are in `environment`.
Result<std::vector<RedisPass>> enter_closed(const fs::path& base, config::Environment& environment,
                                            const LockRecord& unfinished, const Cancellation& cancellation);

}  // namespace summit::recovery
