#include <map>
#include <vector>

#include "devtools/platform/redis_client.h"
#include "devtools/write_load/store_load.h"
#include "devtools/write_load/write_load.h"

namespace summit::platform {

namespace {

std::string account_key(int64_t id) { return fmt::format("load:account:{}", id); }
std::string item_key(int64_t order, int64_t position) {
  return fmt::format("load:item:{}:{}", order, position);
}

int64_t number_in(const RedisReply& reply) { return reply.text ? std::stoll(*reply.text) : reply.integer; }

class RedisLoad final : public StoreLoad {
 public:
  explicit RedisLoad(RedisClient client) : client_(std::move(client)) {}

  Result<void> prepare() override {
    ASSIGN_OR_RETURN(const RedisReply found, client_.command({"EXISTS", "load:tick"}));
    if (found.integer != 0) return {};
    RETURN_IF_ERROR(client_.send({"MULTI"}));
    for (int64_t id = 0; id < kAccounts; ++id)
      RETURN_IF_ERROR(client_.send({"SET", account_key(id), std::to_string(kStartBalance)}));
    RETURN_IF_ERROR(client_.send({"HSET", "load:tick", "transactions", "0", "at", "0"}));
    return committed();
  }

  Result<void> transact(const Transfer& transfer) override {
    ASSIGN_OR_RETURN(const RedisReply last, client_.command({"HGET", "load:tick", "transactions"}));
    const int64_t order = number_in(last) + 1;
    RETURN_IF_ERROR(client_.send({"MULTI"}));
    RETURN_IF_ERROR(client_.send(
        {"HSET", "load:tick", "transactions", std::to_string(order), "at", std::to_string(transfer.at)}));
    RETURN_IF_ERROR(client_.send({"DECRBY", account_key(transfer.from), std::to_string(transfer.amount)}));
    RETURN_IF_ERROR(client_.send({"INCRBY", account_key(transfer.to), std::to_string(transfer.amount)}));
    RETURN_IF_ERROR(client_.send({"SADD", "load:orders", std::to_string(order)}));
    const int64_t oldest = order - static_cast<int64_t>(kOrders);
    RETURN_IF_ERROR(client_.send({"SREM", "load:orders", std::to_string(oldest)}));
    for (int64_t position = 1; position <= kItemsPerOrder; ++position) {
      RETURN_IF_ERROR(client_.send({"SET", item_key(order, position), "1"}));
      RETURN_IF_ERROR(client_.send({"DEL", item_key(oldest, position)}));
    }
    return committed();
  }

 private:
  Result<void> committed() {
    RETURN_IF_ERROR(client_.command({"EXEC"}));
    return {};
  }

  RedisClient client_;
};

// Read in one transaction, so that a load that still runs does not disturb.
Result<std::vector<RedisReply>> read_together(RedisClient& client,
                                              const std::vector<std::vector<std::string>>& commands) {
  RETURN_IF_ERROR(client.send({"MULTI"}));
  for (const auto& words : commands) RETURN_IF_ERROR(client.send(words));
  ASSIGN_OR_RETURN(RedisReply reply, client.command({"EXEC"}));
  if (reply.elements.size() != commands.size())
    return Error(Code::kFailed, "redis gave {} answers to {} commands", reply.elements.size(),
                 commands.size());
  return std::move(reply.elements);
}

}  // namespace

Result<std::unique_ptr<StoreLoad>> connect_load(const config::RedisEndpoint& endpoint) {
  ASSIGN_OR_RETURN(RedisClient client, RedisClient::connect(endpoint));
  return std::unique_ptr<StoreLoad>(std::make_unique<RedisLoad>(std::move(client)));
}

Result<LoadTick> check_invariants(const config::RedisEndpoint& endpoint) {
  ASSIGN_OR_RETURN(RedisClient client, RedisClient::connect(endpoint));
  ASSIGN_OR_RETURN(const auto replies, read_together(client, {{"KEYS", "load:account:*"},
                                                              {"SMEMBERS", "load:orders"},
                                                              {"KEYS", "load:item:*"},
                                                              {"HMGET", "load:tick", "transactions", "at"}}));
  int64_t sum = 0;
  // Balances change while we read them one by one, unless they too are read together.
  std::vector<std::string> words{"MGET"};
  for (int64_t id = 0; id < kAccounts; ++id) words.push_back(account_key(id));
  ASSIGN_OR_RETURN(const RedisReply balances, client.command(words));
  for (const RedisReply& balance : balances.elements) sum += number_in(balance);

  std::map<std::string, int64_t> items;
  for (const RedisReply& key : replies[2].elements) {
    const std::string name = key.text.value_or("").substr(std::string_view("load:item:").size());
    ++items[name.substr(0, name.find(':'))];
  }
  int64_t wrong = 0;
  for (const RedisReply& order : replies[1].elements) {
    const auto found = items.find(order.text.value_or(""));
    if (found == items.end() || found->second != kItemsPerOrder) ++wrong;
    if (found != items.end()) items.erase(found);
  }
  int64_t stray = 0;
  for (const auto& [order, count] : items) stray += count;
  RETURN_IF_ERROR(check_totals("redis", static_cast<int64_t>(replies[0].elements.size()), sum, wrong, stray));
  const auto& tick = replies[3].elements;
  return LoadTick{static_cast<uint64_t>(number_in(tick[0])),
                  Instant(std::chrono::microseconds(number_in(tick[1])))};
}

}  // namespace summit::platform
