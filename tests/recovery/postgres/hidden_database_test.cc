// What others see of a masked restore before it is certified, and of one that fails.
#include <fmt/format.h>

#include "tests/masking/make_rules.h"
#include "tests/recovery/postgres/components.h"

namespace summit::recovery {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kRules =
    "key: {env: K}\nrules:\n  postgresql:\n    - {table: people, set: {email: {hash: 16}}}\n";
constexpr const char* kPeople =
    "CREATE TABLE public.people (id int, email text UNIQUE); INSERT INTO public.people VALUES (1, "
    "'needle1'); ";

class HiddenDatabase : public PostgresComponents {
 protected:
  void SetUp() override {
    PostgresComponents::SetUp();
    session_.rules = expect_ok(masking::read_rules(kRules));
    session_.key = masking::test_key();
    session_.reduction_percent = 100;
    masking_ = &session_;
  }

  masking::Session session_;
};

TEST_F(HiddenDatabase, NobodyConnectsBeforeWhatWasRestoredIsCertified) {
  run("summit",
      std::string(kPeople) +
          "CREATE ROLE summit_owner; CREATE ROLE summit_reader LOGIN PASSWORD 'reader'; GRANT SELECT "
          "ON public.people TO summit_reader; ALTER DATABASE summit OWNER TO summit_owner");
  const auto id = expect_ok(back_up(target_));
  auto reader = target_;
  reader.user = "summit_reader";
  reader.password = Secret("reader");
  with_restore(id, target_, [&](auto& component, auto& context) {
    expect_ok(component.restore(context, {}));
    const auto hidden =
        ask("postgres", "SELECT datname FROM pg_database WHERE datname LIKE 'summit_restoring_%'");
    for (const char* role : {"summit_reader", "summit_owner"})
      EXPECT_EQ(
          ask("postgres", fmt::format("SELECT has_database_privilege('{}', '{}', 'CONNECT')", role, hidden)),
          "f")
          << role;
    EXPECT_EQ(postgres::Connection::open(reader, hidden).error().code(), Code::kDenied);
    TargetDoors doors(base(), {.environment = "test", .restore = {}, .reason = {}, .stores = {}}, {});
    expect_ok(component.reveal(context, doors));
    EXPECT_THAT(expect_ok(component.compare(context)), IsEmpty());
    return 0;
  });
  EXPECT_TRUE(postgres::Connection::open(reader, "summit").ok());
  for (const char* right : {"CREATE", "CONNECT", "TEMPORARY"})
    EXPECT_EQ(
        ask("postgres", fmt::format("SELECT has_database_privilege('summit_owner', 'summit', '{}')", right)),
        "t")
        << right;
}

TEST_F(HiddenDatabase, GrantsOfTheDatabaseComeWithItsName) {
  run("summit",
      "CREATE ROLE summit_guest; REVOKE CONNECT ON DATABASE summit FROM PUBLIC; GRANT CONNECT ON "
      "DATABASE summit TO summit_guest; CREATE TABLE public.plain AS SELECT 1 AS n");
  const auto id = expect_ok(back_up(target_));
  const std::string grants =
      "SELECT string_agg(acl::text, ' ' ORDER BY acl::text) FROM pg_database, unnest(datacl) "
      "AS acl WHERE datname = 'summit'";
  const auto before = ask("postgres", grants);
  expect_ok(restore_to(id, target_));
  EXPECT_THAT(compare_with(id, target_), IsEmpty());
  EXPECT_EQ(ask("postgres", grants), before);
}

TEST_F(HiddenDatabase, AnErrorOfTheServerQuotesNoRow) {
  run("summit",
      "CREATE TABLE public.people (id int, email text UNIQUE, nick text UNIQUE, CHECK (email LIKE "
      "'needle%')); INSERT INTO public.people VALUES (1, 'needle1', 'needle2')");
  const auto id = expect_ok(back_up(target_));
  const auto failed = restore_to(id, target_);
  ASSERT_FALSE(failed.ok());
  EXPECT_THAT(failed.error().to_string(),
              AllOf(HasSubstr("violates check constraint"), Not(HasSubstr("needle"))));
}

}  // namespace
}  // namespace summit::recovery
