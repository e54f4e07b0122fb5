// Which rows a masked restore keeps, on real servers.
#include <fmt/format.h>

#include "tests/recovery/postgres/masked_restore.h"

namespace summit::recovery {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kReduction = R"(reduction:
  tables:
    - {table: visits, newest: 30 days, by: at}
  critical: [people]
  others: sample
)";

TEST_F(MaskedRestore, AReductionByAColumnThatIsNotThereStopsItBeforeAnythingIsWritten) {
  run("summit", kPeople);
  run("summit", "CREATE TABLE public.visits (place integer, at timestamptz)");
  const auto id = expect_ok(back_up(target_));
  use(std::string(kRules) + "reduction: {tables: [{table: visits, newest: 30 days, by: seen}]}\n", 10);
  const auto planned = plan(id);
  ASSERT_FALSE(planned.ok());
  EXPECT_THAT(planned.error().to_string(),
              AllOf(HasSubstr("names `seen`, which public.visits does not have"), HasSubstr("after `by:`")));
}

// Which rows are referred to is in no backup then.
TEST_F(MaskedRestore, AReducedTableThatIsReferredToByWhatIsComputedStopsItBeforeAnythingIsWritten) {
  run("summit", kPeople);
  run("summit",
      "CREATE TABLE public.words (word text, small text GENERATED ALWAYS AS (lower(word)) STORED UNIQUE); "
      "CREATE TABLE public.uses (small text REFERENCES public.words (small))");
  const auto id = expect_ok(back_up(target_));
  use(std::string(kRules) + "reduction: {others: sample}\n", 10);
  const auto planned = plan(id);
  ASSERT_FALSE(planned.ok());
  EXPECT_THAT(
      planned.error().to_string(),
      AllOf(HasSubstr("public.words cannot be reduced: public.uses (small) refers to its column small"),
            HasSubstr("add `words` to `reduction: critical:`")));
  use(std::string(kRules) + "reduction: {others: sample, critical: [words]}\n", 10);
  EXPECT_THAT(expect_ok(plan(id)).notes, Contains(HasSubstr("reduced: not every row comes along (10 %")));
}

TEST_F(MaskedRestore, ATableWhoseKeyIsComputedIsReducedByItsRows) {
  run("summit",
      "CREATE TABLE public.words (word text, small text GENERATED ALWAYS AS (lower(word)) STORED PRIMARY "
      "KEY); "
      "INSERT INTO public.words SELECT 'Word' || i FROM generate_series(1, 2000) i");
  const auto id = expect_ok(back_up(target_));
  use("key: {env: K}\nrules: {}\nreduction: {others: sample}\n", 10);
  EXPECT_THAT(restored(id), IsEmpty());
  EXPECT_THAT(std::stoi(ask("summit", "SELECT count(*) FROM public.words")),
              AllOf(testing::Gt(120), testing::Lt(280)));
}

TEST_F(MaskedRestore, LargeTablesThatOneConnectionEachReadsAreMaskedAndReduced) {
  run("summit",
      "CREATE TABLE public.accounts AS SELECT i AS id, 'needle' || i || '@secret.org' AS email, "
      "repeat(md5(i::text), 2) AS note FROM generate_series(1, 60000) i; CREATE TABLE public.visits AS "
      "SELECT "
      "id, 60001 - id AS account, 'needle' || 60001 - id || '@secret.org' AS email, note FROM "
      "public.accounts; "
      "ALTER TABLE public.accounts ADD PRIMARY KEY (id); ALTER TABLE public.visits ADD PRIMARY KEY (id), ADD "
      "FOREIGN KEY (account) REFERENCES public.accounts");
  const auto id = expect_ok(back_up(target_));
  EXPECT_THAT(record_of(id).details.at("extents:summit"), HasSubstr(" ")) << "two tables";
  use(R"(key: {env: K}
rules:
  postgresql:
    - {table: accounts, set: {email: {pseudonym: email}}}
    - {table: visits, set: {email: {pseudonym: email}}}
harmless: {postgresql: [accounts.note, visits.note]}
reduction: {critical: [accounts], others: sample}
)",
      50);
  expect_ok(plan(id));
  EXPECT_THAT(restored(id), IsEmpty());
  EXPECT_EQ(
      ask("summit",
          "SELECT count(*) FROM public.visits v JOIN public.accounts a ON a.id = v.account WHERE a.email "
          "<> v.email OR v.email LIKE '%needle%'"),
      "0");
  EXPECT_EQ(ask("summit", "SELECT count(*) FROM public.accounts"), "60000");
  EXPECT_EQ(ask("summit", "SELECT count(*) BETWEEN 29000 AND 31000 FROM public.visits"), "t");
  EXPECT_TRUE(is_frozen("summit", "visits"));
}

// Visits refer to places, places to regions: both are sampled, and every reference must hold.
TEST_F(MaskedRestore, ReductionKeepsTheSameRowsAndEveryReference) {
  run("summit", R"(
    CREATE TABLE public.regions (id integer PRIMARY KEY, parent integer REFERENCES public.regions);
    CREATE TABLE public.places (id integer PRIMARY KEY, region integer NOT NULL REFERENCES public.regions);
    CREATE TABLE public.visits (place integer NOT NULL REFERENCES public.places, at timestamptz NOT NULL);
    CREATE TABLE public.people (id bigint PRIMARY KEY, email text, phone text, profile jsonb, nicknames text[],
                                born date, home integer REFERENCES public.places);
    INSERT INTO public.regions SELECT i, nullif(i / 2, 0) FROM generate_series(1, 300) i;
    INSERT INTO public.places SELECT i, 1 + i % 300 FROM generate_series(1, 2000) i;
    INSERT INTO public.visits SELECT 1 + i % 40, timestamptz '2026-11-21 00:00:00+00' - i * interval '1 hour'
      FROM generate_series(0, 1999) i;
    INSERT INTO public.people SELECT i, 'p' || i || '@x.org', NULL, NULL, NULL, NULL, i FROM generate_series(1, 100) i;
  )");
  const auto id = expect_ok(back_up(target_));
  use(std::string(kRules) + kReduction, 10);
  EXPECT_THAT(expect_ok(plan(id)).notes,
              AllOf(Each(Not(HasSubstr("of 2000 rows"))), Contains(HasSubstr("reduced: "))))
      << "nobody asked for it";
  count_rows_ = true;
  const auto notes = expect_ok(plan(id)).notes;
  EXPECT_THAT(notes, Contains("public.visits: 721 of 2000 rows"));
  EXPECT_THAT(restored(id), IsEmpty());
  EXPECT_EQ(ask("summit", "SELECT count(*) FROM public.visits"), "721");
  EXPECT_EQ(ask("summit", "SELECT count(*) FROM public.people"), "100");
  const auto places = ask("summit", "SELECT count(*) FROM public.places");
  // 100 homes, 40 of which are visited too; a tenth of the others, give or take.
  EXPECT_THAT(std::stoi(places), AllOf(testing::Gt(100 + 120), testing::Lt(100 + 270)));
  EXPECT_THAT(notes, Contains(AllOf(HasSubstr(fmt::format("public.places: {} of 2000 rows", places)),
                                    HasSubstr("because public.people (home) refers to them"))));
  const auto kept = ask("summit", "SELECT md5(string_agg(id::text, ',' ORDER BY id)) FROM public.places");
  EXPECT_THAT(restored(id), IsEmpty());
  EXPECT_EQ(ask("summit", "SELECT md5(string_agg(id::text, ',' ORDER BY id)) FROM public.places"), kept);
}

}  // namespace
}  // namespace summit::recovery
