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
// Nobody has it: to see whether users may be removed.
constexpr const char* kNoUser = "summit-dr-nobody";

// Redis signs in as `default` who names nobody.
std::string user_of(const config::RedisEndpoint& endpoint) {
  return endpoint.user.empty() ? "default" : endpoint.user;
}

using Rights = std::map<std::string, std::string>;

// The earlier ones, where they are known.
std::string rights_before(const Rights& earlier, const std::string& user, const std::string& rights) {
  const auto known = earlier.find(user);
  return known == earlier.end() ? rights : known->second;
}

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

RedisPass::RedisPass(config::RedisEndpoint origin, Secret password, std::string keeper)
    : origin_(std::move(origin)),
      endpoint_(std::make_unique<config::RedisEndpoint>(origin_)),
      keeper_(std::move(keeper)) {
  endpoint_->user = kRestoringUser;
  endpoint_->password = std::move(password);
}

Result<RedisPass> RedisPass::make(const config::RedisEndpoint& endpoint, const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto connection, redis::Connection::open(endpoint, {}, cancellation));
  const auto present = user_of(endpoint);
  ASSIGN_OR_RETURN(const bool open_to_all, is_passwordless(connection, present));
  std::array<unsigned char, kPasswordBytes> random{};
  if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1)
    return Error(Code::kFailed, "the system has no random numbers");
  RedisPass pass(endpoint, Secret(to_hex(std::as_bytes(std::span(random)))),
                 open_to_all ? std::string() : present);
  const std::string password = ">" + pass.endpoint().password.reveal();
  RETURN_IF_ERROR(
      connection.call({"ACL", "SETUSER", kRestoringUser, "reset", "on", password, "~*", "&*", "+@all"}),
      "while making a user for the restore");
  return pass;
}

bool RedisPass::is_one(const config::RedisEndpoint& endpoint) { return endpoint.user == kRestoringUser; }

RedisPass::~RedisPass() {
  if (!endpoint_ || (keeper_.empty() && needed_ && needed_())) return;
  // By the one who may run ACL without it, since nobody saves the rights once he is gone. Should it fail, the
  // next pass takes its place; nobody knows the password.
  auto connection = redis::Connection::open(origin_);
  if (!connection.ok()) return;
  [[maybe_unused]] const auto gone = connection->call({"ACL", "DELUSER", kRestoringUser});
  [[maybe_unused]] const auto saved = save_rights(*connection);
}

Result<void> check_closable(const config::RedisEndpoint& endpoint, const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto connection, redis::Connection::open(endpoint, {}, cancellation));
  // No such rule, so nothing is set; who may not set rights is told that instead.
  ASSIGN_OR_RETURN(const auto set, connection.ask({"ACL", "SETUSER", kRestoringUser, "no-such-rule"}));
  ASSIGN_OR_RETURN(const auto list, connection.ask({"ACL", "LIST"}));
  ASSIGN_OR_RETURN(const auto gone, connection.ask({"ACL", "DELUSER", kNoUser}));
  for (const auto* reply : {&set, &list, &gone}) {
    if (!reply->is_error() || reply->text.find("no-such-rule") != std::string::npos) continue;
    return Error(Code::kRefused,
                 "redis {} cannot be closed while it is masked, and others would see it before it is "
                 "searched: {}",
                 endpoint.name, redis::error_of(reply->text, "cannot take rights from users").message())
        .hint(fmt::format(
            "let its user `{}` run ACL (`+acl`; Redis 6 or later), or leave it out with --datastores",
            user_of(endpoint)));
  }
  return {};
}

Result<LockedStore> close_redis(const config::RedisEndpoint& pass, const std::string& keeper,
                                const LockedStore* before,
                                const std::function<Result<void>(const LockedStore&)>& record,
                                const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto connection, redis::Connection::open(pass, {}, cancellation));
  LockedStore closed{.kind = "redis", .endpoint = pass.name};
  // `before` may be what record() replaces.
  const Rights earlier = before != nullptr ? before->users : Rights();
  closed.keeper = before != nullptr ? before->keeper : keeper;
  if (!closed.keeper.empty()) {
    // Since then his password may have gone, and everybody would be him.
    ASSIGN_OR_RETURN(const bool open_to_all, is_passwordless(connection, closed.keeper));
    if (open_to_all) closed.keeper.clear();
  }
  if (closed.keeper.empty()) closed.key = pass.password;
  // Until the end of the first round somebody else may make users, and give back what was taken.
  for (int round = 0; round < 2; ++round) {
    ASSIGN_OR_RETURN(const auto present, read_rights(connection));
    const size_t known = closed.users.size();
    for (const auto& [user, rights] : present)
      if (user != kRestoringUser) closed.users.try_emplace(user, rights_before(earlier, user, rights));
    if (round == 0 || closed.users.size() > known) RETURN_IF_ERROR(record(closed));
    for (const auto& [user, rights] : closed.users)
      RETURN_IF_ERROR(
          take_rights(connection, user, user == closed.keeper ? Remains::kAcl : Remains::kNothing));
  }
  ASSIGN_OR_RETURN(const bool saved, save_rights(connection));
  if (!saved)
    closed.caveat =
        "its server has no ACL file, so a new start lifts the lock: stop it, and keep it stopped until it is "
        "restored again";
  return closed;
}

Result<void> open_redis(const config::RedisEndpoint& pass, const LockedStore& closed) {
  ASSIGN_OR_RETURN(auto connection, redis::Connection::open(pass));
  ASSIGN_OR_RETURN(const auto present, read_rights(connection));
  for (const auto& [user, rights] : closed.users)
    if (present.contains(user)) RETURN_IF_ERROR(give_rights(connection, user, rights));
  ASSIGN_OR_RETURN([[maybe_unused]] const bool saved, save_rights(connection));
  return {};
}

Result<std::vector<std::string>> strangers_in(const config::RedisEndpoint& pass, const LockedStore& closed) {
  ASSIGN_OR_RETURN(auto connection, redis::Connection::open(pass));
  ASSIGN_OR_RETURN(const auto present, read_rights(connection));
  std::vector<std::string> strangers;
  for (const auto& [user, rights] : present)
    if (user != kRestoringUser && !closed.users.contains(user)) strangers.push_back(user);
  return strangers;
}

Result<RedisPass> enter_redis(const config::RedisEndpoint& endpoint, const LockedStore& closed,
                              const Cancellation& cancellation) {
  if (!closed.key.empty()) {
    RedisPass recorded(endpoint, closed.key, closed.keeper);
    const auto entered = redis::Connection::open(recorded.endpoint(), {}, cancellation);
    if (entered.ok()) return recorded;
    // It is not for us to remove what we could not even try.
    recorded.stay_while([] { return true; });
    // A server without an ACL file forgot this user when it started anew, and that it was closed.
    if (entered.error().code() != Code::kDenied) return entered.error();
  }
  return RedisPass::make(endpoint, cancellation);
}

Result<std::vector<RedisPass>> enter_closed(const fs::path& base, config::Environment& environment,
                                            const LockRecord& unfinished, const Cancellation& cancellation) {
  std::vector<RedisPass> passes;
  for (auto& endpoint : environment.redis) {
    const auto closed = std::ranges::find_if(
        unfinished.stores, [&](const LockedStore& store) { return store.is("redis", endpoint.name); });
    if (closed == unfinished.stores.end()) continue;
    ASSIGN_OR_RETURN(auto pass, enter_redis(endpoint, *closed, cancellation), "while entering {}",
                     endpoint.name);
    pass.stay_while([base, name = environment.name, redis = endpoint.name] {
      const auto record = read_lock(base, name);
      // What cannot be read may still need it.
      if (!record.ok()) return true;
      return *record && std::ranges::any_of((*record)->stores, [&](const LockedStore& store) {
        return store.is("redis", redis);
      });
    });
    endpoint = pass.endpoint();
    passes.push_back(std::move(pass));
  }
  return passes;
}

}  // namespace summit::recovery
