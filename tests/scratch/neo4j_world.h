// A real Neo4j server with data whose relations can be checked, and a writer that never breaks them.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>

#include "core/cancellation.h"
#include "core/task_group.h"
#include "devtools/platform/neo4j_server.h"
#include "stores/neo4j/http_api.h"

namespace summit::neo4j {

// Ends the test with the error's text when a Result is none.
template <typename T>
T must(Result<T> result) {
  if (!result.ok()) {
    ADD_FAILURE() << result.error().to_string();
    throw std::runtime_error(result.error().to_string());
  }
  return std::move(result).value();
}
inline void must(Result<void> result) {
  if (result.ok()) return;
  ADD_FAILURE() << result.error().to_string();
  throw std::runtime_error(result.error().to_string());
}

std::unique_ptr<platform::Neo4jServer> start_server(std::map<std::string, std::string> settings = {});

// 200 accounts of 1000 each, orders of exactly three items, range, text, point, full-text and lookup indexes,
// and a uniqueness constraint.
void fill_with_accounts(HttpApi& api);

// One node of every property type that Neo4j has, with lists of each, awkward names and texts, and
// relationships that carry them.
void fill_with_every_type(HttpApi& api);

// Moves money and creates and deletes orders until it ends. Each change is one transaction that keeps the
// invariants.
class AccountWriter {
 public:
  explicit AccountWriter(const config::Neo4jEndpoint& endpoint, int threads = 2);
  ~AccountWriter();
  void stop();
  uint64_t transactions() const { return transactions_; }

 private:
  Cancellation cancellation_;
  std::atomic<uint64_t> transactions_{0};
  TaskGroup group_;
  bool stopped_ = false;
};

// The sum of all balances is constant, each order has three items, no item is without its order, and every
// index is online.
void expect_invariants(HttpApi& api);

}  // namespace summit::neo4j
