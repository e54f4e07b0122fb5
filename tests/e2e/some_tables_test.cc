// A restore of some tables, and the way back from it.
#include <gmock/gmock.h>

#include "devtools/platform/postgres_client.h"
#include "tests/e2e/world.h"

namespace summit::e2e {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class SomeTables : public testing::Test {
 protected:
  void execute(const std::string& sql) {
    auto client = platform::PostgresClient::connect(endpoint_);
    ASSERT_TRUE(client.ok()) << client.error().to_string();
    const auto done = client->execute(sql);
    ASSERT_TRUE(done.ok()) << done.error().to_string();
  }
  std::string ask(const std::string& sql) {
    auto client = platform::PostgresClient::connect(endpoint_);
    return client.ok() ? client->value(sql).value() : client.error().to_string();
  }
  Ran run(std::vector<std::string> words) {
    words.insert(words.begin(), "--backup-base=" + base_.string());
    return world_.run(words);
  }

  World& world_ = World::shared();
  config::PostgresEndpoint endpoint_ = world_.platform().postgres().endpoint();
  fs::path base_ = world_.new_base(testing::UnitTest::GetInstance()->current_test_info()->name());
};

TEST_F(SomeTables, ARollbackLeavesWhatOthersWroteSince) {
  execute(
      "CREATE SCHEMA shop; CREATE TABLE shop.prices AS SELECT 1 AS price; CREATE TABLE shop.gone AS SELECT 1 "
      "AS id; CREATE TABLE shop.sold AS SELECT 1 AS id");
  const auto backup = run({"backup", "--set=full", "--datastores=postgres"});
  ASSERT_EQ(backup.exit_code, 0) << backup;
  execute("UPDATE shop.prices SET price = 2; DROP TABLE shop.gone");

  const auto restored = run({"restore", "latest", "--env=dev", "--only=shop.prices,shop.gone"});
  ASSERT_EQ(restored.exit_code, 0) << restored;
  EXPECT_EQ(ask("SELECT price FROM shop.prices"), "1");
  execute("INSERT INTO shop.sold VALUES (2)");

  const auto refused = run({"rollback", "latest", "--skip-failed-definitions"});
  EXPECT_EQ(refused.exit_code, 1) << refused;
  EXPECT_THAT(refused.err, HasSubstr("with all their definitions or not at all"));

  const auto plan = run({"rollback", "latest", "--dry-run"});
  EXPECT_THAT(plan.out, AllOf(HasSubstr("emptied and filled again, in one transaction: shop.prices"),
                              HasSubstr("shop.gone was created by the restore, and stays")))
      << plan;
  const auto back = run({"rollback", "latest"});
  EXPECT_EQ(back.exit_code, 0) << back;
  EXPECT_EQ(ask("SELECT price FROM shop.prices"), "2");
  EXPECT_EQ(ask("SELECT count(*) FROM shop.sold"), "2") << "written after the restore";

  execute("DROP TABLE shop.gone");
  const auto id = "--backup-id=" + world_.ids(base_).front();
  ASSERT_EQ(run({"restore", id, "--env=dev", "--only=shop.gone"}).exit_code, 0);
  const auto nothing = run({"rollback", "latest"});
  EXPECT_EQ(nothing.exit_code, 1) << nothing;
  EXPECT_THAT(nothing.err, HasSubstr("replaced nothing that could be put back: it created shop.gone"));
  execute("DROP SCHEMA shop CASCADE");
}

TEST_F(SomeTables, ADefinitionThatFailsIsLeftOutWhenAskedForAndTheRestoreEndsAsPartial) {
  execute(
      "CREATE SCHEMA shop; CREATE FUNCTION shop.here(n integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql "
      "AS "
      "$$ BEGIN IF pg_catalog.current_database() LIKE '%restoring%' THEN RAISE EXCEPTION 'not here'; END IF; "
      "RETURN n; END $$; CREATE TABLE shop.prices AS SELECT 1 AS price; CREATE INDEX picky ON shop.prices "
      "(shop.here(price))");
  const auto backup = run({"backup", "--set=full", "--datastores=postgres"});
  ASSERT_EQ(backup.exit_code, 0) << backup;
  execute("UPDATE shop.prices SET price = 2");
  const auto refused = run({"restore", "latest", "--env=dev"});
  EXPECT_EQ(refused.exit_code, 1) << refused;
  EXPECT_EQ(ask("SELECT price FROM shop.prices"), "2");

  const auto id = "--backup-id=" + world_.ids(base_).front();
  const auto partial = run({"restore", id, "--env=dev", "--skip-failed-definitions"});
  EXPECT_EQ(partial.exit_code, 3) << partial;
  EXPECT_THAT(partial.out, HasSubstr("INDEX shop.picky was left out"));
  EXPECT_EQ(ask("SELECT price FROM shop.prices"), "1");
  execute("DROP SCHEMA shop CASCADE");
}

}  // namespace
}  // namespace summit::e2e
