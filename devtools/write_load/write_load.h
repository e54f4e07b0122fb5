// A platform that is being used: one thread a store writes without end, and whatever instant is restored,
// invariants hold.
//
//   money   moves between accounts; the sum never changes
//   orders  come and go; each has exactly three items, in another table (label, key)
//   tick    counts the transactions, with the time of each: shows what a restore kept, and how far stores are
//   apart
//
// A store whose server is away is tried again until it is back: an ordinary restart does not end the load.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "config/endpoint.h"
#include "core/result.h"
#include "core/time.h"

namespace summit::platform {

struct WriteLoadOptions {
  // Only these stores are written to.
  std::optional<config::PostgresEndpoint> postgres{};
  std::optional<config::Neo4jEndpoint> neo4j{};
  std::optional<config::RedisEndpoint> redis{};
  std::chrono::milliseconds pause{5};  // between two transactions of a store
};

struct WriteLoadCounts {
  uint64_t postgres = 0;
  uint64_t neo4j = 0;
  uint64_t redis = 0;
};

class WriteLoad {
 public:
  // Makes accounts where there are none, then returns with the threads running.
  static Result<std::unique_ptr<WriteLoad>> start(const WriteLoadOptions& options);
  ~WriteLoad();  // stops

  // Transactions committed until now. Thread-safe.
  WriteLoadCounts counts() const;

  // Ends all threads after their current transaction. The first error other than a server that was away.
  Result<void> stop();

 private:
  struct State;
  explicit WriteLoad(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

struct LoadTick {
  uint64_t transactions = 0;  // since the accounts were made
  Instant at{};               // of the last one, by the writer's clock
};

// kMismatch with the invariant that does not hold; kNotFound when the load was never there. The tick of the
// last transaction otherwise.
Result<LoadTick> check_invariants(const config::PostgresEndpoint& endpoint);
Result<LoadTick> check_invariants(const config::Neo4jEndpoint& endpoint);
Result<LoadTick> check_invariants(const config::RedisEndpoint& endpoint);

}  // namespace summit::platform
