// A real Neo4j server with data whose relations can be checked, and a writer that never breaks them.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "core/cancellation.h"
#include "core/task_group.h"
#include "tests/stores/neo4j/helper/server_test.h"

namespace summit::neo4j {

// A server of its own, for a case that needs settings.
std::unique_ptr<platform::Neo4jServer> start_server(std::map<std::string, std::string> settings);

// 200 accounts of 1000 each, orders of exactly three items, range, text, point, full-text and lookup indexes,
// and a uniqueness constraint.
void fill_with_accounts(BoltConnection& bolt);

// One node of every property type that Neo4j has, with lists of each, awkward names and texts, and
// relationships that carry them.
void fill_with_every_type(BoltConnection& bolt);

// Moves money and creates and deletes orders until it ends, all the time but not as fast as the server can:
// others have to run beside it. Each change is one transaction that keeps the invariants.
class AccountWriter {
 public:
  explicit AccountWriter(const config::Neo4jEndpoint& endpoint, int threads = 2);
  ~AccountWriter();
  void stop();
  uint64_t transactions() const { return transactions_; }
  // Until it has written for a while from now on, however busy the machine is.
  void await_more() const;

 private:
  Cancellation cancellation_;
  std::atomic<uint64_t> transactions_{0};
  TaskGroup group_;
  bool stopped_ = false;
};

// The sum of all balances is constant, each order has three items, no item is without its order, and every
// index is online.
void expect_invariants(BoltConnection& bolt);

}  // namespace summit::neo4j
