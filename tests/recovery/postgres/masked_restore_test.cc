// A masked restore, as the runner calls it, on real servers.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <fstream>

#include "core/process.h"
#include "core/wait.h"
#include "recovery/plan.h"
#include "stores/postgres/sql.h"
#include "stores/postgres/tools.h"
#include "tests/recovery/postgres/masked_restore.h"

namespace summit::recovery {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST_F(MaskedRestore, RowsAreMaskedOnTheWayInAndEqualWhatTheStreamMade) {
  run("summit", kPeople);
  const auto id = expect_ok(back_up(target_));
  use(kRules);
  EXPECT_THAT(restored(id), IsEmpty());
  EXPECT_EQ(ask("summit", "SELECT email || ' ' || phone FROM public.people WHERE id = 12"),
            "dev_12@example.com +1-555-0000012");
  EXPECT_EQ(ask("summit", "SELECT search FROM public.people WHERE id = 12"), "DEV_12@EXAMPLE.COM");
  EXPECT_EQ(ask("summit",
                "SELECT count(*) FROM public.people p WHERE p::text ~* '(needle|secret|Lane|kept)' OR "
                "phone NOT LIKE '+1-555-%' OR nicknames[2] = 'plain' OR abs(born - (date '1980-01-01' + "
                "id::int)) NOT BETWEEN 1 AND 180 OR profile#>>'{contact,n}' <> id::text"),
            "0");
  // One person has one stand-in, whatever the table.
  EXPECT_EQ(ask("summit", "SELECT count(*) FROM public.notes WHERE author_email LIKE '%@example.com'"), "1");
  EXPECT_EQ(ask("summit", "SELECT count(*) FROM public.payments WHERE iban LIKE 'XX%'"), "400");
  EXPECT_EQ(ask("summit", "SELECT count(*) FROM public.addresses WHERE email LIKE '%secret%'"), "0");
  EXPECT_EQ(ask("summit", "SELECT count(*) FROM public.plain"), "10");
}

TEST_F(MaskedRestore, AChangedRowIsADifferenceFromTheMaskedOnesAndNothingIsReplaced) {
  run("summit", kPeople);
  const auto id = expect_ok(back_up(target_));
  use(kRules);
  const auto differences = with_restore(id, target_, [&](auto& component, auto& context) {
    expect_ok(component.restore(context, {}));
    const auto hidden = ask("summit", "SELECT datname FROM pg_database WHERE datname LIKE '%restoring%'");
    run(hidden, "UPDATE public.people SET phone = '+1-555-0000008' WHERE id = 12");
    const auto revealed = search_and_reveal(component, context);
    EXPECT_TRUE(!revealed.ok() && revealed.error().code() == Code::kMismatch);
    return component.refused();
  });
  EXPECT_THAT(differences, ElementsAre(Field(&Difference::what, "table public.people")));
  EXPECT_NE(ask("summit", "SELECT count(*) FROM public.people WHERE email LIKE 'needle%'"), "0");
  EXPECT_EQ(ask("summit", "SELECT count(*) FROM pg_database WHERE datname LIKE '%restoring%'"), "0");
}

TEST_F(MaskedRestore, ADatabaseInAnotherEncodingIsComparedToo) {
  run("postgres", "CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'");
  target_.databases = {"latin"};
  run("latin",
      "CREATE TABLE public.people (id bigint PRIMARY KEY, email text, city text); INSERT INTO public.people "
      "SELECT i, 'ada' || i || '@lovelace.org', 'Málaga' FROM generate_series(1, 50) i");
  const auto id = expect_ok(back_up(target_));
  use("key: {env: K}\nrules:\n  postgresql:\n    - {table: people, set: {email: {pseudonym: email}}}\n");
  EXPECT_THAT(restored(id), IsEmpty());
  EXPECT_EQ(
      ask("latin", "SELECT count(*) FROM public.people WHERE city = 'Málaga' AND email LIKE '%@example.com'"),
      "50");
}

TEST_F(MaskedRestore, WhoListensHearsEachReplacedValueAndThoseInsideDocuments) {
  run("summit", kPeople);
  const auto id = expect_ok(back_up(target_));
  use(kRules);
  EXPECT_THAT(restored(id), IsEmpty());
  const auto place = [&](const std::string& value) {
    const auto found = replaced_.values().find(value);
    return found == replaced_.values().end() ? std::string("nobody was told") : found->second;
  };
  EXPECT_EQ(place("needle12@secret.org"), "postgresql:public.people.email");
  EXPECT_EQ(place("inner-needle12@secret.org"), "postgresql:public.people.profile");
  EXPECT_EQ(place("Needle Lane 12"), "postgresql:public.people.profile");
  EXPECT_EQ(place("Nick Needle 12"), "postgresql:public.people.nicknames");
  EXPECT_EQ(place("NO9386011117947"), "postgresql:public.payments.iban");
  EXPECT_EQ(place("dev_12@example.com"), "nobody was told");
}

// WAL, temporary files and logs among them.
TEST_F(MaskedRestore, NoFileOfTheServerEverHoldsAnOriginal) {
  run("summit", kPeople);
  const auto id = expect_ok(back_up(target_));
  use(kRules);
  const auto own = expect_ok(platform::PostgresServer::create());
  target_ = own->endpoint();
  target_.databases = {"masked"};
  EXPECT_THAT(restored(id), IsEmpty());
  {
    auto connection = expect_ok(postgres::Connection::open(target_, "masked"));
    EXPECT_EQ(expect_ok(connection.scalar("SELECT count(*) FROM public.people")), "3000");
    expect_ok(connection.execute("CHECKPOINT"));
  }
  expect_ok(own->stop());
  size_t files = 0;
  size_t stand_ins = 0;
  for (const auto& entry : fs::recursive_directory_iterator(own->data_directory())) {
    if (!entry.is_regular_file()) continue;
    ++files;
    const auto content = expect_ok(read_file(entry.path()));
    for (const char* original : {"secret.org", "Needle", "needle", "+47 4000", "NO9386011117947"})
      EXPECT_EQ(content.find(original), std::string::npos) << original << " in " << entry.path();
    stand_ins += content.find("dev_12@example.com") != std::string::npos ? 1 : 0;
  }
  EXPECT_GT(files, 500U);
  EXPECT_GE(stand_ins, 2U) << "neither the table nor the WAL was looked at";
}

TEST_F(MaskedRestore, WhatNoRuleCoversStopsItBeforeAnythingIsWritten) {
  use(kRules);
  const auto words = refusal("CREATE TABLE public.people2 (id bigint, contact_email text)");
  EXPECT_THAT(words, HasSubstr("public.people2.contact_email looks private: e-mail address by its name"));
  EXPECT_THAT(words, HasSubstr("{table: \"people2\""));
  EXPECT_THAT(words, Not(HasSubstr("secret.org")));
}

// Something private in an odd place, and how the refusal names the place.
struct Planted {
  std::string statement;
  std::string named;
};

// The values of a column b, beside a column a, in a table whose names say nothing.
std::vector<Planted> planted_values() {
  const std::vector<std::string> values = {
      "'ada@lovelace.org'",
      "'write to ada@lovelace.org, please'",
      "'{\"x\": [1, {\"y\": \"ada@lovelace.org\"}]}'::jsonb",
      "'{\"ada@lovelace.org\": true}'::jsonb",
      "'{\"password\": \"x\"}'::jsonb",
      "'{\"x\": \"ada\\u0040lovelace.org\"}'::json",
      "ARRAY['x', 'ada@lovelace.org']",
      "ARRAY[ARRAY['x'], ARRAY['ada@lovelace.org']]",
      "'ada@lovelace.org'::bytea",
      "'4111 1111 1111 1111'",
      "4111111111111111::bigint",
      "'NO93 8601 1117 947'",
      "'+47 912 34 567'",
      "'203.0.113.77'::inet",
      "E'-----BEGIN PRIVATE KEY-----\\nMIIE'",
      "'AKIAIOSFODNN7EXAMPLE'",
      "'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U'",
      "'ada@lovelace.org'::public.short",
      "ROW('Ada', 'ada@lovelace.org')::public.pair",
      "public.texts('ada@lovelace.org', 'z')",
      "'<a href=\"mailto:ada@lovelace.org\"/>'::xml",
      "'''ada@lovelace.org'':1'::tsvector",
      "'ada@lovelace.org'::char(40)",
      "'ada@lovelace.org'::name",
      "'ada@lovelace.org'::\"char\"::text || 'da@lovelace.org'",
      "E'two\\nlines\\tand ada@lovelace.org'",
  };
  std::vector<Planted> planted = {
      {"CREATE DOMAIN public.short AS text; CREATE TYPE public.pair AS (x text, y text); "
       "CREATE TYPE public.texts AS RANGE (subtype = text)",
       ""}};
  for (const auto& value : values) {
    const auto table = fmt::format("public.odd{}", planted.size());
    planted.push_back(
        {fmt::format("CREATE TABLE {} AS SELECT 1 AS a, {} AS b", table, value), table + ".b looks private"});
  }
  return planted;
}

const std::vector<Planted> kPlantedRows = {
    {"CREATE TABLE public.late AS SELECT i AS a, CASE WHEN i = 150 THEN 'ada@lovelace.org' ELSE 'x' END AS b "
     "FROM generate_series(1, 150) i",
     "public.late.b looks private"},
    {"CREATE TABLE public.parted (a int, b text) PARTITION BY LIST (a); CREATE TABLE public.part_1 PARTITION "
     "OF "
     "public.parted FOR VALUES IN (1); INSERT INTO public.parted VALUES (1, 'ada@lovelace.org')",
     "public.parted.b looks private"},
    {"CREATE TABLE public.parent (a int); CREATE TABLE public.child (b text) INHERITS (public.parent); "
     "INSERT "
     "INTO public.child VALUES (1, 'ada@lovelace.org')",
     "public.child.b looks private"},
    {"CREATE UNLOGGED TABLE public.unlogged AS SELECT 'ada@lovelace.org'::text AS b",
     "public.unlogged.b looks private"},
    {"CREATE TABLE public.named (contact_email text)", "public.named.contact_email looks private"},
    {"CREATE TABLE public.embedded (a int, embedding real[])", "public.embedded.embedding looks private"},
    {"CREATE SCHEMA hidden; CREATE TABLE hidden.away AS SELECT 'ada@lovelace.org'::text AS b",
     "hidden.away.b looks private"},
};

const std::vector<Planted> kPlantedDefinitions = {
    {"CREATE TABLE public.d_default (a text DEFAULT 'ada@lovelace.org')", "TABLE d_default"},
    {"CREATE TABLE public.d_check (a text CHECK (a <> 'ada@lovelace.org'))", "TABLE d_check"},
    {"CREATE TABLE public.d_generated (a text, c text GENERATED ALWAYS AS (a || 'ada@lovelace.org') STORED)",
     "TABLE d_generated"},
    {"CREATE TABLE public.d_comment (a text); COMMENT ON COLUMN public.d_comment.a IS 'ask ada@lovelace.org'",
     "COMMENT COLUMN d_comment.a"},
    {"CREATE VIEW public.d_view AS SELECT 'ada@lovelace.org'::text AS a", "VIEW d_view"},
    {"CREATE MATERIALIZED VIEW public.d_kept AS SELECT 'ada@lovelace.org'::text AS a",
     "MATERIALIZED VIEW d_kept"},
    {"CREATE FUNCTION public.d_function() RETURNS text LANGUAGE sql AS $$ SELECT 'ada@lovelace.org' $$",
     "FUNCTION d_function()"},
    {"CREATE FUNCTION public.d_noted() RETURNS int LANGUAGE sql AS $$ SELECT 1 -- ask ada@lovelace.org\n$$",
     "FUNCTION d_noted()"},
    {"CREATE FUNCTION public.d_atomic() RETURNS text LANGUAGE sql RETURN 'ada@lovelace.org'",
     "FUNCTION d_atomic()"},
    {"CREATE TABLE public.d_triggered (a text); CREATE FUNCTION public.quiet() RETURNS trigger LANGUAGE "
     "plpgsql AS "
     "'BEGIN RETURN NEW; END'; CREATE TRIGGER d_trigger BEFORE INSERT ON public.d_triggered FOR EACH ROW "
     "EXECUTE "
     "FUNCTION public.quiet('ada@lovelace.org')",
     "TRIGGER d_triggered d_trigger"},
    {"CREATE TABLE public.d_secured (a text); CREATE POLICY d_policy ON public.d_secured USING (a = "
     "'ada@lovelace.org')",
     "POLICY d_secured d_policy"},
    {"CREATE TABLE public.d_ruled (a text); CREATE RULE d_rule AS ON INSERT TO public.d_ruled WHERE NEW.a = "
     "'ada@lovelace.org' DO INSTEAD NOTHING",
     "RULE d_ruled d_rule"},
    {"CREATE TYPE public.d_enum AS ENUM ('ada@lovelace.org')", "TYPE d_enum"},
    {"CREATE DOMAIN public.d_domain AS text CHECK (VALUE <> 'ada@lovelace.org')", "DOMAIN d_domain"},
    {"CREATE TABLE public.d_indexed (a text); CREATE INDEX d_index ON public.d_indexed (a) WHERE a = "
     "'ada@lovelace.org'",
     "INDEX d_index"},
    {"CREATE TABLE public.d_listed (a text) PARTITION BY LIST (a); CREATE TABLE public.d_bound PARTITION OF "
     "public.d_listed FOR VALUES IN ('ada@lovelace.org')",
     "TABLE ATTACH d_bound"},
    {"CREATE EXTENSION postgres_fdw SCHEMA public; CREATE SERVER d_server FOREIGN DATA WRAPPER postgres_fdw "
     "OPTIONS "
     "(dbname 'ada@lovelace.org')",
     "SERVER d_server"},
    {"CREATE TABLE public.d_published (a text); CREATE PUBLICATION d_publication FOR TABLE "
     "public.d_published "
     "WHERE (a = 'ada@lovelace.org')",
     "PUBLICATION TABLE d_publication d_published"},
    {"CREATE TABLE public.\"ada@lovelace.org\" (a int)", "TABLE, by its name"},
    {"CREATE TABLE public.d_columns (\"ada@lovelace.org\" int)", "TABLE d_columns"},
    {"CREATE SEQUENCE public.\"seq of ada@lovelace.org\"", "SEQUENCE, by its name"},
    {"CREATE TABLE public.d_names (a int); CREATE INDEX \"index of ada@lovelace.org\" ON public.d_names (a)",
     "INDEX, by its name"},
    {"CREATE SCHEMA \"schema of ada@lovelace.org\"", "SCHEMA, by its name"},
    {"COMMENT ON DATABASE summit IS 'ask ada@lovelace.org'", "COMMENT DATABASE summit"},
    {"ALTER DATABASE summit SET app.owner = 'ada@lovelace.org'", "DATABASE PROPERTIES summit"},
};

TEST_F(MaskedRestore, PlantedSecretsStopItWhereverTheyLie) {
  use(kRules);
  std::string schema;
  std::vector<std::string> expected;
  for (const auto& planted : planted_values()) {
    schema += planted.statement + ";\n";
    if (!planted.named.empty()) expected.push_back(planted.named);
  }
  for (const auto& planted : kPlantedRows) {
    schema += planted.statement + ";\n";
    expected.push_back(planted.named);
  }
  for (const auto& planted : kPlantedDefinitions) {
    schema += planted.statement + ";\n";
    expected.push_back("the definition of " + planted.named + " looks private");
  }
  const auto words = refusal(schema);
  for (const auto& place : expected) EXPECT_THAT(words, HasSubstr(place));
  EXPECT_THAT(words, Not(HasSubstr("lovelace")));
}

// A row late in its table, and far from the beginning of a block.
TEST_F(MaskedRestore, ThePlantedSecretOfTheNineHundredthRowStopsIt) {
  use(kRules);
  EXPECT_THAT(
      refusal("CREATE TABLE public.quiet AS SELECT i AS n, CASE i WHEN 900 THEN 'ada@lovelace.org' ELSE "
              "'x' END AS t FROM generate_series(1, 950) i"),
      HasSubstr("public.quiet.t looks private"));
}

// The rules of people name the column as it was called.
TEST_F(MaskedRestore, ARenamedColumnStopsIt) {
  use(kRules);
  run("summit", kPeople);
  run("summit", "ALTER TABLE public.people RENAME COLUMN nicknames TO nick_names");
  const auto planned = plan(expect_ok(back_up(target_)));
  ASSERT_FALSE(planned.ok());
  EXPECT_THAT(planned.error().to_string(), AllOf(HasSubstr("`nicknames`, which public.people does not have"),
                                                 HasSubstr("did you mean `nick_names`?")));
}

TEST_F(MaskedRestore, ThePlanNamesRulesForWhatTheBackupDoesNotHave) {
  run("summit", kPeople);
  run("summit", "DROP TABLE public.notes, public.payments");
  const auto id = expect_ok(back_up(target_));
  use(kRules + std::string("harmless:\n  postgresql: [none.x]\n"));
  environment_.postgresql = {target_};
  const auto plan = with_restore(id, target_, [](auto&, auto& context) {
    return expect_ok(plan_restore(RestoreRequest(), context)).components;
  });
  EXPECT_THAT(
      plan.front().step.notes,
      Contains("rules for what this backup does not have (misspelt?): table notes (line 13); table payments "
               "(line 14)"));
}

// What would fail at the end of the load, when everything is written.
// What no rule can reach. Compressing itself needs another licence than that of the tests' TimescaleDB.
TEST_F(MaskedRestore, CompressedRowsStopItWhateverTheirTableIsCalled) {
  use(kRules);
  const auto words = refusal(
      "CREATE TABLE public.batches (note bytea, _ts_meta_count integer); "
      "INSERT INTO public.batches VALUES ('x', 1000)");
  EXPECT_THAT(words, HasSubstr("public.batches holds compressed rows"));
}

TEST_F(MaskedRestore, PlantedSecretsInRolesStopIt) {
  use(kRules);
  for (const char* statement : {"COMMENT ON ROLE planted IS 'ask ada@lovelace.org'",
                                "ALTER ROLE planted SET app.owner = 'ada@lovelace.org'",
                                "ALTER ROLE planted RENAME TO \"ada@lovelace.org\""}) {
    run("summit", std::string("CREATE ROLE planted; ") + statement);
    const auto words = refusal("SELECT 1");
    run("summit", "DROP ROLE IF EXISTS planted; DROP ROLE IF EXISTS \"ada@lovelace.org\"");
    EXPECT_THAT(words, HasSubstr("the definition of ROLES (roles) looks private")) << statement;
    EXPECT_THAT(words, Not(HasSubstr("lovelace")));
  }
}

// What the target does without: no rule is needed, and nothing of it arrives.
TEST_F(MaskedRestore, PlantedSecretsThatNothingStopsDoNotArrive) {
  run("summit",
      "SELECT lo_from_bytea(4711, 'ada@lovelace.org'); CREATE TABLE public.people (id bigint, email text); "
      "INSERT INTO public.people VALUES (1, 'ada@lovelace.org'); CREATE VIEW public.seen AS SELECT email AS "
      "e "
      "FROM public.people; CREATE MATERIALIZED VIEW public.kept AS SELECT upper(email) AS e FROM "
      "public.people; "
      "CREATE INDEX by_email ON public.people (lower(email)); CREATE STATISTICS public.of_people (mcv) ON "
      "id, email "
      "FROM "
      "public.people; ANALYZE; CREATE TABLE public.gone (a text, b int); INSERT INTO public.gone VALUES "
      "('ada@lovelace.org', 1); ALTER TABLE public.gone DROP COLUMN a; CREATE EXTENSION postgres_fdw SCHEMA "
      "public; CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw; CREATE USER MAPPING FOR CURRENT_USER "
      "SERVER s "
      "OPTIONS (user 'ada@lovelace.org')");
  const auto id = expect_ok(back_up(target_));
  use("key: {env: K}\nrules:\n  postgresql:\n    - {table: people, set: {email: {template: "
      "\"dev_{id}@example.com\"}}}\n");
  const auto own = expect_ok(platform::PostgresServer::create());
  target_ = own->endpoint();
  target_.databases = {"masked"};
  EXPECT_THAT(restored(id), IsEmpty());
  {
    auto connection = expect_ok(postgres::Connection::open(target_, "masked"));
    EXPECT_EQ(expect_ok(connection.scalar("SELECT e FROM public.seen")), "dev_1@example.com");
    EXPECT_EQ(expect_ok(connection.scalar("SELECT e FROM public.kept")), "DEV_1@EXAMPLE.COM");
  }
  expect_ok(own->stop());
  for (const auto& entry : fs::recursive_directory_iterator(own->data_directory())) {
    if (!entry.is_regular_file()) continue;
    const auto content = expect_ok(read_file(entry.path()));
    EXPECT_EQ(content.find("lovelace"), std::string::npos) << entry.path();
    EXPECT_EQ(content.find("LOVELACE"), std::string::npos) << entry.path();
  }
}

// Its pg_dump lists large objects in groups.
class MaskedRestoreOf18 : public MaskedRestore {
 protected:
  int major() const override { return 18; }
};

TEST_F(MaskedRestoreOf18, LargeObjectsAreThereAndEmpty) {
  run("summit",
      "SELECT lo_from_bytea(4711, 'ada@lovelace.org'), lo_from_bytea(4712, 'plain'); COMMENT ON LARGE OBJECT "
      "4711 IS 'a note'; CREATE TABLE public.plain AS SELECT 1 AS n");
  const auto id = expect_ok(back_up(target_));
  use("key: {env: K}\nrules:\n  postgresql:\n    - {table: people, set: {email: {pseudonym: email}}}\n");
  target_.databases = {"masked"};
  EXPECT_THAT(restored(id), IsEmpty());
  EXPECT_EQ(ask("masked",
                "SELECT string_agg(oid || ' ' || length(lo_get(oid)), ', ' ORDER BY oid) FROM "
                "pg_largeobject_metadata"),
            "4711 0, 4712 0");
}

TEST_F(MaskedRestore, WhatIsDeclaredHarmlessPasses) {
  run("summit",
      "CREATE TABLE public.odd (contact_email text DEFAULT 'none'); INSERT INTO public.odd VALUES ('none')");
  const auto id = expect_ok(back_up(target_));
  use(std::string(kRules) + "harmless:\n  postgresql: [odd.contact_email]\n");
  EXPECT_THAT(restored(id), IsEmpty());
}

// A standby, an archive: nobody can take back what they were given.
TEST_F(MaskedRestore, ThePlanSaysWhereTheWalGoesInWhichMaskedRowsAre) {
  run("summit", kPeople);
  const auto id = expect_ok(back_up(target_));
  use(kRules);
  const auto says = [&](const char* text) {
    const auto step = expect_ok(plan(id));
    return std::ranges::any_of(step.notes,
                               [&](const auto& note) { return note.find(text) != std::string::npos; });
  };
  EXPECT_FALSE(says("server's WAL"));
  auto command =
      postgres::tool_command(endpoint(), expect_ok(postgres::find_tool(endpoint(), "pg_receivewal", major())),
                             "postgres", {"--no-loop", "--directory=" + directory().string()});
  const auto reader = expect_ok(Process::start(command, {}));
  const auto reads = [&]() -> Result<bool> {
    return ask("postgres", "SELECT count(*) FROM pg_stat_replication") != "0";
  };
  expect_ok(wait_until(reads, "the reader of the WAL", std::chrono::seconds(10),
                       std::chrono::milliseconds(50), {}));
  EXPECT_TRUE(says("masked rows go with the server's WAL to 1 reader of its WAL before they are certified"));
}

TEST_F(MaskedRestore, NothingThatWorksByItselfIsLeftOn) {
  run("summit", R"(
    CREATE SCHEMA cron;
    CREATE TABLE cron.job (jobid bigint PRIMARY KEY, schedule text, command text, active boolean NOT NULL);
    INSERT INTO cron.job VALUES (1, '* * * * *', 'SELECT 1', true);
    CREATE TABLE public.t (id bigint PRIMARY KEY, at timestamptz NOT NULL);
    CREATE SUBSCRIPTION feed CONNECTION 'host=nowhere.invalid password=hunter2secret' PUBLICATION p
      WITH (connect = false, slot_name = NONE);
    COMMENT ON SUBSCRIPTION feed IS 'rows of production';
    CREATE EXTENSION postgres_fdw SCHEMA public;
    CREATE SERVER other FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'nowhere.invalid');
    CREATE USER MAPPING FOR CURRENT_USER SERVER other OPTIONS (user 'u', password 'hunter2secret');
    SELECT lo_from_bytea(4711, 'ada@lovelace.org');
    CREATE EXTENSION timescaledb SCHEMA public;
    CREATE TABLE public.events (at timestamptz NOT NULL, n int);
    SELECT public.create_hypertable('public.events', 'at');
    INSERT INTO public.events SELECT now() - i * interval '1 day', i FROM generate_series(1, 20) i;
    INSERT INTO _timescaledb_config.bgw_job (id, application_name, schedule_interval, max_runtime, max_retries,
                                             retry_period, proc_schema, proc_name, owner, scheduled, fixed_schedule)
      VALUES (1001, 'clean up', '1 day', '1 hour', 1, '1 day', 'public', 'clean_up', current_user::regrole, true, false);
  )");
  const auto id = expect_ok(back_up(target_));
  run("summit",
      "ALTER SUBSCRIPTION feed DISABLE; ALTER SUBSCRIPTION feed SET (slot_name = NONE); DROP SUBSCRIPTION "
      "feed");
  use(kRules);
  target_.databases = {"masked"};
  EXPECT_THAT(restored(id), IsEmpty());
  EXPECT_EQ(ask("masked",
                "SELECT count(*) FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid WHERE "
                "d.datname = 'masked'"),
            "0");
  EXPECT_EQ(ask("masked", "SELECT count(*) FROM pg_user_mapping"), "0");
  EXPECT_EQ(ask("masked", "SELECT count(*) FROM pg_foreign_server"), "1");
  EXPECT_EQ(ask("masked", "SELECT length(lo_get(4711))"), "0");
  EXPECT_EQ(ask("masked", "SELECT active FROM cron.job"), "f");
  EXPECT_EQ(ask("masked", "SELECT scheduled FROM _timescaledb_config.bgw_job WHERE id = 1001"), "f");
  EXPECT_EQ(ask("masked", "SELECT count(*) FROM public.events"), "20");
}

// As the rows of a continuous aggregate lie there, which only the community edition can make.
TEST_F(MaskedRestore, RowsOfAContinuousAggregateAreMaskedAndCompared) {
  run("summit", R"(
    CREATE EXTENSION timescaledb SCHEMA public;
    CREATE TABLE _timescaledb_internal._materialized_hypertable_1 (bucket timestamptz NOT NULL, email text);
    SELECT public.create_hypertable('_timescaledb_internal._materialized_hypertable_1', 'bucket');
    INSERT INTO _timescaledb_internal._materialized_hypertable_1
      SELECT timestamptz '2026-01-01' + i * interval '1 day', 'ada' || i || '@lovelace.org' FROM generate_series(1, 20) i;
  )");
  const auto id = expect_ok(back_up(target_));
  use("key: {env: K}\nrules:\n  postgresql:\n    - {table: _materialized_hypertable_1, set: {email: "
      "{pseudonym: email}}}\n");
  target_.databases = {"masked"};
  EXPECT_THAT(restored(id), IsEmpty());
  EXPECT_EQ(ask("masked",
                "SELECT count(*) FROM _timescaledb_internal._materialized_hypertable_1 WHERE email LIKE "
                "'%@example.com'"),
            "20");
}

TEST_F(MaskedRestore, ChunksInAnySchemaAreMaskedAndComparedAsTheirHypertable) {
  run("summit", R"(
    CREATE EXTENSION timescaledb SCHEMA public;
    CREATE SCHEMA parts;
    CREATE TABLE public.seen (at timestamptz NOT NULL, email text);
    SELECT public.create_hypertable('public.seen', 'at', associated_schema_name => 'parts',
                                    associated_table_prefix => 'of_seen');
    INSERT INTO public.seen
      SELECT timestamptz '2026-01-01' + i * interval '1 day', 'ada' || i || '@lovelace.org' FROM generate_series(1, 20) i;
  )");
  const auto id = expect_ok(back_up(target_));
  use("key: {env: K}\nrules:\n  postgresql:\n    - {table: seen, set: {email: {pseudonym: email}}}\n");
  target_.databases = {"masked"};
  EXPECT_THAT(restored(id), IsEmpty());
  EXPECT_EQ(ask("masked", "SELECT count(*) FROM public.seen WHERE email LIKE '%@example.com'"), "20");
}

}  // namespace
}  // namespace summit::recovery
