// PostgreSQL archives of a backup, looked through and masked without a target; the stock pg_restore reads
// them.
#include "recovery/masked_store.h"

#include "recovery/masked_archive.h"
#include "recovery/postgres_parts.h"
#include "tests/masking/make_rules.h"
#include "tests/recovery/postgres/masked_restore.h"

namespace summit::recovery {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kRules = R"(key: {env: K}
rules:
  postgresql:
    - table: people
      set: {email: {template: "dev_{id}@example.com"}, phone: {pseudonym: phone}, note: remove}
harmless:
  postgresql: [people.id, visits.*]
reduction:
  tables:
    - {table: visits, newest: 30 days, by: at}
  critical: [people]
)";

constexpr const char* kPeople = R"(
  CREATE TABLE public.people (id bigint PRIMARY KEY, email text UNIQUE, phone text, note text,
                              search text GENERATED ALWAYS AS (upper(email)) STORED);
  INSERT INTO public.people SELECT i, 'needle' || i || '@secret.org', '+47 4000' || i, E'needle\t' || i
    FROM generate_series(1, 20000) i;
  CREATE TABLE public.visits (id bigint PRIMARY KEY, person bigint REFERENCES public.people, at timestamptz);
  INSERT INTO public.visits SELECT i, i, timestamptz '2026-11-20 00:00+00' - i * interval '1 day'
    FROM generate_series(1, 100) i;
  CREATE TABLE public.empty (id int);
  CREATE SEQUENCE public.counter; SELECT setval('public.counter', 42);
  SELECT pg_catalog.lo_from_bytea(4711, 'needle in a large object');
)";

class MaskedPostgresStore : public MaskedComponents {
 protected:
  // Calls `step` with the masked store of the backup.
  template <typename Step>
  auto with_store(const std::string& id, Step step) {
    SilentReporter reporter;
    const auto reader = expect_ok(repository::PlainRepository(base()).open(id));
    RestoreContext context{.configuration = configuration_,
                           .environment = environment_,
                           .backup = *reader,
                           .reporter = reporter,
                           .cancellation = {},
                           .sealing_key = {},
                           .workspace = {},
                           .jobs = 2,
                           .masking = &session_};
    const auto store = make_masked_postgres(context, reader->metadata().components.front());
    return step(*store);
  }

  static Result<void> write_to(MaskedStore& store, const fs::path& path) {
    ASSIGN_OR_RETURN(const auto file, open_for_writing(path));
    return store.write(store.files().front().name,
                       [&](ByteView bytes) { return write_all(file.get(), bytes, path); });
  }

  fs::path masked_archive(const std::string& id) {
    auto archive = directory() / "masked.dump";
    with_store(id, [&](MaskedStore& store) {
      expect_ok(write_to(store, archive));
      return 0;
    });
    return archive;
  }

  // By the stock program, into a new database `copy`.
  void pg_restore(const fs::path& archive) {
    create_database("copy");
    run_tool("pg_restore", "copy", {"--jobs=2", "--exit-on-error", archive.string()});
  }
};

TEST_F(MaskedPostgresStore, StockPgRestoreTakesTheMaskedArchive) {
  run("summit", kPeople);
  const auto id = expect_ok(back_up(target_));
  use(kRules, 10);
  const auto archive = directory() / "masked.dump";
  with_store(id, [&](MaskedStore& store) {
    EXPECT_THAT(expect_ok(store.audit()).findings, IsEmpty());
    expect_ok(write_to(store, archive));
    return 0;
  });
  const auto bytes = expect_ok(read_file(archive, GiB));
  EXPECT_EQ(bytes.find("secret.org"), std::string::npos);

  pg_restore(archive);
  EXPECT_EQ(ask("copy", "SELECT count(*) FROM public.people"), "20000");
  EXPECT_EQ(ask("copy", "SELECT count(*) FROM public.people p WHERE p::text ~* '(needle|secret)'"), "0");
  EXPECT_EQ(ask("copy", "SELECT email || ' ' || search FROM public.people WHERE id = 12"),
            "dev_12@example.com DEV_12@EXAMPLE.COM");
  EXPECT_EQ(ask("copy", "SELECT count(*) || ' ' || min(at)::date FROM public.visits"), "29 2026-10-22");
  EXPECT_EQ(ask("copy", "SELECT last_value FROM public.counter"), "42");
  EXPECT_EQ(ask("copy", "SELECT oid || ' ' || length(lo_get(oid)) FROM pg_largeobject_metadata"), "4711 0");
}

TEST_F(MaskedPostgresStore, TheMaskedArchiveNamesNoOwner) {
  run("summit", kPeople);
  run("summit",
      "CREATE ROLE \"ola.nordmann@acme.no\"; ALTER TABLE public.people OWNER TO \"ola.nordmann@acme.no\"; "
      "ALTER SEQUENCE public.counter OWNER TO \"ola.nordmann@acme.no\"");
  const auto id = expect_ok(back_up(target_));
  use(kRules);
  const auto archive = masked_archive(id);
  EXPECT_EQ(expect_ok(read_file(archive, GiB)).find("nordmann"), std::string::npos);
  pg_restore(archive);
  EXPECT_EQ(ask("copy", "SELECT tableowner = current_user FROM pg_tables WHERE tablename = 'people'"), "t");
}

// The rows are told the same whatever the way: the masked restore and the masked file.
TEST_F(MaskedPostgresStore, AMaskedFileHoldsWhatAMaskedRestoreBrings) {
  run("summit", kPeople);
  const auto id = expect_ok(back_up(target_));
  use(kRules);
  const auto archive = masked_archive(id);
  pg_restore(archive);
  masking_ = &session_;
  expect_ok(restore_to(id, target_));
  const std::string all = "SELECT md5(string_agg(p::text, '|' ORDER BY id)) FROM public.people p";
  EXPECT_EQ(ask("copy", all), ask("summit", all));
}

TEST_F(MaskedPostgresStore, WhatNoRuleCoversIsFoundAndNoFileIsGiven) {
  run("summit", kPeople);
  const auto id = expect_ok(back_up(target_));
  use("key: {env: K}\nrules:\n  postgresql:\n    - {table: people, set: {phone: remove, note: remove}}\n");
  with_store(id, [&](MaskedStore& store) {
    const auto audit = expect_ok(store.audit());
    EXPECT_THAT(audit.findings, Contains(Field(&AuditFinding::place, "public.people.email")));
    uint64_t given = 0;
    const auto refused = store.write(store.files().front().name, [&](ByteView bytes) -> Result<void> {
      given += bytes.size();
      return {};
    });
    EXPECT_FALSE(refused.ok());
    if (!refused.ok()) {
      EXPECT_EQ(refused.error().code(), Code::kRefused);
      EXPECT_THAT(refused.error().message(),
                  AllOf(HasSubstr("set: {\"email\""), Not(HasSubstr("secret.org"))));
    }
    EXPECT_EQ(given, 0u);
    return 0;
  });
}

// Ids of more digits than the documented form has room for, and addresses that its condition passes over:
// they are masked all the same, stay unique, and the audit says how many there are.
TEST_F(MaskedPostgresStore, WhatTheDocumentedRuleWouldLeaveOrDoubleIsSaid) {
  run("summit",
      "CREATE TABLE public.people (id text PRIMARY KEY, email text, phone text UNIQUE); "
      "INSERT INTO public.people SELECT CASE WHEN i % 4 = 0 THEN gen_random_uuid()::text ELSE i::text END, "
      "'p' || i || CASE WHEN i % 5 = 0 THEN '@example.com' ELSE '@secret.org' END, '+47 4000' || i FROM "
      "generate_series(1, 800) i");
  const auto id = expect_ok(back_up(target_));
  use(R"(key: {env: K}
rules:
  postgresql:
    - table: people
      documented: true
      where: email NOT LIKE '%@example.com'
      set: {email: {template: "dev_{id}@example.com"}, phone: {template: "+1-555-{id:07}"}}
      otherwise: {email: {pseudonym: email}, phone: {pseudonym: phone}}
harmless:
  postgresql: [people.id]
)");
  const auto audit = with_store(id, [](MaskedStore& store) { return expect_ok(store.audit()); });
  EXPECT_THAT(audit.findings, IsEmpty());
  ASSERT_EQ(audit.gaps.size(), 2U);
  EXPECT_EQ(
      describe(audit.gaps[0]),
      "public.people.email: the documented rule alone (line 7) would leave 160 of 800 values in the clear: "
      "`otherwise` masks them");
  EXPECT_EQ(
      describe(audit.gaps[1]),
      "public.people.phone: the documented rule alone (line 7) would leave 160 of 800 values in the clear "
      "and cut 160 of 800 to what others become, too: `otherwise` masks them");

  pg_restore(masked_archive(id));
  EXPECT_EQ(ask("copy", "SELECT count(DISTINCT phone) FROM public.people WHERE phone LIKE '+1-555-%'"),
            "800");
}

// A restore looks at tables side by side, where the backup says where they lie; the audit reads all in order.
TEST_F(MaskedPostgresStore, WhatIsFoundSideBySideIsWhatIsFoundInOrder) {
  run("summit",
      "CREATE TABLE public.first (id int, a text, mail text); INSERT INTO public.first SELECT i, "
      "md5(i::text) || "
      "md5((-i)::text), CASE WHEN i = 900 THEN 'ada@lovelace.org' END FROM generate_series(1, 60000) i;"
      "CREATE TABLE public.parted (id int, b text) PARTITION BY RANGE (id);"
      "CREATE TABLE public.parted_1 PARTITION OF public.parted FOR VALUES FROM (0) TO (40000);"
      "CREATE TABLE public.parted_2 PARTITION OF public.parted DEFAULT;"
      "INSERT INTO public.parted SELECT i, CASE WHEN i % 3 = 0 THEN '4111 1111 1111 1111 ' ELSE '' END || "
      "md5(i::text) || md5((-i)::text) FROM generate_series(1, 90000) i;"
      "CREATE TABLE public.small (id int, c text); INSERT INTO public.small VALUES (1, "
      "'DE89370400440532013000');"
      "CREATE TABLE public.empty (id int, d text DEFAULT 'grace@hopper.org');");
  const auto id = expect_ok(back_up(target_));
  EXPECT_THAT(record_of(id).details.at("extents:summit"), HasSubstr(" ")) << "several tables";
  use("key: {env: K}\nrules:\n  postgresql:\n    - {table: first, set: {a: remove}}\nreduction: {others: "
      "sample}\n",
      10);
  const auto in_order = with_store(id, [](MaskedStore& store) { return expect_ok(store.audit()); });
  EXPECT_THAT(show(in_order.findings, "postgresql"),
              AllOf(HasSubstr("public.first.mail"), HasSubstr("public.parted.b"), HasSubstr("public.small.c"),
                    HasSubstr("the definition of TABLE empty")));
  for (const size_t jobs : {1, 2, 7, 8}) {
    const bool counts = jobs < 8;  // which a restore does not
    SilentReporter reporter;
    const auto reader = expect_ok(repository::PlainRepository(base()).open(id));
    const auto part = parts_of(record_of(id), {}).front();
    const auto source = archive_of(*reader, part, {});
    ASSERT_FALSE(source.tables().empty());
    const auto archive =
        expect_ok(prepare_masked(source, session_, {part.source, counts, jobs}, reporter, Cancellation()));
    EXPECT_EQ(show(archive->audit.findings, "postgresql"), show(in_order.findings, "postgresql"));
    EXPECT_EQ(archive->audit.unknown, in_order.counts.at("unknown"));
    EXPECT_EQ(archive->audit.rows_sampled, in_order.counts.at("rows_sampled"));
    if (!counts) continue;
    EXPECT_EQ(archive->audit.reduced.at("public.first").rows, 60000U);
    EXPECT_EQ(archive->audit.reduced.at("public.parted").rows, 90000U);
    EXPECT_FALSE(archive->audit.reduced.contains("public.empty")) << "nothing of it is left out";
  }
}

// As when a new release begins to write something else into a column.
TEST_F(MaskedPostgresStore, WhatOnlyTheLatestRowsOfALongTableHoldIsFound) {
  run("summit",
      "CREATE TABLE public.logged (id int, note text); INSERT INTO public.logged SELECT i, CASE WHEN i > "
      "49500 THEN 'ada@lovelace.org' ELSE repeat(md5(i::text), 32) END FROM generate_series(1, 50000) i;"
      "CREATE TABLE public.wide (id int, note text, page text); INSERT INTO public.wide SELECT i, CASE WHEN "
      "i "
      "> 7990 THEN 'ada@lovelace.org' END, repeat(md5(i::text), 128) FROM generate_series(1, 8000) i;"
      "CREATE TABLE public.next (id int, note text); INSERT INTO public.next VALUES (1, "
      "'grace@hopper.org');");
  const auto id = expect_ok(back_up(target_));
  use("key: {env: K}\nrules:\n  postgresql:\n    - {table: other, set: {a: remove}}\n");
  const auto audit = with_store(id, [](MaskedStore& store) { return expect_ok(store.audit()); });
  EXPECT_THAT(
      show(audit.findings, "postgresql"),
      AllOf(HasSubstr("public.logged.note"), HasSubstr("public.wide.note"), HasSubstr("public.next.note")));
  EXPECT_LT(audit.counts.at("rows_sampled"), 6000U) << "not because all rows were looked at";
}

TEST_F(MaskedPostgresStore, TheAuditTellsWhichRulesTheArchiveHasNothingFor) {
  run("summit", kPeople);
  const auto id = expect_ok(back_up(target_));
  use(R"(key: {env: K}
rules:
  postgresql:
    - {table: people, set: {email: {pseudonym: email}, phone: {pseudonym: phone}, note: remove}}
    - {table: peopel, set: {email: {pseudonym: email}}}
    - {table: parcels, schema: other, set: {email: remove}}
    - {table: peopel, set: {note: remove}}
reduction:
  tables:
    - {table: public.visits, newest: 30 days, by: at}
    - {table: events, sample: true}
  critical: [people, person]
)",
      10);
  const auto met = with_store(id, [](MaskedStore& store) { return expect_ok(store.audit()).met; });
  const auto metadata = expect_ok(repository::PlainRepository(base()).open(id))->metadata();
  EXPECT_EQ(
      describe(unmatched_rules(session_, metadata, {{"postgresql", met}})),
      "rules for what this backup does not have (misspelt?): table peopel (lines 5, 7); table other.parcels "
      "(line 6); reduction of events (line 11); critical person");
  EXPECT_THAT(unmatched_rules(session_, metadata, {}), IsEmpty());
}

TEST_F(MaskedPostgresStore, RulesToPasteFitTheTypesOfTheirColumns) {
  run("summit", R"(
    CREATE TYPE public.kind AS ENUM ('a', 'b');
    CREATE DOMAIN public.long_mail AS text CHECK (VALUE ~ '@');
    CREATE DOMAIN public."Mail" AS public.long_mail CHECK (length(VALUE) < 100) NOT NULL;
    CREATE TABLE public.odd (
      id integer PRIMARY KEY, a_email text NOT NULL UNIQUE, b_email varchar(30) NOT NULL UNIQUE,
      c_email varchar(10) NOT NULL, d_email char(20) NOT NULL, e_email text[] NOT NULL, f_email jsonb NOT NULL,
      g_email json, h_phone bigint NOT NULL UNIQUE, i_phone integer NOT NULL, j_phone numeric(12,2) NOT NULL,
      k_phone double precision NOT NULL, l_password uuid NOT NULL, m_password bytea NOT NULL,
      n_birth_date date NOT NULL, o_birth_date timestamp NOT NULL, p_password boolean NOT NULL,
      q_password text NOT NULL, r_ip inet NOT NULL, s_ip cidr NOT NULL, t_password varchar(8)[] NOT NULL,
      u_address public.kind, v_birth_date date, w_phone smallint, x_phone bigint[] NOT NULL, y_ip macaddr NOT NULL,
      z_email varchar(200) DEFAULT 'x' NOT NULL,
      za_email public."Mail");
    INSERT INTO public.odd SELECT i, 'ada' || i || '@lovelace.org', 'ada' || i || '@lovelace.org', 'a@b.org', 'a@b.org',
      ARRAY['ada@lovelace.org'], '{"x": "ada@lovelace.org"}', '{}', 4791234560 + i, i, i, i, gen_random_uuid(),
      'secret', '1990-05-01', '1990-05-01', true, 'secret', '203.0.113.7', '203.0.113.0/24', ARRAY['secret'], 'a',
      '1990-05-01', 7, ARRAY[4791234560 + i], '08:00:2b:01:02:03', 'ada@lovelace.org', 'ada@lovelace.org' FROM generate_series(1, 20) i;
    CREATE TABLE public.hopeless (password tsvector NOT NULL);
  )");
  const auto id = expect_ok(back_up(target_));
  use("key: {env: K}\nrules:\n  postgresql:\n    - {table: none, set: {x: remove}}\n");
  std::string yaml = "key: {env: K}\nrules:\n  postgresql:\n";
  const auto found = with_store(id, [](MaskedStore& store) { return expect_ok(store.audit()).findings; });
  EXPECT_EQ(found.size(), 28U);
  for (const auto& finding : found) yaml += "    " + finding.entry + "\n";
  EXPECT_THAT(yaml,
              HasSubstr("# with a constant that tsvector takes, as it is NOT NULL: - {table: \"hopeless\""));
  use(yaml + "harmless:\n  postgresql: [hopeless.password]\n");
  masking_ = &session_;
  const auto differences = with_restore(id, target_, [&](auto& component, auto& context) {
    expect_ok(restore_and_reveal(component, context));
    return expect_ok(component.compare(context));
  });
  EXPECT_THAT(differences, IsEmpty()) << yaml;
  EXPECT_EQ(ask("summit",
                "SELECT count(*) FROM public.odd o WHERE o::text ~ '(lovelace|secret|1990|479123|203\\.)'"),
            "0")
      << yaml;
}

TEST_F(MaskedPostgresStore, ThePreviewShowsRowsBeforeAndAfter) {
  run("summit", kPeople);
  const auto id = expect_ok(back_up(target_));
  use(kRules);
  const auto values = with_store(id, [](MaskedStore& store) { return expect_ok(store.preview(1)); });
  EXPECT_THAT(values, Contains(AllOf(
                          Field(&PreviewedValue::column, "email"),
                          Field(&PreviewedValue::before, std::optional<std::string>("needle1@secret.org")),
                          Field(&PreviewedValue::after, std::optional<std::string>("dev_1@example.com")))));
}

}  // namespace
}  // namespace summit::recovery
