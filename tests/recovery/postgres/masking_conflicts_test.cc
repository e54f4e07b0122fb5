// Rules whose result no database would take.
#include "recovery/masking_conflicts.h"

#include "tests/recovery/postgres/masked_restore.h"

namespace summit::recovery {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class MaskingConflicts : public MaskedRestore {};

TEST_F(MaskingConflicts, WhatNoDatabaseWouldTakeOnceItIsMaskedStopsIt) {
  use(R"(key: {env: K}
rules:
  postgresql:
    - {table: users, set: {email: {pseudonym: email}, code: {hash: 32}, nick: remove, phone: {template: "n{id}"}}}
    - {table: orders, set: {user_code: {hash: 16}}}
    - {table: calls, set: {phone: {template: "n{id}"}}}
    - {table: visits, set: {country: {hash: 32}}}
)");
  const auto words = refusal(R"(
    CREATE TABLE public.users (id bigint PRIMARY KEY, email text UNIQUE, code text UNIQUE, nick text NOT NULL,
                               phone text UNIQUE);
    CREATE TABLE public.orders (id bigint PRIMARY KEY, user_email text REFERENCES public.users (email),
                                user_code text REFERENCES public.users (code));
    CREATE TABLE public.calls (id bigint PRIMARY KEY, phone text REFERENCES public.users (phone));
    CREATE TABLE public.visits (id bigint, country text, place text) PARTITION BY LIST (lower(country));
    CREATE TABLE public.visits_no PARTITION OF public.visits FOR VALUES IN ('no');
    CREATE TABLE public.visits_se PARTITION OF public.visits FOR VALUES IN ('se');
  )");
  for (const char* conflict :
       {"makes of 5 columns",
        "public.orders.user_email has no rule and refers to public.users.email, which is masked by line 4",
        "public.orders.user_code is masked by line 5 and refers to public.users.code",
        "public.calls.phone is masked by line 6 and refers to public.users.phone",
        "public.visits.country is masked by line 7, and decides which partition",
        "public.users.nick is removed by line 4, and is NOT NULL"})
    EXPECT_THAT(words, HasSubstr(conflict));
}

TEST_F(MaskingConflicts, AColumnThatChunksAreMadeByMustStay) {
  use("key: {env: K}\nrules:\n  postgresql:\n    - {table: seen, set: {at: {shift_days: {by: who, most: "
      "9}}, zone: {hash: 16}}}\n");
  const auto words = refusal(R"(
    CREATE EXTENSION timescaledb SCHEMA public;
    CREATE TABLE public.seen (at timestamptz NOT NULL, who integer, zone text);
    SELECT public.create_hypertable('public.seen', 'at');
    INSERT INTO public.seen VALUES ('2026-01-01', 1, 'north');
  )");
  EXPECT_THAT(words, HasSubstr("one column"));
  EXPECT_THAT(words, HasSubstr("public.seen.at is masked by line 4, and decides which partition"));
}

TEST_F(MaskingConflicts, ReferencesThatHoldAreTaken) {
  run("summit", R"(
    CREATE TABLE public.users (id bigint PRIMARY KEY, email text NOT NULL UNIQUE, mail text NOT NULL UNIQUE);
    CREATE TABLE public.orders (id bigint, user_email text REFERENCES public.users (email),
                                user_mail text REFERENCES public.users (mail),
                                other text REFERENCES public.users (email),
                                at_times text REFERENCES public.users (email),
                                given text REFERENCES public.users (email)) PARTITION BY RANGE (id);
    CREATE TABLE public.orders_all PARTITION OF public.orders DEFAULT;
    CREATE TABLE public.hints (email text);
    INSERT INTO public.users SELECT i, 'ada' || i || '@x.org', 'ada' || i || '@y.org' FROM generate_series(1, 9) i;
    INSERT INTO public.orders SELECT id, email, mail, email, email, email FROM public.users;
    INSERT INTO public.hints VALUES ('nobody@x.org');
    ALTER TABLE public.hints ADD FOREIGN KEY (email) REFERENCES public.users (email) NOT VALID;
  )");
  const auto id = expect_ok(back_up(target_));
  use(R"(key: {env: K}
rules:
  postgresql:
    - {table: users, set: {email: {pseudonym: email}}}
    - {table: orders, set: {user_email: {pseudonym: email}, other: remove}}
    - {table: orders, where: id = '3', set: {at_times: remove}, otherwise: {at_times: {pseudonym: email}}}
    - {table: orders, where: given IS NOT NULL, set: {given: {pseudonym: email}}, otherwise: {given: keep}}
    - {table: hints, set: {email: {hash: 32}}}
    - {table: users, where: mail LIKE '%@y.org', set: {mail: {hash: 32}}, otherwise: {mail: {hash: 24}}}
    - {table: orders, where: user_mail LIKE '%@y.org', set: {user_mail: {hash: 32}}, otherwise: {user_mail: {hash: 24}}}
)");
  EXPECT_THAT(restored(id), IsEmpty());
  EXPECT_EQ(ask("summit",
                "SELECT count(*) FROM public.orders o JOIN public.users u ON o.user_email = u.email AND "
                "o.user_mail = u.mail AND o.other IS NULL AND u.email NOT LIKE 'ada%'"),
            "9");
}

}  // namespace
}  // namespace summit::recovery
