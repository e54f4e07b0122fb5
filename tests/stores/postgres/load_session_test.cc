#include "stores/postgres/load_session.h"

#include "tests/stores/postgres/helper/test_database.h"

namespace summit::postgres {
namespace {

struct LoadSession : PostgresTest {
  void SetUp() override {
    PostgresTest::SetUp();
    create_database("summit");
  }
  std::string deadlock_timeout(const config::PostgresEndpoint& endpoint) {
    auto connection = expect_ok(open_load_session(endpoint, "summit", {}, false, {}));
    return expect_ok(connection.scalar("SHOW deadlock_timeout"));
  }
};

TEST_F(LoadSession, DoesNotWaitASecondForAutovacuumWhereTheRoleMaySayThat) {
  EXPECT_EQ(deadlock_timeout(endpoint()), "20ms");
  run("postgres", "CREATE ROLE plain LOGIN PASSWORD 'plain'");
  auto plain = endpoint();
  plain.user = "plain";
  plain.password = Secret("plain");
  EXPECT_EQ(deadlock_timeout(plain), "1s");
  run("postgres", "GRANT SET ON PARAMETER deadlock_timeout TO plain");
  EXPECT_EQ(deadlock_timeout(plain), "20ms");
  run("postgres", "REVOKE SET ON PARAMETER deadlock_timeout FROM plain; DROP ROLE plain");
}

}  // namespace
}  // namespace summit::postgres
