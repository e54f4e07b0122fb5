// One tenant's rows back into a live database, against real servers.
#include "tests/stores/postgres/merge/merge_world.h"

namespace summit::postgres::merge {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Deletions, changes and additions in every table of acme.
constexpr std::string_view kDamage = R"sql(
  SET session_replication_role = replica;
  DELETE FROM public.users WHERE login IN ('acme2', 'acme3');
  DELETE FROM public."Tasks" WHERE tenant_id = 'acme' AND id % 3 = 0;
  DELETE FROM public.results WHERE task_id < 10 AND task_id IN (SELECT id FROM public."Tasks" WHERE tenant_id = 'acme');
  DELETE FROM public.chickens WHERE id = 1;
  DELETE FROM public.eggs WHERE id = 1;
  DELETE FROM public.audit WHERE tenant_id = 'acme' AND seq < 10;
  DELETE FROM public.lines WHERE ctid IN (SELECT ctid FROM public.lines WHERE tenant_id = 'acme' LIMIT 5);
  UPDATE public.tenants SET settings = '{"a":1}' WHERE id = 'acme';
  UPDATE public.users SET login = 'changed', country = 'no' WHERE login = 'acme4';
  UPDATE public."Tasks" SET title = NULL, parent_id = NULL WHERE tenant_id = 'acme' AND id % 4 = 0;
  UPDATE public.billing SET due = due + 100, amount = 1.0 WHERE tenant_id = 'acme' AND id > 20;
  UPDATE public.billing SET amount = amount * 1.00 WHERE tenant_id = 'acme' AND id = 4;
  INSERT INTO public.users (tenant_id, login) VALUES ('acme', 'added');
  INSERT INTO public."Tasks" (tenant_id, "Owner", title) SELECT 'acme', id, 'added' FROM public.users WHERE login = 'added';
  INSERT INTO public.results SELECT 1000, id, 'x' FROM public."Tasks" WHERE title = 'added';
  INSERT INTO public.lines VALUES ('acme', 'line 1', 1), ('acme', 'line 1', 1), ('acme', 'added', 7);
  INSERT INTO public.billing VALUES (100, 'acme', '2030-01-01', 0);
  INSERT INTO public.audit VALUES (1000, 'acme', 'added')
)sql";

TEST_F(MergeTest, TheTenantIsAsInTheBackupAndEverybodyElseIsUntouched) {
  const auto acme = rows(true);
  const auto others = rows(false);
  run("live", kDamage);
  ASSERT_NE(rows(true), acme);
  const auto report = expect_ok(apply());
  EXPECT_EQ(rows(true), acme);
  EXPECT_EQ(rows(false), others);
  EXPECT_EQ(report.others_proven, others.size() - 3) << "all but the shared countries, which nobody wrote";
  const auto* users = changes_of(report, "public.users");
  ASSERT_NE(users, nullptr);
  EXPECT_EQ(users->owned, 6u);
  EXPECT_EQ(users->insert, 2u);
  EXPECT_EQ(users->change, 1u);
  EXPECT_EQ(users->remove, 1u);
}

TEST_F(MergeTest, APreviewSaysWhatTheMergeDoesAndChangesNothing) {
  run("live", kDamage);
  const auto acme = rows(true);
  auto merge = expect_ok(staged(endpoint()));
  const auto preview = expect_ok(merge.preview());
  EXPECT_EQ(rows(true), acme);
  const auto report = expect_ok(merge.apply());
  ASSERT_EQ(preview.tables.size(), report.tables.size());
  for (size_t i = 0; i < report.tables.size(); ++i) {
    EXPECT_EQ(preview.tables[i].table, report.tables[i].table);
    EXPECT_EQ(preview.tables[i].changes.insert, report.tables[i].changes.insert);
    EXPECT_EQ(preview.tables[i].changes.change, report.tables[i].changes.change);
    EXPECT_EQ(preview.tables[i].changes.remove, report.tables[i].changes.remove);
  }
  EXPECT_FALSE(expect_ok(merge.preview()).changes_anything())
      << "the second time there is nothing left to do";
}

TEST_F(MergeTest, WhatIsEqualIsNotWritten) {
  const auto before = ask("live", "SELECT array_agg(xmin::text ORDER BY id)::text FROM public.\"Tasks\"");
  const auto report = expect_ok(apply());
  EXPECT_FALSE(report.changes_anything());
  EXPECT_EQ(ask("live", "SELECT array_agg(xmin::text ORDER BY id)::text FROM public.\"Tasks\""), before);
}

TEST_F(MergeTest, TriggersOfTheTablesStaySilentAndAreThereAfterwards) {
  run("live", kDamage);
  expect_ok(apply());
  EXPECT_EQ(ask("live", "SELECT count(*) FROM public.\"Tasks\" WHERE title = 'stamped'"), "0");
  EXPECT_EQ(ask("live",
                "SELECT string_agg(tgname || tgenabled::text, ',' ORDER BY tgname) FROM pg_trigger WHERE NOT "
                "tgisinternal"),
            "append_onlyO,stampedA");
}

TEST_F(MergeTest, SequencesMoveOnAndNeverBack) {
  run("live", kDamage);
  run("live",
      "SELECT setval('public.\"Tasks_id_seq\"', 3), setval(pg_get_serial_sequence('public.users', 'id'), "
      "500)");
  const auto report = expect_ok(apply());
  ASSERT_EQ(report.sequences.size(), 1u);
  EXPECT_EQ(report.sequences.front().sequence.name, "Tasks_id_seq");
  EXPECT_EQ(report.sequences.front().from, 3);
  EXPECT_EQ(report.sequences.front().to, 60);
  EXPECT_EQ(ask("live", "SELECT nextval('public.\"Tasks_id_seq\"')"), "61");
  EXPECT_EQ(ask("live", "SELECT nextval(pg_get_serial_sequence('public.users', 'id'))"), "501");
}

TEST_F(MergeTest, MaterializedViewsAreRefreshedOrNamed) {
  run("live",
      "DELETE FROM public.results WHERE task_id = 1; DELETE FROM public.\"Tasks\" WHERE id = 5; REFRESH "
      "MATERIALIZED VIEW public.sizes");
  const auto report = expect_ok(apply());
  EXPECT_EQ(ask("live", "SELECT count FROM public.sizes WHERE tenant_id = 'acme'"), "30");
  EXPECT_THAT(report.notes, Contains(HasSubstr("refreshed the materialized view public.sizes")));
  EXPECT_THAT(report.notes, Contains(HasSubstr("REFRESH MATERIALIZED VIEW public.total")));
}

TEST_F(MergeTest, SharedRowsComeBackOnlyWhereTheyAreNeededAndAreNeverChanged) {
  run("live",
      "SET session_replication_role = replica; DELETE FROM public.countries WHERE code IN ('de', 'no'); "
      "UPDATE "
      "public.countries SET name = 'Frankreich' WHERE code = 'fr'");
  const auto report = expect_ok(apply());
  EXPECT_EQ(ask("live", "SELECT string_agg(name, ',' ORDER BY code) FROM public.countries"),
            "Deutschland,Frankreich");
  const auto* countries = changes_of(report, "public.countries");
  ASSERT_NE(countries, nullptr);
  EXPECT_EQ(countries->lend, 1u);
  EXPECT_EQ(countries->lacking, 1u);
  EXPECT_EQ(countries->differing, 1u);
  EXPECT_THAT(report.notes, Contains(HasSubstr("public.countries: 1 rows")));
}

// The backup has no manager of acme1, be it because there was none or because he was somebody else's.
TEST_F(MergeTest, AReferenceToSomebodyElseThatTheBackupLeftOutIsNotCut) {
  run("live", "UPDATE public.users SET manager_id = 2, country = 'no' WHERE login = 'acme1'");
  MergeRequest request;
  request.database = "live";
  request.rules = rules();
  request.rules.outside_of = {{{"users.manager_id", "backup-sets.yaml:5"}, config::OutsidePolicy::kNull}};
  request.id = "acme";
  auto merge = expect_ok(RowMerge::open(endpoint(), request, {}));
  expect_ok(merge.stage(archive_file(world_->archive)));
  const auto report = expect_ok(merge.apply());
  EXPECT_EQ(report.changed(), 1u);
  EXPECT_EQ(ask("live", "SELECT manager_id || ' ' || country FROM public.users WHERE login = 'acme1'"),
            "2 fr");

  run("live", "UPDATE public.users SET manager_id = 1 WHERE login = 'acme1'");
  auto another = expect_ok(RowMerge::open(endpoint(), request, {}));
  expect_ok(another.stage(archive_file(world_->archive)));
  expect_ok(another.apply());
  EXPECT_EQ(ask("live", "SELECT manager_id IS NULL FROM public.users WHERE login = 'acme1'"), "t");
}

TEST_F(MergeTest, ValuesThatRowsOfTheTenantExchangedComeBack) {
  const auto acme = rows(true);
  run("live",
      "UPDATE public.users SET login = login || '?' WHERE login IN ('acme5', 'acme6'); UPDATE public.users "
      "SET login = "
      "CASE login WHEN 'acme5?' THEN 'acme6' ELSE 'acme5' END WHERE login LIKE '%?'");
  const auto refused = apply();
  ASSERT_FALSE(refused.ok()) << "tasks would go with a user that is deleted for a moment";
  EXPECT_EQ(refused.error().code(), Code::kUnsupported);
  EXPECT_THAT(refused.error().message(), HasSubstr("exchange unique values"));
  run("live",
      "ALTER TABLE public.\"Tasks\" DROP CONSTRAINT \"Tasks_Owner_fkey\", ADD FOREIGN KEY (\"Owner\") "
      "REFERENCES "
      "public.users");
  expect_ok(apply());
  EXPECT_EQ(rows(true), acme);
}

TEST_F(MergeTest, WritesOfAnotherTenantMeanwhileStay) {
  run("live", kDamage);
  auto merge = expect_ok(staged(endpoint()));
  auto writer = connect("live");
  expect_ok(writer.execute("BEGIN"));
  expect_ok(writer.execute("INSERT INTO public.lines VALUES ('globex', 'new', 1)"));
  expect_ok(writer.execute("UPDATE public.eggs SET chicken_id = chicken_id WHERE tenant_id = 'globex'"));
  expect_ok(writer.execute("DELETE FROM public.billing WHERE id = 1"));
  expect_ok(merge.apply());
  expect_ok(writer.execute("COMMIT"));
  EXPECT_EQ(ask("live", "SELECT count(*) FROM public.lines WHERE line = 'new'"), "1");
  EXPECT_EQ(ask("live", "SELECT count(*) FROM public.billing WHERE id = 1"), "0");
}

TEST_F(MergeTest, ARowThatSomebodyLocksMakesItBusyAndChangesNothing) {
  run("live",
      "UPDATE public.eggs SET id = id + 100 WHERE false; UPDATE public.tenants SET name = 'x' WHERE id = "
      "'acme'");
  auto merge = expect_ok(staged(endpoint()));
  auto writer = connect("live");
  expect_ok(writer.execute("BEGIN; UPDATE public.tenants SET name = 'y' WHERE id = 'acme'"));
  const auto report = merge.apply();
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code(), Code::kBusy);
  EXPECT_THAT(report.error().hint(), HasSubstr("pg_stat_activity"));
  expect_ok(writer.execute("COMMIT"));
  expect_ok(merge.apply());
  EXPECT_EQ(ask("live", "SELECT name FROM public.tenants WHERE id = 'acme'"), "Acme");
}

TEST_F(MergeTest, TwoMergesNeverRunAtOnce) {
  auto merge = expect_ok(staged(endpoint()));
  auto other = connect("live");
  expect_ok(other.execute("BEGIN; SELECT pg_advisory_xact_lock(7308332041914835309)"));
  const auto report = merge.apply();
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code(), Code::kBusy);
}

TEST_F(MergeTest, AnEndedSessionLeavesEverythingAsItWas) {
  run("live", kDamage);
  const auto acme = rows(true);
  const auto others = rows(false);
  auto merge = expect_ok(staged(endpoint()));
  // The merge waits for this row after it has written others; there it is ended.
  auto writer = connect("live");
  expect_ok(writer.execute("BEGIN; UPDATE public.tenants SET name = name WHERE id = 'acme'"));
  TaskGroup group;
  std::optional<Result<MergeReport>> report;
  group.spawn([&]() -> Result<void> {
    report = merge.apply();
    return {};
  });
  auto killer = connect("postgres");
  bool ended = false;
  while (!ended) {
    const auto waiting =
        expect_ok(killer.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type "
                               "= 'Lock' AND datname = 'live'"));
    ended = !waiting.empty();
    if (report) break;
  }
  expect_ok(group.join());
  EXPECT_TRUE(ended);
  ASSERT_TRUE(report.has_value());
  ASSERT_FALSE(report->ok());
  expect_ok(writer.execute("ROLLBACK"));
  EXPECT_EQ(rows(true), acme);
  EXPECT_EQ(rows(false), others);
}

TEST_F(MergeTest, RowsThatBelongToSomebodyElseNowAreRefused) {
  run("live",
      "SET session_replication_role = replica; UPDATE public.audit SET tenant_id = 'globex' WHERE seq IN (2, "
      "4); DELETE "
      "FROM public.users WHERE login = 'acme2'; INSERT INTO public.users (tenant_id, login) VALUES "
      "('globex', 'acme2')");
  const auto everything = rows(true);
  const auto others = rows(false);
  const auto report = apply();
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code(), Code::kRefused);
  EXPECT_THAT(report.error().message(), HasSubstr("2 rows of public.audit"));
  EXPECT_THAT(report.error().message(),
              HasSubstr("1 row of public.users has values of users_login_key (login)"));
  EXPECT_THAT(report.error().hint(), HasSubstr("--into"));
  EXPECT_EQ(rows(true), everything);
  EXPECT_EQ(rows(false), others);
}

TEST_F(MergeTest, ADeletionThatWouldTakeRowsOfOthersAlongIsRefused) {
  run("live",
      "INSERT INTO public.users (tenant_id, login) VALUES ('acme', 'added'); INSERT INTO public.\"Tasks\" "
      "(tenant_id, "
      "\"Owner\") SELECT 'globex', id FROM public.users WHERE login = 'added'");
  const auto others = rows(false);
  const auto report = apply();
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code(), Code::kRefused);
  EXPECT_THAT(report.error().message(), HasSubstr("public.\"Tasks\" refers by Owner"));
  EXPECT_EQ(rows(false), others);
}

TEST_F(MergeTest, ATriggerThatTouchesOthersIsFoundOutAndRolledBack) {
  run("live",
      "GRANT ALL ON ALL TABLES IN SCHEMA public TO helper; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO "
      "helper; "
      "CREATE FUNCTION public.meddle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE public.eggs SET "
      "chicken_id = 1 "
      "WHERE id = 2; RETURN NULL; END $$; CREATE TRIGGER meddle AFTER UPDATE ON public.eggs FOR EACH ROW "
      "WHEN "
      "(OLD.tenant_id = 'acme') EXECUTE FUNCTION public.meddle(); "
      "INSERT INTO public.chickens VALUES (3, 'acme', 1); UPDATE public.eggs SET chicken_id = 3 WHERE id = "
      "1; "
      "ALTER TABLE public.eggs OWNER TO keeper");
  const auto others = rows(false);
  auto merge = expect_ok(staged(as_helper()));
  const auto report = merge.apply();
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code(), Code::kMismatch) << report.error().to_string();
  EXPECT_THAT(report.error().message(), HasSubstr("public.eggs"));
  EXPECT_EQ(rows(false), others);
}

TEST_F(MergeTest, ARoleThatIsNoSuperuserNeedsOnlyTheTables) {
  const auto acme = rows(true);
  run("live", kDamage);
  const auto denied = expect_ok(staged(as_helper())).apply();
  ASSERT_FALSE(denied.ok());
  EXPECT_EQ(denied.error().code(), Code::kDenied);

  run("live",
      "GRANT ALL ON ALL TABLES IN SCHEMA public TO helper; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO "
      "helper; "
      "DROP TRIGGER append_only ON public.audit; ALTER TABLE public.\"Tasks\" OWNER TO helper; GRANT CREATE "
      "ON SCHEMA "
      "public TO helper");
  auto merge = expect_ok(staged(as_helper()));
  const auto report = expect_ok(merge.apply());
  EXPECT_EQ(rows(true), acme);
}

TEST_F(MergeTest, TriggersOfTablesThatTheRoleDoesNotOwnFireAndAreNamed) {
  run("live",
      "GRANT ALL ON ALL TABLES IN SCHEMA public TO helper; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO "
      "helper; "
      "DELETE FROM public.results WHERE id = 1; CREATE TABLE public.seen (n integer); GRANT ALL ON "
      "public.seen TO helper; "
      "CREATE FUNCTION public.see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.seen "
      "VALUES (1); RETURN "
      "NULL; END $$; CREATE TRIGGER seen AFTER INSERT ON public.results FOR EACH ROW EXECUTE FUNCTION "
      "public.see()");
  auto merge = expect_ok(staged(as_helper()));
  const auto report = expect_ok(merge.apply());
  EXPECT_THAT(report.notes, Contains(HasSubstr("the trigger seen of public.results fires")));
  EXPECT_EQ(ask("live", "SELECT count(*) FROM public.seen"), "1");
}

TEST_F(MergeTest, RowsHiddenByAPolicyAreADeniedRightAndNotALoss) {
  run("live",
      "GRANT ALL ON ALL TABLES IN SCHEMA public TO helper; ALTER TABLE public.users ENABLE ROW LEVEL "
      "SECURITY");
  auto merge = expect_ok(staged(as_helper()));
  const auto report = merge.apply();
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code(), Code::kDenied) << report.error().to_string();
  EXPECT_THAT(report.error().message(), HasSubstr("row-level security"));
}

TEST_F(MergeTest, TablesThatNoLongerFitAreNamedBeforeAnything) {
  run("live",
      "ALTER TABLE public.results ALTER body TYPE text USING ''; ALTER TABLE public.users DROP COLUMN "
      "manager_id; ALTER "
      "TABLE public.audit ADD level integer NOT NULL DEFAULT 1; ALTER TABLE public.audit ALTER level DROP "
      "DEFAULT; ALTER "
      "TABLE public.tenants ADD later text DEFAULT 'd'");
  const auto report = apply();
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code(), Code::kUnsupported);
  EXPECT_THAT(report.error().message(),
              HasSubstr("public.results.body is text here and was bytea in the backup"));
  EXPECT_THAT(report.error().message(), HasSubstr("public.users.manager_id is not there"));
  EXPECT_THAT(report.error().message(), HasSubstr("public.audit.level must not be NULL"));
  EXPECT_THAT(report.error().message(), testing::Not(HasSubstr("later")));
}

TEST_F(MergeTest, ATableThatIsGoneIsAnErrorOnlyWithRows) {
  run("live", "DROP TABLE public.lines");
  const auto report = apply();
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code(), Code::kNotFound);
  EXPECT_THAT(report.error().message(), HasSubstr("public.lines"));
}

TEST_F(MergeTest, PartitionsMayHaveBeenMadeAnewSince) {
  const auto ids = [this] {
    return ask("live", "SELECT string_agg(id || due::text || amount, ',' ORDER BY id) FROM public.billing");
  };
  const auto before = ids();
  run("live",
      "ALTER TABLE public.billing DETACH PARTITION public.billing_2025; DROP TABLE public.billing_rest; "
      "CREATE TABLE "
      "public.billing_all PARTITION OF public.billing DEFAULT; INSERT INTO public.billing SELECT * FROM "
      "public.billing_2025 WHERE tenant_id = 'globex'; DROP TABLE public.billing_2025");
  expect_ok(apply());
  EXPECT_NE(ids(), before) << "globex lost rows that are not ours to bring back";
  EXPECT_EQ(ask("live", "SELECT count(*) FROM public.billing WHERE tenant_id = 'acme'"), "20");
}

class HypertableMerge : public MergeTest {
 protected:
  static void make(const std::string& database) {
    run("postgres", fmt::format("CREATE DATABASE {} TEMPLATE template0", database));
    run(database,
        "CREATE EXTENSION timescaledb SCHEMA public; CREATE TABLE public.events (at timestamptz NOT NULL, "
        "tenant_id text NOT NULL, n integer, PRIMARY KEY (at, tenant_id)); "
        "SELECT public.create_hypertable('public.events', 'at')");
  }
  static void add_rows(const std::string& database, const std::string& tenants) {
    run(database,
        fmt::format("INSERT INTO public.events SELECT timestamptz '2026-01-01' + n * interval '1 day', t, n "
                    "FROM generate_series(1, 60) n, unnest(ARRAY[{}]) t",
                    tenants));
  }
  static MergeReport merge_acme(const std::string& database, const fs::path& archive) {
    MergeRequest request;
    request.database = database;
    request.rules.column = {"tenant_id", "backup-sets.yaml:2"};
    request.id = "acme";
    auto merge = expect_ok(RowMerge::open(endpoint(), request, {}));
    expect_ok(merge.stage(archive_file(archive)));
    return expect_ok(merge.apply());
  }
};

// Chunks have other names there than here.
TEST_F(HypertableMerge, RowsComeBackIntoTheirChunks) {
  for (const char* name : {"events_backup", "events"}) make(name);
  add_rows("events_backup", "'acme'");
  const auto archive = pg_dump("events_backup");
  run("events", "INSERT INTO public.events VALUES ('2020-02-02', 'globex', 0)");
  add_rows("events", "'globex', 'acme'");
  run("events",
      "DELETE FROM public.events WHERE tenant_id = 'acme' AND n % 3 = 0; UPDATE public.events SET n = -n "
      "WHERE tenant_id = "
      "'acme' AND n % 3 = 1; INSERT INTO public.events VALUES ('2027-01-01', 'acme', 1)");
  const auto report = merge_acme("events", archive);
  EXPECT_EQ(report.inserted(), 20u);
  EXPECT_EQ(report.changed(), 20u);
  EXPECT_EQ(report.deleted(), 1u);
  EXPECT_EQ(ask("events", "SELECT count(*) || ' ' || sum(n) FROM public.events WHERE tenant_id = 'acme'"),
            "60 1830");
  EXPECT_EQ(ask("events", "SELECT count(*) || ' ' || sum(n) FROM public.events WHERE tenant_id = 'globex'"),
            "61 1830");
}

TEST_F(HypertableMerge, TriggersFireAndAreNamed) {
  for (const char* name : {"fired_backup", "fired"}) {
    make(name);
    add_rows(name, "'acme'");
  }
  const auto archive = pg_dump("fired_backup");
  run("fired",
      "DELETE FROM public.events WHERE n > 50; "
      "CREATE FUNCTION public.pass() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$; "
      "CREATE TRIGGER seen BEFORE INSERT ON public.events FOR EACH ROW EXECUTE FUNCTION public.pass()");
  const auto report = merge_acme("fired", archive);
  EXPECT_EQ(report.inserted(), 10u);
  EXPECT_THAT(report.notes, Contains(HasSubstr("the trigger seen of public.events fires: TimescaleDB")));
}

TEST_F(MergeTest, ABackupOfSomebodyElseIsRefused) {
  const auto report = apply("globex");
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code(), Code::kNotFound);
  EXPECT_THAT(report.error().message(), HasSubstr("globex"));
}

TEST_F(MergeTest, AnIdThatDoesNotFitAndRulesThatDoNotFitAreNamed) {
  MergeRequest request;
  request.database = "live";
  request.rules.column = {"seq", "sets.yaml:7"};
  request.id = "not a number";
  auto merge = RowMerge::open(endpoint(), request, {});
  ASSERT_FALSE(merge.ok());
  EXPECT_EQ(merge.error().code(), Code::kUsage);
  EXPECT_THAT(merge.error().message(), HasSubstr("does not fit public.audit.seq"));
  request.rules.whole = {{"nowhere", "sets.yaml:9"}};
  merge = RowMerge::open(endpoint(), request, {});
  ASSERT_FALSE(merge.ok());
  EXPECT_EQ(merge.error().code(), Code::kConfig);
  EXPECT_THAT(merge.error().message(), HasSubstr("sets.yaml:9"));
}

TEST_F(MergeTest, ATruncatedArchiveChangesNothing) {
  run("live", kDamage);
  const auto acme = rows(true);
  const auto truncated = directory() / "truncated.dump";
  fs::copy_file(world_->archive, truncated);
  fs::resize_file(truncated, fs::file_size(truncated) - 100);
  MergeRequest request;
  request.database = "live";
  request.rules = rules();
  request.id = "acme";
  auto merge = expect_ok(RowMerge::open(endpoint(), request, {}));
  const auto report = merge.stage(archive_file(truncated));
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code(), Code::kCorrupt);
  EXPECT_EQ(rows(true), acme);
}

}  // namespace
}  // namespace summit::postgres::merge
