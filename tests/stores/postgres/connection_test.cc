#include "stores/postgres/connection.h"

#include "core/time.h"
#include "core/wait.h"
#include "tests/stores/postgres/helper/test_database.h"

namespace summit::postgres {
namespace {

using testing::HasSubstr;

class ConnectionTest : public PostgresTest {
 protected:
  // The server sends what it has at once when it warns: the first results arrive long before the last.
  static constexpr const char* kPause =
      "DO $$ BEGIN RAISE WARNING 'so far'; PERFORM pg_catalog.pg_sleep(0.5); END $$";

  void SetUp() override {
    PostgresTest::SetUp();
    create_database("summit");
  }
  static void wait_for_end(Connection& connection) {
    expect_ok(wait_until([&] { return connection.finished(); }, "the statements to end",
                         std::chrono::seconds(30), std::chrono::milliseconds(5), {}));
  }
};

TEST_F(ConnectionTest, SeveralStatementsAreFinishedWhenTheLastOneIs) {
  auto connection = connect("summit");
  const Stopwatch watch;
  expect_ok(connection.send(fmt::format("SELECT 1; {}; SELECT 2", kPause)));
  wait_for_end(connection);
  EXPECT_GE(watch.elapsed().count(), 0.5);
  EXPECT_EQ(expect_ok(connection.finish()).string(0, 0), "2");
  EXPECT_EQ(expect_ok(connection.scalar("SELECT 3")), "3");
}

TEST_F(ConnectionTest, AFailureAmongThemIsGivenAtTheEnd) {
  auto connection = connect("summit");
  expect_ok(connection.send(fmt::format("SELECT 1; {}; SELECT 1 / 0; SELECT 2", kPause)));
  wait_for_end(connection);
  const auto finished = connection.finish();
  ASSERT_FALSE(finished.ok());
  EXPECT_THAT(finished.error().message(), HasSubstr("division by zero"));
  EXPECT_EQ(expect_ok(connection.scalar("SELECT 3")), "3");
}

}  // namespace
}  // namespace summit::postgres
