// Batches that meet the locks of others, against a real server.
#include "stores/neo4j/batch_sender.h"

#include <gmock/gmock.h>

#include <set>

#include "core/task_group.h"
#include "core/wait.h"
#include "tests/stores/neo4j/helper/server_test.h"

namespace summit::neo4j {
namespace {

using testing::HasSubstr;

constexpr std::string_view kCreate = "UNWIND $rows AS row CREATE (n:Entity {key: row}) RETURN row, id(n)";

class BatchSending : public ServerTest {
 protected:
  void SetUp() override {
    bolt_.emplace(must(BoltConnection::open(server_.endpoint())));
    must(bolt_->run("CREATE CONSTRAINT key FOR (n:Entity) REQUIRE n.key IS UNIQUE"));
  }
  int64_t number(std::string_view cypher) { return bolt_->scalar(cypher).value_or(Value{}).integer_or(-1); }

  static Batch batch(int64_t first, int64_t count) {
    Batch made{std::string(kCreate), {}, static_cast<size_t>(count)};
    bolt::Writer writer(made.rows);
    for (int64_t key = first; key < first + count; ++key) writer.integer(key);
    return made;
  }
  // Until statements of the sender were seen in two transactions: the first has given up by then.
  Result<void> wait_for_a_second_attempt() {
    std::set<std::string> seen;
    const auto twice = [&]() -> Result<bool> {
      ASSIGN_OR_RETURN(const auto rows, bolt_->run("SHOW TRANSACTIONS YIELD transactionId, currentQuery "
                                                   "WHERE currentQuery STARTS WITH 'UNWIND $rows' "
                                                   "RETURN transactionId"));
      for (const auto& row : rows) seen.emplace(row[0].text());
      return seen.size() > 1;
    };
    return wait_until(twice, "a second attempt", std::chrono::seconds(60), std::chrono::milliseconds(10), {});
  }

  std::optional<BoltConnection> bolt_;
};

TEST_F(BatchSending, ABatchThatMeetsALockIsSentAgainAndItsRowsCountOnce) {
  auto other = BoltConnection::open(server_.endpoint()).value();
  ASSERT_TRUE(other.begin().ok());
  ASSERT_TRUE(other.run("CREATE (:Entity {key: 950})").ok());
  TaskGroup group;
  group.spawn([&]() -> Result<void> {
    RETURN_IF_ERROR(wait_for_a_second_attempt());
    return other.rollback();
  });

  std::vector<int64_t> keys;
  const auto take = [&](bolt::Cursor row) -> Result<void> {
    uint32_t columns = 0;
    int64_t key = 0;
    if (!row.list(columns) || !row.integer(key)) return row.error("key");
    keys.push_back(key);
    return {};
  };
  auto sender = BatchSender::open(server_.endpoint(), 1, {}).value();
  // The second waits behind the first, which fails before it.
  auto sent = sender.send(batch(0, 1000), take);
  if (sent.ok()) sent = sender.send(batch(1000, 1000), take);
  if (sent.ok()) sent = sender.drain(take);
  const auto released = group.join();
  ASSERT_TRUE(sent.ok()) << sent.error().to_string();
  ASSERT_TRUE(released.ok()) << released.error().to_string();
  ASSERT_EQ(keys.size(), 2000u);
  for (int64_t i = 0; i < 2000; ++i) EXPECT_EQ(keys[static_cast<size_t>(i)], i);
  EXPECT_EQ(number("MATCH (n:Entity) RETURN count(n)"), 2000);
}

TEST_F(BatchSending, WhatWillNotPassIsNotTriedAgain) {
  ASSERT_TRUE(bolt_->run("CREATE (:Entity {key: 3})").ok());
  auto sender = BatchSender::open(server_.endpoint(), 2, {}).value();
  size_t rows = 0;
  const auto count = [&](bolt::Cursor) -> Result<void> {
    ++rows;
    return {};
  };
  auto sent = sender.send(batch(0, 10), count);
  if (sent.ok()) sent = sender.drain(count);
  ASSERT_FALSE(sent.ok());
  EXPECT_THAT(sent.error().message(), HasSubstr("ConstraintValidationFailed"));
  EXPECT_EQ(rows, 0u) << "rows of a batch that was rolled back";
  EXPECT_EQ(number("MATCH (n:Entity) RETURN count(n)"), 1);
}

}  // namespace
}  // namespace summit::neo4j
