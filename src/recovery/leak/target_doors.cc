#include "recovery/leak/target_doors.h"

#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <span>

#include "core/bytes.h"
#include "recovery/leak/redis_rights.h"
#include "stores/redis/connection.h"

namespace summit::recovery {
namespace {

constexpr size_t kPasswordBytes = 32;

}  // namespace

TargetDoors::TargetDoors(fs::path base, LockRecord record, const std::optional<LockRecord>& unfinished)
    : base_(std::move(base)), record_(std::move(record)) {
  record_.unfinished = true;
  if (unfinished) record_.stores = unfinished->stores;
}

const LockedStore* TargetDoors::left_closed(const std::string& kind, const std::string& endpoint) const {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(record_.stores.begin(), record_.stores.end(),
                                  [&](const LockedStore& store) { return store.is(kind, endpoint); });
  return found == record_.stores.end() ? nullptr : &*found;
}

Result<void> TargetDoors::record(const LockedStore& store) {
  const std::lock_guard lock(mutex_);
  record_.add(store);
  return write();
}

Result<void> TargetDoors::opened(const LockedStore& store) {
  const std::lock_guard lock(mutex_);
  std::erase_if(record_.stores,
                [&](const LockedStore& other) { return other.is(store.kind, store.endpoint); });
  return record_.stores.empty() ? remove_lock(base_, record_.environment) : write();
}

Result<void> TargetDoors::write() const { return write_lock(base_, record_); }

Result<RedisPass> RedisPass::make(const config::RedisEndpoint& endpoint, const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto connection, redis::Connection::open(endpoint, {}, cancellation));
  std::array<unsigned char, kPasswordBytes> random{};
  if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1)
    return Error(Code::kFailed, "the system has no random numbers");
  config::RedisEndpoint ours = endpoint;
  ours.user = kRestoringUser;
  ours.password = Secret(to_hex(std::as_bytes(std::span(random))));
  const std::string password = ">" + ours.password.reveal();
  RETURN_IF_ERROR(
      connection.call({"ACL", "SETUSER", kRestoringUser, "reset", "on", password, "~*", "&*", "+@all"}),
      "while making a user for the restore");
  return RedisPass(std::move(ours));
}

bool RedisPass::is_one(const config::RedisEndpoint& endpoint) { return endpoint.user == kRestoringUser; }

RedisPass::~RedisPass() {
  if (!endpoint_) return;
  // Should it fail, the next one takes its place; nobody knows the password.
  auto connection = redis::Connection::open(*endpoint_);
  if (!connection.ok()) return;
  [[maybe_unused]] auto gone = connection->call({"ACL", "DELUSER", kRestoringUser});
}

Result<LockedStore> close_redis(const config::RedisEndpoint& pass, const LockedStore* before,
                                const std::function<Result<void>(const LockedStore&)>& record,
                                const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto connection, redis::Connection::open(pass, {}, cancellation));
  LockedStore closed{.kind = "redis", .endpoint = pass.name};
  ASSIGN_OR_RETURN(closed.users, read_rights(connection));
  closed.users.erase(kRestoringUser);
  if (before != nullptr) {
    for (auto& [user, rights] : closed.users) {
      const auto earlier = before->users.find(user);
      if (earlier != before->users.end()) rights = earlier->second;
    }
  }
  RETURN_IF_ERROR(record(closed));
  for (const auto& [user, rights] : closed.users) RETURN_IF_ERROR(take_rights(connection, user));
  return closed;
}

Result<void> open_redis(const config::RedisEndpoint& pass, const LockedStore& closed) {
  ASSIGN_OR_RETURN(auto connection, redis::Connection::open(pass));
  for (const auto& [user, rights] : closed.users) RETURN_IF_ERROR(give_rights(connection, user, rights));
  return {};
}

Result<std::vector<RedisPass>> enter_closed(config::Environment& environment, const LockRecord& unfinished,
                                            const Cancellation& cancellation) {
  std::vector<RedisPass> passes;
  for (auto& endpoint : environment.redis) {
    const bool closed =
        std::any_of(unfinished.stores.begin(), unfinished.stores.end(),
                    [&](const LockedStore& store) { return store.is("redis", endpoint.name); });
    if (!closed) continue;
    ASSIGN_OR_RETURN(auto pass, RedisPass::make(endpoint, cancellation), "while entering {}", endpoint.name);
    endpoint = pass.endpoint();
    passes.push_back(std::move(pass));
  }
  return passes;
}

}  // namespace summit::recovery
