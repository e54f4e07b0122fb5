#include <nlohmann/json.hpp>

#include "devtools/platform/cypher_client.h"
#include "devtools/write_load/store_load.h"
#include "devtools/write_load/write_load.h"

namespace summit::platform {

namespace {

using Json = nlohmann::json;

class Neo4jLoad final : public StoreLoad {
 public:
  explicit Neo4jLoad(const config::Neo4jEndpoint& endpoint) : client_(endpoint) {}

  Result<void> prepare() override {
    RETURN_IF_ERROR(client_.run(
        "CREATE CONSTRAINT load_account_id IF NOT EXISTS FOR (n:LoadAccount) REQUIRE n.id IS UNIQUE",
        Json::object()));
    RETURN_IF_ERROR(
        client_.run("CREATE INDEX load_order_id IF NOT EXISTS FOR (n:LoadOrder) ON (n.id)", Json::object()));
    RETURN_IF_ERROR(client_.run(
        "MERGE (t:LoadTick) ON CREATE SET t.transactions = 0, t.at = 0 "
        "WITH t UNWIND range(0, $last) AS n MERGE (a:LoadAccount {id: n}) ON CREATE SET a.balance = $balance",
        {{"last", kAccounts - 1}, {"balance", kStartBalance}}));
    return {};
  }

  Result<void> transact(const Transfer& transfer) override {
    RETURN_IF_ERROR(
        client_.run("MATCH (t:LoadTick), (a:LoadAccount {id: $from}), (b:LoadAccount {id: $to}) "
                    "SET t.transactions = t.transactions + 1, t.at = $at, a.balance = a.balance - $amount, "
                    "b.balance = b.balance + $amount "
                    "CREATE (o:LoadOrder {id: t.transactions}) "
                    "FOREACH (n IN range(1, $items) | CREATE (o)-[:HAS_ITEM]->(:LoadItem {position: n})) "
                    "WITH t OPTIONAL MATCH (old:LoadOrder {id: t.transactions - $orders}) OPTIONAL MATCH "
                    "(old)-[:HAS_ITEM]->(i) DETACH DELETE i, old",
                    {{"from", transfer.from},
                     {"to", transfer.to},
                     {"amount", transfer.amount},
                     {"at", transfer.at},
                     {"items", kItemsPerOrder},
                     {"orders", kOrders}}));
    return {};
  }

 private:
  CypherClient client_;
};

// A query sees what is committed while it runs. Every transaction writes the tick, and so does this one (what
// is not there): nobody changes anything before it ends.
Result<LoadTick> check(CypherClient& client) {
  ASSIGN_OR_RETURN(const Json rows, client.run(R"(
      OPTIONAL MATCH (t:LoadTick) REMOVE t.balance
      WITH t
      CALL { MATCH (a:LoadAccount) RETURN count(a) AS accounts, sum(a.balance) AS total }
      CALL { MATCH (o:LoadOrder) WHERE COUNT { (o)-[:HAS_ITEM]->(:LoadItem) } <> $items RETURN count(o) AS wrong }
      CALL { MATCH (i:LoadItem) WHERE NOT EXISTS { (i)<-[:HAS_ITEM]-(:LoadOrder) } RETURN count(i) AS stray }
      RETURN accounts, total, wrong, stray, coalesce(t.transactions, 0), coalesce(t.at, 0))",
                                               {{"items", kItemsPerOrder}}));
  const auto& row = rows.at(0);
  RETURN_IF_ERROR(check_totals("neo4j", row.at(0), row.at(1), row.at(2), row.at(3)));
  return LoadTick{row.at(4).get<uint64_t>(), Instant(std::chrono::microseconds(row.at(5).get<int64_t>()))};
}

}  // namespace

Result<std::unique_ptr<StoreLoad>> connect_load(const config::Neo4jEndpoint& endpoint) {
  return std::unique_ptr<StoreLoad>(std::make_unique<Neo4jLoad>(endpoint));
}

Result<LoadTick> check_invariants(const config::Neo4jEndpoint& endpoint) {
  CypherClient client(endpoint);
  try {
    return check(client);
  } catch (const nlohmann::json::exception& exception) {
    return Error(Code::kFailed, "neo4j gave an unexpected answer: {}", exception.what());
  }
}

}  // namespace summit::platform
