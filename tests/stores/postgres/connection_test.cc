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

TEST_F(ConnectionTest, TheirEndIsWaitedForAsLongAsIsSaid) {
  using std::chrono::milliseconds;
  auto connection = connect("summit");
  expect_ok(connection.send("SELECT pg_catalog.pg_sleep(0.3)"));
  EXPECT_FALSE(expect_ok(connection.finished()));
  const Stopwatch watch;
  EXPECT_FALSE(expect_ok(connection.finished(milliseconds(50))));
  EXPECT_GE(watch.elapsed().count(), 0.05);
  EXPECT_TRUE(expect_ok(connection.finished(milliseconds(60'000))));
  EXPECT_LT(watch.elapsed().count(), 30);
  expect_ok(connection.finish());
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

TEST_F(ConnectionTest, WhereValuesAreHiddenNoMessageHoldsOne) {
  auto connection = expect_ok(Connection::open(endpoint(), "summit", {.hide_values = true}));
  for (const char* sql :
       {"SELECT '77010001'::smallint", "SELECT to_date('a77', 'YYYY')", "SELECT '77x1'::integer",
        "SELECT '77-77-0001'::date", "SELECT convert_from('\\x770001ff', 'UTF8')",
        "DO $$ BEGIN RAISE EXCEPTION 'row 7701'; END $$",
        "DO $$ BEGIN RAISE EXCEPTION 'row 7701' USING ERRCODE = '23505'; END $$",
        "DO $$ BEGIN ASSERT false, 'row 7701'; END $$"}) {
    const auto failed = connection.execute(sql);
    ASSERT_FALSE(failed.ok()) << sql;
    const auto text = failed.error().to_string();
    const auto message = text.substr(text.find("/summit: "));
    EXPECT_THAT(message,
                testing::AllOf(HasSubstr("SQLSTATE "), testing::Not(testing::ContainsRegex("77|ff"))));
  }
  const auto failed = connection.execute("SELECT '77010001'::smallint");
  EXPECT_THAT(failed.error().message(), HasSubstr("/summit: value (SQLSTATE 22003)"));
}

}  // namespace
}  // namespace summit::postgres
