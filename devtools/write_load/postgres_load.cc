#include "devtools/platform/postgres_client.h"
#include "devtools/write_load/store_load.h"
#include "devtools/write_load/write_load.h"

namespace summit::platform {

namespace {

const std::string kSchema = R"(
CREATE SCHEMA write_load;
CREATE TABLE write_load.accounts (id bigint PRIMARY KEY, balance bigint NOT NULL);
CREATE TABLE write_load.orders (id bigint PRIMARY KEY, made_at timestamptz NOT NULL);
CREATE TABLE write_load.items (order_id bigint NOT NULL REFERENCES write_load.orders ON DELETE CASCADE, position int, PRIMARY KEY (order_id, position));
CREATE TABLE write_load.tick (transactions bigint NOT NULL, at bigint NOT NULL);
INSERT INTO write_load.tick VALUES (0, 0);
INSERT INTO write_load.accounts SELECT n, )";

class PostgresLoad final : public StoreLoad {
 public:
  explicit PostgresLoad(PostgresClient client) : client_(std::move(client)) {}

  Result<void> prepare() override {
    ASSIGN_OR_RETURN(const Rows found,
                     client_.execute("SELECT 1 WHERE to_regclass('write_load.tick') IS NOT NULL"));
    if (!found.empty()) return {};
    RETURN_IF_ERROR(client_.execute(
        fmt::format("{}{} FROM generate_series(0, {}) n", kSchema, kStartBalance, kAccounts - 1)));
    return {};
  }

  Result<void> transact(const Transfer& transfer) override {
    // One string of several statements is one transaction. All values are numbers of ours.
    RETURN_IF_ERROR(client_.execute(fmt::format(
        "UPDATE write_load.tick SET transactions = transactions + 1, at = {3};"
        "UPDATE write_load.accounts SET balance = balance - {2} WHERE id = {0};"
        "UPDATE write_load.accounts SET balance = balance + {2} WHERE id = {1};"
        "INSERT INTO write_load.orders SELECT transactions, to_timestamp(at / 1e6) FROM write_load.tick;"
        "INSERT INTO write_load.items SELECT transactions, n FROM write_load.tick, generate_series(1, {4}) n;"
        "DELETE FROM write_load.orders WHERE id <= (SELECT transactions - {5} FROM write_load.tick)",
        transfer.from, transfer.to, transfer.amount, transfer.at, kItemsPerOrder, kOrders)));
    return {};
  }

 private:
  PostgresClient client_;
};

}  // namespace

Result<std::unique_ptr<StoreLoad>> connect_load(const config::PostgresEndpoint& endpoint) {
  ASSIGN_OR_RETURN(PostgresClient client, PostgresClient::connect(endpoint));
  return std::unique_ptr<StoreLoad>(std::make_unique<PostgresLoad>(std::move(client)));
}

Result<LoadTick> check_invariants(const config::PostgresEndpoint& endpoint) {
  ASSIGN_OR_RETURN(PostgresClient client, PostgresClient::connect(endpoint));
  ASSIGN_OR_RETURN(const Rows found,
                   client.execute("SELECT 1 WHERE to_regclass('write_load.tick') IS NOT NULL"));
  if (found.empty()) return Error(Code::kNotFound, "postgresql has no accounts of the write load");
  ASSIGN_OR_RETURN(
      const Rows rows,
      client.execute(fmt::format(
          "SELECT (SELECT count(*) FROM write_load.accounts), (SELECT sum(balance) FROM write_load.accounts),"
          " (SELECT count(*) FROM write_load.orders o WHERE (SELECT count(*) FROM write_load.items i WHERE "
          "i.order_id = o.id) <> {}),"
          " (SELECT count(*) FROM write_load.items i WHERE NOT EXISTS (SELECT FROM write_load.orders o WHERE "
          "o.id = i.order_id)),"
          " transactions, at FROM write_load.tick",
          kItemsPerOrder)));
  if (rows.size() != 1) return Error(Code::kMismatch, "postgresql has {} ticks", rows.size());
  const auto number = [&](size_t column) {
    return static_cast<int64_t>(std::stoll(rows[0][column].value_or("0")));
  };
  RETURN_IF_ERROR(check_totals("postgresql", number(0), number(1), number(2), number(3)));
  return LoadTick{static_cast<uint64_t>(number(4)), Instant(std::chrono::microseconds(number(5)))};
}

}  // namespace summit::platform
