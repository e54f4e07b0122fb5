// The load on one store. Internal to the write load.
#pragma once

#include <cstdint>
#include <memory>

#include "config/endpoint.h"
#include "core/result.h"
#include "core/time.h"

namespace summit::platform {

inline constexpr int64_t kAccounts = 50;
inline constexpr int64_t kStartBalance = 1000;
inline constexpr int64_t kItemsPerOrder = 3;
// The oldest order goes when there are more.
inline constexpr uint64_t kOrders = 200;

struct Transfer {
  int64_t from = 0;
  int64_t to = 0;
  int64_t amount = 0;
  int64_t at = 0;  // microseconds since 1970
};

// A connection that does transactions. An error is kUnreachable when the server is away.
class StoreLoad {
 public:
  virtual ~StoreLoad() = default;
  // Makes the accounts when there are none.
  virtual Result<void> prepare() = 0;
  // Moves the money, adds an order with its items, drops the oldest order, counts the tick: all or nothing.
  virtual Result<void> transact(const Transfer& transfer) = 0;
};

Result<std::unique_ptr<StoreLoad>> connect_load(const config::PostgresEndpoint& endpoint);
Result<std::unique_ptr<StoreLoad>> connect_load(const config::Neo4jEndpoint& endpoint);
Result<std::unique_ptr<StoreLoad>> connect_load(const config::RedisEndpoint& endpoint);

// What all stores must show; `sum` is that of all balances.
Result<void> check_totals(std::string_view store, int64_t accounts, int64_t sum, int64_t wrong_orders,
                          int64_t stray_items);

}  // namespace summit::platform
