// Keeping everybody but the restore out of a store that is masked where it stands, and remembering how it
// was.
//
// PostgreSQL and Neo4j are masked aside and need no doors. Redis is filled where it is: before it is emptied
// every user loses all rights, and the restore goes on as a user of its own, whose password nobody knows. How
// the rights were is durable before, so that after kill -9 the next masked restore opens the store, or
// `mask unlock`.
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

// A user of the server with all rights for as long as this lives.
class RedisPass {
 public:
  // Made as `endpoint` says who we are: that user needs ACL only.
  static Result<RedisPass> make(const config::RedisEndpoint& endpoint, const Cancellation& cancellation);
  RedisPass(RedisPass&&) noexcept = default;
  RedisPass& operator=(RedisPass&&) noexcept = delete;
  ~RedisPass();

  const config::RedisEndpoint& endpoint() const { return *endpoint_; }
  // Whether `endpoint` is already one.
  static bool is_one(const config::RedisEndpoint& endpoint);

 private:
  explicit RedisPass(config::RedisEndpoint endpoint)
      : endpoint_(std::make_unique<config::RedisEndpoint>(std::move(endpoint))) {}
  std::unique_ptr<config::RedisEndpoint> endpoint_;
};

// Takes all rights from every user but that of `pass`; gives what unlock() needs. Nothing changes when
// `record` fails. `before`: from TargetDoors::left_closed().
Result<LockedStore> close_redis(const config::RedisEndpoint& pass, const LockedStore* before,
                                const std::function<Result<void>(const LockedStore&)>& record,
                                const Cancellation& cancellation);
// Gives them back.
Result<void> open_redis(const config::RedisEndpoint& pass, const LockedStore& closed);

// For the next restore: lets it into the stores of `unfinished` by changing who we are in `environment`.
Result<std::vector<RedisPass>> enter_closed(config::Environment& environment, const LockRecord& unfinished,
                                            const Cancellation& cancellation);

}  // namespace summit::recovery
