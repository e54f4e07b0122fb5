// The PostgreSQL components of a backup and of a restore, as the runners call them, on real servers.
#include "recovery/postgres_restore.h"

#include <fmt/format.h>

#include <fstream>

#include "stores/postgres/globals.h"
#include "tests/recovery/postgres/components.h"
#include "tests/stores/postgres/helper/awkward_database.h"

namespace summit::recovery {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

auto what(const std::string& text) { return Field(&Difference::what, text); }

TEST_F(PostgresComponents, SeveralDatabasesComeBackToAnEmptyServerWithTheirRoles) {
  run("postgres", postgres::awkward_roles());
  run("summit", postgres::awkward_schema());
  run("summit", postgres::awkward_rows());
  create_database("Reports & more");
  run("Reports & more",
      "CREATE TABLE public.r (id integer); INSERT INTO public.r VALUES (1), (2); ALTER TABLE public.r OWNER "
      "TO auditor");
  target_.databases = {"summit", "Reports & more"};
  const auto id = expect_ok(back_up(target_));

  const auto record = record_of(id);
  EXPECT_EQ(record.server_version, "16.15");
  std::vector<std::string> names;
  for (const auto& artifact : record.artifacts) names.push_back(artifact.name);
  EXPECT_THAT(names, ElementsAre("postgres-globals.sql", "postgres-full.dump",
                                 testing::StartsWith("postgres-postgresql-Reports___more-")));
  EXPECT_EQ(record.details.at("databases"), "summit,Reports & more");
  EXPECT_THAT(record.details.at("extensions:summit"), HasSubstr("timescaledb 2."));
  EXPECT_THAT(record.details.at("lsn:summit"), testing::MatchesRegex("[0-9A-F]+/[0-9A-F]+"));
  EXPECT_THAT(record.notes, Contains(HasSubstr("summit_dev")));

  const auto empty_server = expect_ok(platform::PostgresServer::create());
  auto elsewhere = empty_server->endpoint();
  elsewhere.databases = {"restored", "Reports & more"};
  expect_ok(restore_to(id, elsewhere));
  EXPECT_THAT(compare_with(id, elsewhere), IsEmpty());
  const auto lines = with_restore(
      id, elsewhere, [](auto& component, auto& context) { return expect_ok(component.probe(context)); });
  EXPECT_THAT(lines, Contains(HasSubstr("database restored answers")));
}

TEST_F(PostgresComponents, DifferencesAreNamedExactly) {
  run("summit",
      "CREATE TABLE public.a (id integer); INSERT INTO public.a VALUES (1), (2); CREATE TABLE public.b (id "
      "integer); "
      "CREATE TABLE public.c (id integer); INSERT INTO public.c VALUES (5); CREATE SEQUENCE public.s; CREATE "
      "TABLE public.same (id integer)");
  const auto id = expect_ok(back_up(target_));
  EXPECT_THAT(compare_with(id, target_), IsEmpty());
  run("summit",
      "DELETE FROM public.a WHERE id = 2; DROP TABLE public.b; UPDATE public.c SET id = 6; SELECT "
      "nextval('public.s'); "
      "CREATE TABLE public.extra (id integer)");
  const auto differences = compare_with(id, target_);
  EXPECT_THAT(differences, testing::IsSupersetOf({what("table public.a"), what("table public.b"),
                                                  what("table public.c"), what("sequence public.s"),
                                                  what("table public.extra"), what("schema relations")}));
  EXPECT_THAT(differences, Not(Contains(what("table public.same"))));
  for (const auto& difference : differences) {
    if (difference.what == "table public.a") {
      EXPECT_THAT(difference.expected, HasSubstr("2 elements"));
      EXPECT_THAT(difference.found, HasSubstr("1 element,"));
    }
    if (difference.what == "table public.b") {
      EXPECT_EQ(difference.found, "absent");
    }
  }
}

// A backup says where its large tables lie. One of before does not.
TEST_F(PostgresComponents, LargeTablesAreReadByThemselvesWhereTheBackupSaysWhereTheyLie) {
  run("summit",
      "CREATE TABLE public.a AS SELECT i AS id, md5(i::text) AS body FROM generate_series(1, 150000) i; "
      "CREATE "
      "TABLE public.b AS SELECT * FROM public.a; CREATE TABLE public.c AS SELECT 1 AS id; ALTER TABLE "
      "public.a "
      "ADD PRIMARY KEY (id)");
  const auto id = expect_ok(back_up(target_));
  EXPECT_THAT(record_of(id).details.at("extents:summit"), testing::MatchesRegex("[0-9]+:[0-9]+\\+[0-9]+ .*"));
  const auto before = expect_ok(
      back_up(target_, "postgresql", {}, [](auto& record) { record.details.erase("extents:summit"); }));
  for (const auto& backup : {id, before}) {
    expect_ok(restore_to(backup, target_));
    EXPECT_THAT(compare_with(backup, target_), IsEmpty());
    if (backup == id) {
      EXPECT_TRUE(is_frozen("summit", "b"));
    }
  }
  // Some tables, beside the others.
  run("summit", "TRUNCATE public.a, public.c; DELETE FROM public.b");
  databases_.only = {"public.b"};
  expect_ok(restore_to(id, target_));
  EXPECT_EQ(ask("summit", "SELECT count(*) FROM public.b"), "150000");
  EXPECT_EQ(ask("summit", "SELECT count(*) FROM public.a"), "0");
}

// Changes one recorded hash: what comes back is then another row.
auto another_hash(const std::string& kind, const std::string& name) {
  return [=](repository::ComponentRecord& record) {
    for (auto& fingerprint : record.fingerprints) {
      if (fingerprint.kind == kind && fingerprint.name == name) fingerprint.hash.front() ^= 1;
    }
  };
}

TEST_F(PostgresComponents, OfSeveralDatabasesNoneTakesItsPlaceWhenOneDiffersFromTheBackup) {
  run("summit", "CREATE TABLE public.t AS SELECT 1 AS id");
  create_database("other");
  run("other", "CREATE TABLE public.t AS SELECT 1 AS id");
  target_.databases = {"summit", "other"};
  const auto id = expect_ok(back_up(target_, "postgresql", {}, another_hash("table", "other/public.t")));
  run("summit", "UPDATE public.t SET id = 2");
  run("other", "UPDATE public.t SET id = 2");
  for (const bool keep_replaced : {false, true}) {
    databases_.keep_replaced = keep_replaced;
    with_restore(id, target_, [](auto& component, auto& context) {
      const auto restored = component.restore(context, {});
      ASSERT_FALSE(restored.ok());
      EXPECT_EQ(restored.error().code(), Code::kMismatch);
      EXPECT_THAT(restored.error().message(),
                  HasSubstr("for other differs from the backup and is dropped again: nothing was replaced"));
      EXPECT_THAT(component.refused(), ElementsAre(what("table other/public.t")));
    });
    EXPECT_EQ(ask("other", "SELECT id FROM public.t"), "2");
    EXPECT_EQ(ask("summit", "SELECT id FROM public.t"), "2") << "it was equal, and came before";
    EXPECT_THAT(databases(), Not(Contains(HasSubstr("_restoring_"))));
  }

  databases_ = {};
  databases_.in_place = true;
  const auto differences = with_restore(id, target_, [](auto& component, auto& context) {
    expect_ok(component.restore(context, {}));
    EXPECT_THAT(component.refused(), IsEmpty());
    return expect_ok(component.compare(context));
  });
  EXPECT_THAT(differences, ElementsAre(what("table other/public.t")));
  EXPECT_EQ(ask("other", "SELECT id FROM public.t"), "1");
}

TEST_F(PostgresComponents, GrantsAndCommentOfADatabaseAreComparedWhenItHasItsPlace) {
  run("summit",
      "CREATE TABLE public.t (id integer); COMMENT ON DATABASE summit IS 'of the platform'; REVOKE CONNECT "
      "ON "
      "DATABASE summit FROM PUBLIC");
  const auto restored_and_compared = [&](const std::string& id) {
    return with_restore(id, target_, [](auto& component, auto& context) {
      expect_ok(component.restore(context, {}));
      return expect_ok(component.compare(context));
    });
  };
  EXPECT_THAT(restored_and_compared(expect_ok(back_up(target_))), IsEmpty());
  const auto other = expect_ok(back_up(target_, "postgresql", {}, another_hash("schema", "grants")));
  EXPECT_THAT(restored_and_compared(other), ElementsAre(what("schema grants")));
}

// Fails wherever the database has another name, which it has while it is restored beside.
constexpr std::string_view kPickyFunction = R"sql(
CREATE FUNCTION public.picky(n integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN
  IF pg_catalog.current_database() <> 'summit' THEN RAISE EXCEPTION 'not here'; END IF; RETURN n; END $$;
CREATE TABLE public.t AS SELECT 1 AS id;
)sql";

// Definitions that no server would accept again.
constexpr std::string_view kBrokenDefinitions = R"sql(
CREATE TABLE public.twice (id integer PRIMARY KEY, note text);
CREATE TABLE public.referring (id integer REFERENCES public.twice, other integer);
COMMENT ON CONSTRAINT twice_pkey ON public.twice IS 'not so';
UPDATE pg_index SET indisready = false, indisvalid = false WHERE indexrelid = 'public.twice_pkey'::regclass;
INSERT INTO public.twice VALUES (7711, 'a'), (7711, 'b');
UPDATE pg_index SET indisready = true, indisvalid = true WHERE indexrelid = 'public.twice_pkey'::regclass;
CREATE TABLE public.single (id integer PRIMARY KEY);
ALTER TABLE public.referring ADD CONSTRAINT missing FOREIGN KEY (other) REFERENCES public.single;
SET session_replication_role = replica;
INSERT INTO public.referring VALUES (NULL, 7722);
RESET session_replication_role;
CREATE INDEX by_note ON public.twice (note);
)sql";

TEST_F(PostgresComponents, DefinitionsThatFailAreLeftOutAndNamedWhenAskedFor) {
  run("summit", kPickyFunction);
  run("summit", kBrokenDefinitions);
  run("summit",
      "CREATE MATERIALIZED VIEW public.v AS SELECT public.picky(id) AS n FROM public.t; CREATE MATERIALIZED "
      "VIEW public.fine AS SELECT id FROM public.t; CREATE INDEX picky_index ON public.t (public.picky(id)); "
      "COMMENT ON INDEX public.picky_index IS 'of t'; GRANT SELECT ON public.t TO pg_monitor");
  const auto id = expect_ok(back_up(target_));
  run("summit", "INSERT INTO public.t VALUES (2)");

  const auto refused = restore_to(id, target_);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().hint(), HasSubstr("--skip-failed-definitions")) << refused.error().to_string();
  EXPECT_EQ(ask("summit", "SELECT count(*) FROM public.t"), "2");

  databases_.skip_failed_definitions = true;
  const auto skipped = with_restore(id, target_, [](auto& component, auto& context) {
    expect_ok(component.restore(context, {}));
    EXPECT_THAT(expect_ok(component.compare(context)), IsEmpty());
    return component.skipped();
  });
  EXPECT_THAT(
      skipped,
      testing::UnorderedElementsAre(
          AllOf(HasSubstr("CONSTRAINT public.twice twice_pkey was left out"), HasSubstr("SQLSTATE 23505")),
          HasSubstr("FK CONSTRAINT public.referring referring_id_fkey was left out"),
          HasSubstr("COMMENT public.CONSTRAINT twice_pkey ON twice was left out: it needs what was left out"),
          AllOf(HasSubstr("FK CONSTRAINT public.referring missing was left out"),
                HasSubstr("SQLSTATE 23503")),
          AllOf(HasSubstr("INDEX public.picky_index was left out"), HasSubstr("SQLSTATE P0001")),
          HasSubstr("COMMENT public.INDEX picky_index was left out"),
          AllOf(HasSubstr("MATERIALIZED VIEW DATA public.v was left out"), HasSubstr("SQLSTATE P0001")),
          HasSubstr("definitions are not compared")));
  // Alone: the digits may be part of a port or of the name of the database beside.
  for (const auto& sentence : skipped)
    EXPECT_THAT(sentence, Not(testing::ContainsRegex("(^|[^0-9a-f])77[12]([^0-9a-f]|$)")));
  EXPECT_EQ(ask("summit", "SELECT count(*) FROM public.t"), "1");
  EXPECT_EQ(ask("summit", "SELECT count(*) FROM public.twice"), "2");
  EXPECT_EQ(ask("summit", "SELECT count(*) FROM public.fine"), "1");
  EXPECT_EQ(ask("summit",
                "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relkind = 'i' "
                "AND relnamespace = 'public'::regnamespace"),
            "by_note single_pkey");
  EXPECT_EQ(ask("summit", "SELECT has_table_privilege('pg_monitor', 'public.t', 'SELECT')"), "t");
}

TEST_F(PostgresComponents,
       AViewWhoseQueryNeedsAKeyThatFailedIsNamedAsAPlaceholderAndNothingIsComputedFromIt) {
  run("summit", kBrokenDefinitions);
  run("summit",
      "CREATE TABLE public.fine AS SELECT 1 AS id; "
      "CREATE VIEW public.grouped AS SELECT id, note FROM public.twice GROUP BY id; "
      "CREATE VIEW public.over AS SELECT note FROM public.grouped; "
      "CREATE MATERIALIZED VIEW public.totals AS SELECT count(*) AS n FROM public.over; "
      "CREATE MATERIALIZED VIEW public.others AS SELECT id FROM public.fine");
  const auto id = expect_ok(back_up(target_));
  databases_.skip_failed_definitions = true;
  const auto skipped = with_restore(id, target_, [](auto& component, auto& context) {
    expect_ok(component.restore(context, {}));
    EXPECT_THAT(expect_ok(component.compare(context)), IsEmpty());
    return component.skipped();
  });
  for (const char* sentence :
       {"RULE public.grouped _RETURN was left out", "VIEW public.grouped is only a placeholder",
        "VIEW public.over reads a view that is only a placeholder",
        "MATERIALIZED VIEW public.totals reads a view that is only a placeholder",
        "MATERIALIZED VIEW DATA public.totals was left out: it needs what was left out"})
    EXPECT_THAT(skipped, Contains(HasSubstr(sentence)));
  EXPECT_THAT(skipped, Not(Contains(HasSubstr("public.others"))));
  EXPECT_EQ(ask("summit",
                "SELECT string_agg(matviewname || ispopulated, ' ' ORDER BY matviewname) FROM pg_matviews"),
            "otherstrue totalsfalse");
}

TEST_F(PostgresComponents, AViewThatReadsOneWhoseRowsWereLeftOutIsLeftOutToo) {
  run("summit", kPickyFunction);
  run("summit",
      "CREATE MATERIALIZED VIEW public.v AS SELECT public.picky(id) AS n FROM public.t; CREATE FUNCTION "
      "public.read_v() RETURNS integer LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT max(n) FROM public.v); "
      "END'; "
      "CREATE MATERIALIZED VIEW public.w AS SELECT public.read_v() AS n");
  const auto id = expect_ok(back_up(target_));
  databases_.skip_failed_definitions = true;
  const auto skipped = with_restore(id, target_, [](auto& component, auto& context) {
    expect_ok(component.restore(context, {}));
    return component.skipped();
  });
  EXPECT_THAT(skipped, Contains(AllOf(HasSubstr("MATERIALIZED VIEW DATA public.w was left out"),
                                      HasSubstr("SQLSTATE 55000"))));
}

TEST_F(PostgresComponents, ARefreshThatFailsRefusesTheRestoreAndSaysTheWayOut) {
  run("summit", kPickyFunction);
  run("summit", "CREATE MATERIALIZED VIEW public.v AS SELECT public.picky(id) AS n FROM public.t");
  const auto id = expect_ok(back_up(target_));
  const auto refused = restore_to(id, target_);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().hint(), HasSubstr("--skip-failed-definitions")) << refused.error().to_string();

  databases_.skip_failed_definitions = databases_.in_place = true;
  const auto skipped = with_restore(id, target_, [](auto& component, auto& context) {
    expect_ok(component.restore(context, {}));
    EXPECT_THAT(expect_ok(component.compare(context)), IsEmpty());
    return component.skipped();
  });
  EXPECT_THAT(skipped, IsEmpty()) << "in place the database has its name, and nothing fails";
}

TEST_F(PostgresComponents, AMaterializedViewThatWasStaleIsNoDifference) {
  run("summit",
      "CREATE TABLE public.t (id integer); CREATE MATERIALIZED VIEW public.v AS SELECT count(*) AS n FROM "
      "public.t; "
      "INSERT INTO public.t VALUES (1)");
  const auto id = expect_ok(back_up(target_));
  expect_ok(restore_to(id, target_));
  EXPECT_THAT(compare_with(id, target_), IsEmpty());
  run("summit", "DELETE FROM public.t; REFRESH MATERIALIZED VIEW public.v; INSERT INTO public.t VALUES (1)");
  EXPECT_THAT(compare_with(id, target_), IsEmpty()) << "as it was recorded";
  run("summit",
      "INSERT INTO public.t VALUES (2), (3); REFRESH MATERIALIZED VIEW public.v; DELETE FROM public.t WHERE "
      "id > 1");
  EXPECT_THAT(compare_with(id, target_), ElementsAre(what("materialized_view public.v")));
}

TEST_F(PostgresComponents, ADamagedArchiveReplacesNothing) {
  run("summit", "CREATE TABLE public.t AS SELECT generate_series(1, 5000) AS id");
  const auto id = expect_ok(back_up(target_));
  const fs::path archive = base() / id / "postgres-full.dump";
  {
    std::fstream file(archive, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(fs::file_size(archive)) - 40);
    file.put('\x5a');
  }
  const auto restored = restore_to(id, target_);
  ASSERT_FALSE(restored.ok());
  EXPECT_EQ(restored.error().code(), Code::kCorrupt);
  EXPECT_THAT(restored.error().hint(), HasSubstr("summit-dr verify"));
  EXPECT_THAT(databases(), ElementsAre("postgres", "summit", "summit_dev"));
}

TEST_F(PostgresComponents, ThePlanSaysWhatIsOverwrittenAndWhatStandsInTheWay) {
  run("summit", "CREATE TABLE public.t AS SELECT generate_series(1, 5000) AS id");
  const auto id = expect_ok(back_up(target_));
  auto user = connect("summit");
  auto plan = with_restore(id, target_,
                           [](auto& component, auto& context) { return expect_ok(component.plan(context)); });
  EXPECT_THAT(plan.target, AllOf(HasSubstr("database summit"), HasSubstr(fmt::format(":{}", target_.port))));
  EXPECT_THAT(plan.overwrites, HasSubstr("1 tables"));
  EXPECT_THAT(plan.notes, Contains(HasSubstr(fmt::format("pid {}", user.backend_pid()))));
  EXPECT_GT(plan.bytes, 1000000u);

  auto nowhere = target_;
  nowhere.databases = {"not_yet"};
  plan = with_restore(id, nowhere,
                      [](auto& component, auto& context) { return expect_ok(component.plan(context)); });
  EXPECT_EQ(plan.overwrites, "nothing: it does not exist");
}

TEST_F(PostgresComponents, ThePlanNamesWhatGoesWhenAPartTakesThePlaceOfTheWhole) {
  run("summit",
      "CREATE TABLE public.users (id integer PRIMARY KEY); CREATE TABLE public.tasks (owner integer "
      "REFERENCES "
      "public.users)");
  for (int i = 0; i < 12; ++i) run("summit", fmt::format("CREATE TABLE public.other_{:02} (id integer)", i));
  run("summit", "SELECT lo_from_bytea(0, 'x')");
  const auto notes_of = [&](const std::string& id) {
    return with_restore(
        id, target_, [](auto& component, auto& context) { return expect_ok(component.plan(context)).notes; });
  };
  config::ComponentSpec core;
  core.filter = "core";
  core.tables = {"tasks"};
  const auto part = expect_ok(back_up(target_, "postgresql", core));
  EXPECT_THAT(
      notes_of(part),
      Contains("the backup holds 2 of the 14 tables that are here: the rest goes: public.other_00, "
               "public.other_01, public.other_02, public.other_03, public.other_04, public.other_05, "
               "public.other_06, public.other_07, public.other_08, public.other_09, … (and 2 more); 1 "
               "large objects go: the backup holds none"));
  EXPECT_THAT(notes_of(expect_ok(back_up(target_))), Not(Contains(HasSubstr("the rest goes"))));
}

TEST_F(PostgresComponents, TheReplacedDatabaseIsKeptWhenAskedAndNamed) {
  run("summit", "CREATE TABLE public.t AS SELECT generate_series(1, 50) AS id");
  const auto id = expect_ok(back_up(target_));
  run("summit", "DELETE FROM public.t");
  databases_.keep_replaced = true;
  const auto lines = with_restore(id, target_, [](auto& component, auto& context) {
    expect_ok(component.restore(context, {}));
    return expect_ok(component.probe(context));
  });
  EXPECT_EQ(ask("summit", "SELECT count(*) FROM public.t"), "50");
  const auto kept = databases().at(3);
  EXPECT_THAT(kept, testing::StartsWith("summit_replaced_"));
  EXPECT_THAT(lines, Contains(HasSubstr("DROP DATABASE \"" + kept + "\"")));
  EXPECT_EQ(ask(kept, "SELECT count(*) FROM public.t"), "0");

  databases_ = {};
  const auto plan = with_restore(
      id, target_, [](auto& component, auto& context) { return expect_ok(component.plan(context)); });
  EXPECT_THAT(plan.notes, Contains(HasSubstr(kept + " is what an earlier restore replaced")));
  expect_ok(restore_to(id, target_));
  EXPECT_THAT(databases(), ElementsAre("postgres", "summit", "summit_dev", kept));
}

TEST_F(PostgresComponents, ChosenTablesAloneAreRestoredAndCompared) {
  run("summit",
      "CREATE TABLE public.a AS SELECT generate_series(1, 20) AS id; CREATE TABLE public.b AS SELECT 1 AS "
      "id; "
      "CREATE SCHEMA s; CREATE TABLE s.c AS SELECT 5 AS id");
  const auto id = expect_ok(back_up(target_));
  run("summit",
      "DELETE FROM public.a; DELETE FROM public.b; DROP TABLE s.c; INSERT INTO public.b VALUES (2)");
  databases_.only = {"a", "s"};
  const auto [notes, differences] = with_restore(id, target_, [](auto& component, auto& context) {
    const auto plan = expect_ok(component.plan(context));
    expect_ok(component.restore(context, {}));
    return std::pair(plan.notes, expect_ok(component.compare(context)));
  });
  EXPECT_THAT(notes, Contains(HasSubstr("emptied and filled again, in one transaction: public.a")));
  EXPECT_THAT(notes, Contains("created: s.c"));
  EXPECT_THAT(differences, IsEmpty());
  EXPECT_EQ(ask("summit", "SELECT count(*) FROM public.a"), "20");
  EXPECT_EQ(ask("summit", "SELECT id FROM s.c"), "5");
  EXPECT_EQ(ask("summit", "SELECT id FROM public.b"), "2");
}

TEST_F(PostgresComponents, ATableThatWasMadeSinceThePlanSaidItIsCreatedIsNotEmptied) {
  run("summit", "CREATE TABLE public.a AS SELECT 1 AS id; CREATE TABLE public.c AS SELECT 5 AS id");
  const auto id = expect_ok(back_up(target_));
  run("summit", "UPDATE public.a SET id = 2; DROP TABLE public.c");
  databases_.only = {"a", "c"};
  const auto restored = with_restore(id, target_, [&](auto& component, auto& context) {
    EXPECT_THAT(expect_ok(component.plan(context)).tables.created, ElementsAre("public.c"));
    run("summit", "CREATE TABLE public.c AS SELECT 6 AS id");
    return component.restore(context, {});
  });
  ASSERT_FALSE(restored.ok());
  EXPECT_EQ(restored.error().code(), Code::kRefused);
  EXPECT_THAT(restored.error().message(), HasSubstr("since the plan was shown: public.c"));
  EXPECT_EQ(ask("summit", "SELECT (SELECT id FROM public.a) * 10 + (SELECT id FROM public.c)"), "26");
}

TEST_F(PostgresComponents, APartitionThatIsNewerThanTheBackupIsNoDifference) {
  run("summit",
      "CREATE TABLE public.log (at date) PARTITION BY RANGE (at); CREATE TABLE public.log_2026 PARTITION OF "
      "public.log FOR VALUES FROM ('2026-01-01') TO ('2027-01-01'); INSERT INTO public.log VALUES "
      "('2026-02-03')");
  const auto id = expect_ok(back_up(target_));
  run("summit",
      "CREATE TABLE public.log_2027 PARTITION OF public.log FOR VALUES FROM ('2027-01-01') TO "
      "('2028-01-01'); "
      "INSERT INTO public.log VALUES ('2027-02-03'); DELETE FROM public.log_2026");
  databases_.only = {"log"};
  const auto differences = with_restore(id, target_, [](auto& component, auto& context) {
    expect_ok(component.restore(context, {}));
    return expect_ok(component.compare(context));
  });
  EXPECT_THAT(differences, IsEmpty());
  EXPECT_EQ(ask("summit", "SELECT count(*) FROM public.log"), "2");
}

TEST_F(PostgresComponents, ARollbackOfSomeTablesPutsBackWhatTheRestoreReplacedAndNothingElse) {
  run("summit",
      "CREATE TABLE public.a AS SELECT 1 AS id; CREATE TABLE public.b AS SELECT 1 AS id; CREATE TABLE "
      "public.gone AS SELECT 1 AS id; CREATE TABLE public.log (at date) PARTITION BY RANGE (at); CREATE "
      "TABLE "
      "public.log_2026 PARTITION OF public.log FOR VALUES FROM ('2026-01-01') TO ('2027-01-01'); INSERT INTO "
      "public.log VALUES ('2026-02-03')");
  const auto id = expect_ok(back_up(target_));
  run("summit",
      "UPDATE public.a SET id = 2; DROP TABLE public.gone; DELETE FROM public.log; CREATE TABLE "
      "public.log_2027 PARTITION OF public.log FOR VALUES FROM ('2027-01-01') TO ('2028-01-01'); CREATE "
      "TABLE "
      "public.unknown AS SELECT 1 AS id; INSERT INTO public.log VALUES ('2026-05-05'); ALTER TABLE "
      "public.log "
      "ADD CONSTRAINT late CHECK (at <> '2026-05-05') NOT VALID");
  const auto safety = expect_ok(back_up(target_));
  databases_.exclude = {"b"};
  const auto tables = with_restore(id, target_, [](auto& component, auto& context) {
    const auto step = expect_ok(component.plan(context));
    expect_ok(component.restore(context, {}));
    return step.tables;
  });
  EXPECT_THAT(tables.replaced, ElementsAre("public.a", "public.log", "public.log_2026"));
  EXPECT_THAT(tables.created, ElementsAre("public.gone"));
  EXPECT_EQ(ask("summit", "SELECT id FROM public.a"), "1");

  run("summit",
      "INSERT INTO public.b VALUES (7); INSERT INTO public.unknown VALUES (7); INSERT INTO public.log VALUES "
      "('2027-02-03')");
  databases_ = {};
  databases_.undone = TablesByComponent{{"postgresql", tables}};
  const auto [notes, differences] = with_restore(safety, target_, [](auto& component, auto& context) {
    const auto step = expect_ok(component.plan(context));
    expect_ok(component.restore(context, {}));
    return std::pair(step.notes, expect_ok(component.compare(context)));
  });
  EXPECT_THAT(
      notes,
      testing::IsSupersetOf(
          {HasSubstr("emptied and filled again, in one transaction: public.a, public.log, public.log_2026"),
           HasSubstr("only what it replaced is put back"), HasSubstr("public.log is not compared"),
           HasSubstr("public.gone was created by the restore, and stays")}));
  EXPECT_THAT(differences, IsEmpty());
  EXPECT_EQ(ask("summit", "SELECT id FROM public.a"), "2");
  EXPECT_EQ(ask("summit", "SELECT string_agg(at::text, ' ' ORDER BY at) FROM public.log"),
            "2026-05-05 2027-02-03");
  for (const char* table : {"b", "unknown"})
    EXPECT_EQ(ask("summit", fmt::format("SELECT count(*) FROM public.{}", table)), "2") << "written since";
  EXPECT_EQ(ask("summit", "SELECT count(*) FROM public.gone"), "1");
}

TEST_F(PostgresComponents, ARollbackComparesAPartitionedTableOfWhichEveryPartitionWasPutBack) {
  run("summit",
      "CREATE TABLE public.log (at date) PARTITION BY RANGE (at); CREATE TABLE public.log_2026 PARTITION OF "
      "public.log FOR VALUES FROM ('2026-01-01') TO ('2027-01-01'); INSERT INTO public.log VALUES "
      "('2026-02-03')");
  const auto restored_and_compared = [&](const std::string& id) {
    return with_restore(id, target_, [](auto& component, auto& context) {
      expect_ok(component.restore(context, {}));
      return expect_ok(component.compare(context));
    });
  };
  databases_.undone =
      TablesByComponent{{"postgresql", {.replaced = {"public.log", "public.log_2026"}, .created = {}}}};
  EXPECT_THAT(restored_and_compared(expect_ok(back_up(target_))), IsEmpty());
  const auto other = expect_ok(back_up(target_, "postgresql", {}, another_hash("table", "public.log")));
  EXPECT_THAT(restored_and_compared(other), ElementsAre(what("table public.log")));
}

TEST_F(PostgresComponents, ARestoreInPlaceKeepsTheDatabaseAndReplacesItsContents) {
  run("summit", "CREATE TABLE public.t AS SELECT generate_series(1, 50) AS id");
  const auto id = expect_ok(back_up(target_));
  run("summit", "DROP TABLE public.t; CREATE TABLE public.later (id integer)");
  const auto oid = ask("postgres", "SELECT oid FROM pg_database WHERE datname = 'summit'");
  databases_.in_place = true;
  const auto plan = with_restore(
      id, target_, [](auto& component, auto& context) { return expect_ok(component.plan(context)); });
  EXPECT_THAT(plan.notes, Contains(HasSubstr("half-restored")));
  expect_ok(restore_to(id, target_));
  EXPECT_THAT(compare_with(id, target_), IsEmpty());
  EXPECT_EQ(ask("postgres", "SELECT oid FROM pg_database WHERE datname = 'summit'"), oid);
}

TEST_F(PostgresComponents, AStoppedServerFailsInPrepare) {
  expect_ok(server().stop());
  const auto id = back_up(target_);
  ASSERT_FALSE(id.ok());
  EXPECT_EQ(id.error().code(), Code::kUnreachable);
}

TEST_F(PostgresComponents, HypertablesAreListedAndPlainTablesSaySo) {
  run("summit",
      "CREATE EXTENSION timescaledb SCHEMA public; CREATE TABLE public.events (at timestamptz NOT NULL); "
      "SELECT public.create_hypertable('public.events', 'at'); INSERT INTO public.events VALUES "
      "('2026-01-01'), ('2026-05-01'); "
      "CREATE TABLE public.plain (id integer)");
  auto writer = expect_ok(repository::PlainRepository(base()).begin("summit-backup-full-20260101T000000Z"));
  config::ComponentSpec spec;
  spec.name = "timescaledb";
  spec.tables = {"events", "plain"};
  auto component = backup::make_timescaledb_component(spec, target_, "timescaledb");
  const auto record = expect_ok(capture(*component, *writer));
  EXPECT_EQ(record.details.at("hypertables"), "public.events");
  EXPECT_THAT(record.details.at("hypertable:public.events"), HasSubstr("2 chunks by at"));
  EXPECT_EQ(record.details.at("table:plain"), "plain table: no hypertable");
  EXPECT_THAT(record.artifacts, IsEmpty());

  spec.tables = {"nowhere"};
  component = backup::make_timescaledb_component(spec, target_, "timescaledb");
  EXPECT_EQ(capture(*component, *writer).error().code(), Code::kNotFound);

  auto plain = target_;
  plain.databases = {"summit_dev"};
  spec.tables = {};
  component = backup::make_timescaledb_component(spec, plain, "timescaledb");
  EXPECT_THAT(expect_ok(capture(*component, *writer)).notes, Contains(HasSubstr("not installed")));
}

TEST_F(PostgresComponents, ASecondServerHasArtifactsOfItsOwn) {
  target_.name = "analytics";
  const auto record = record_of(expect_ok(back_up(target_, "postgresql/analytics")));
  std::vector<std::string> names;
  for (const auto& artifact : record.artifacts) names.push_back(artifact.name);
  EXPECT_THAT(names, ElementsAre("postgres-analytics-globals.sql", "postgres-analytics-summit.dump"));
  EXPECT_EQ(record.fingerprints.front().store, "postgresql/analytics");
}

}  // namespace
}  // namespace summit::recovery
