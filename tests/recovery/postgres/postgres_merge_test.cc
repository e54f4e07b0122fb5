// The backup of one tenant, restored as the program does: into the live database, or beside it.
#include "recovery/postgres_merge.h"

#include <fmt/format.h>

#include "config/selection_text.h"
#include "core/time.h"
#include "recovery/plan.h"
#include "repository/backup_repository.h"
#include "tests/stores/postgres/helper/test_database.h"

namespace summit::recovery {
namespace {

using postgres::expect_ok;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;

constexpr const char* kId = "summit-backup-tenant-acme-20260120T020000Z";

class TenantRestore : public postgres::PostgresTest {
 protected:
  void SetUp() override {
    PostgresTest::SetUp();
    create_database("only_acme");
    run("only_acme", kSchema);
    run("only_acme",
        "INSERT INTO public.tasks SELECT n, 'acme', 'task ' || n FROM generate_series(1, 10) n; INSERT INTO "
        "public.results SELECT n, n, 'fine' FROM generate_series(1, 10) n");
    original_ = dump("only_acme");
    run("postgres", "DROP DATABASE only_acme WITH (FORCE)");
    create_database("live");
    run("live", kSchema);
    run("live",
        "INSERT INTO public.tasks SELECT n, CASE WHEN n > 10 THEN 'globex' ELSE 'acme' END, 'task ' || n "
        "FROM "
        "generate_series(1, 20) n; INSERT INTO public.results SELECT n, n, 'fine' FROM generate_series(1, "
        "20) n");
    environment_.name = "dev";
    environment_.kind = config::EnvironmentClass::kDev;
    environment_.postgresql.push_back(endpoint());
    environment_.postgresql.front().databases = {"live"};
    configuration_.sets.push_back(tenant_set());
    write_backup(original_.archive);
  }

  static constexpr std::string_view kSchema =
      "CREATE TABLE public.tasks (id integer PRIMARY KEY, tenant_id text NOT NULL, title text); CREATE TABLE "
      "public.results (id integer PRIMARY KEY, task_id integer REFERENCES public.tasks, note text)";

  static config::BackupSet tenant_set() {
    config::ComponentSpec component;
    component.name = component.kind = "postgresql";
    component.filter = "tenant";
    component.rows.where = "backup-sets.yaml:1";
    component.rows.column = {"tenant_id", "backup-sets.yaml:2"};
    component.rows.owned_auto = true;
    config::BackupSet set;
    set.name = "tenant";
    set.required_metadata = {"tenant_id"};
    set.components = {component};
    return set;
  }

  fs::path base() const { return directory() / "backups"; }

  void write_backup(const fs::path& archive, const std::string& selection = {}) {
    auto writer = expect_ok(repository::PlainRepository(base()).begin(kId));
    auto sink = expect_ok(writer->create("postgres-full.dump", "postgresql"));
    const auto content = expect_ok(read_file(archive));
    expect_ok(sink->write(as_bytes(content)));
    repository::ComponentRecord rows;
    rows.name = rows.kind = "postgresql";
    rows.status = repository::Status::kComplete;
    rows.server_version = "16";
    rows.artifacts.push_back(expect_ok(sink->finish()));
    sink.reset();
    rows.fingerprints = original_.fingerprints;
    rows.details = {{"databases", "only_acme"}, {"archive:only_acme", "postgres-full.dump"}};
    if (!selection.empty()) rows.details["selection"] = selection;
    repository::ComponentRecord files;
    files.name = files.kind = "files";
    files.status = repository::Status::kComplete;
    files.details = {
        {"tree:uploads",
         R"({"artifact": "uploads.tar.zst", "root": "/srv", "include": [], "exclude": [], "secret": [],
                          "files": 0, "bytes": 0, "sealed": []})"}};
    repository::BackupMetadata metadata;
    metadata.id = writer->id();
    metadata.set = "tenant";
    metadata.scope = {{"tenant_id", "acme"}};
    metadata.environment = metadata.environment_class = "dev";
    metadata.layout = "plain";
    metadata.started = metadata.finished = now();
    metadata.status = repository::Status::kComplete;
    metadata.components = {rows, files};
    expect_ok(writer->commit(metadata));
  }

  // Calls `step` with the plan of a restore of the tenant's backup.
  template <typename Step>
  void with_plan(RestoreRequest request, Step step) {
    const auto reader = expect_ok(repository::PlainRepository(base()).open(kId));
    const auto workspace = expect_ok(TemporaryDirectory::create(directory(), "restore-"));
    RestoreContext context{.configuration = configuration_,
                           .environment = environment_,
                           .backup = *reader,
                           .reporter = reporter_,
                           .cancellation = {},
                           .sealing_key = {},
                           .workspace = workspace.path()};
    request.reference = kId;
    step(plan_restore(request, context), context);
  }

  // As made by the rules of the configuration of this moment.
  void record_selection() {
    expect_ok(remove_recursively(base()));
    write_backup(original_.archive, config::selection_text(rules()));
  }
  config::ComponentSpec& rules() { return configuration_.sets.front().components.front(); }

  Dump original_;
  SilentReporter reporter_;
  config::Configuration configuration_;
  config::Environment environment_;
};

auto row(const std::string& table, uint64_t inserted, uint64_t changed, uint64_t deleted) {
  return AllOf(Field(&RowChanges::table, table), Field(&RowChanges::inserted, inserted),
               Field(&RowChanges::changed, changed), Field(&RowChanges::deleted, deleted));
}

TEST_F(TenantRestore, RowsComeBackIntoTheLiveDatabaseBesideOthers) {
  run("live",
      "DELETE FROM public.results WHERE id IN (1, 2); DELETE FROM public.tasks WHERE id = 1; UPDATE "
      "public.tasks SET "
      "title = 'spoiled' WHERE tenant_id = 'acme'; INSERT INTO public.tasks VALUES (100, 'acme', 'added'); "
      "UPDATE "
      "public.tasks SET title = 'worked on since' WHERE tenant_id = 'globex'");
  with_plan({}, [&](Result<RestorePlan> plan, RestoreContext& context) {
    ASSERT_TRUE(plan.ok()) << plan.error().to_string();
    ASSERT_EQ(plan->components.size(), 1u);
    const auto& step = plan->components.front().step;
    EXPECT_THAT(step.target, HasSubstr("rows of tenant acme in database live"));
    EXPECT_TRUE(step.overwrites_something);
    EXPECT_THAT(step.rows, ElementsAre(row("public.results", 2, 0, 0), row("public.tasks", 1, 9, 1)));
    ASSERT_EQ(plan->skipped.size(), 1u);
    EXPECT_THAT(plan->skipped.front().reason, HasSubstr("would replace what belongs to others"));
    EXPECT_EQ(ask("live", "SELECT count(*) FROM public.tasks WHERE title = 'spoiled'"), "9");

    auto& component = *plan->components.front().component;
    expect_ok(component.restore(context, {}));
    EXPECT_EQ(component.rows().size(), 2u);
    EXPECT_THAT(expect_ok(component.probe(context)), Contains(HasSubstr("20 rows of others")));
  });
  EXPECT_EQ(
      ask("live", "SELECT string_agg(DISTINCT title, ',') FROM public.tasks WHERE tenant_id = 'globex'"),
      "worked on since");
  EXPECT_EQ(
      ask("live", "SELECT count(*) FROM public.tasks WHERE tenant_id = 'acme' AND title = 'task ' || id"),
      "10");
  EXPECT_EQ(ask("live", "SELECT count(*) FROM public.results"), "20");
}

TEST_F(TenantRestore, ATenantWithoutAnyRowHasNothingToSave) {
  run("live", "DELETE FROM public.results WHERE id = 5");
  with_plan({}, [&](const Result<RestorePlan>& plan, RestoreContext&) {
    EXPECT_TRUE(plan->components.front().step.overwrites_something)
        << "the others show what a rollback has to restore";
  });
  run("live", "DELETE FROM public.results WHERE id <= 10; DELETE FROM public.tasks WHERE tenant_id = 'acme'");
  with_plan({}, [&](Result<RestorePlan> plan, RestoreContext& context) {
    ASSERT_TRUE(plan.ok()) << plan.error().to_string();
    EXPECT_FALSE(plan->components.front().step.overwrites_something);
    expect_ok(plan->components.front().component->restore(context, {}));
  });
  EXPECT_EQ(ask("live", "SELECT count(*) FROM public.results"), "20");
}

TEST_F(TenantRestore, IntoANewDatabaseTheyComeAlone) {
  RestoreRequest request;
  request.databases.into = "acme_of_yesterday";
  with_plan(request, [&](Result<RestorePlan> plan, RestoreContext& context) {
    ASSERT_TRUE(plan.ok()) << plan.error().to_string();
    EXPECT_EQ(plan->components.front().step.overwrites, "nothing: it does not exist");
    expect_ok(plan->components.front().component->restore(context, {}));
  });
  EXPECT_EQ(ask("acme_of_yesterday", "SELECT count(*) FROM public.tasks"), "10");
  EXPECT_EQ(ask("live", "SELECT count(*) FROM public.tasks"), "20");
  with_plan(request, [&](const Result<RestorePlan>& plan, RestoreContext&) {
    ASSERT_FALSE(plan.ok());
    EXPECT_EQ(plan.error().code(), Code::kRefused);
    EXPECT_THAT(plan.error().message(), HasSubstr("acme_of_yesterday exists already"));
  });
}

TEST_F(TenantRestore, ANameThatTheServerWouldCutIsRefused) {
  RestoreRequest request;
  request.databases.into = std::string(64, 'n');
  with_plan(request, [&](const Result<RestorePlan>& plan, RestoreContext&) {
    ASSERT_FALSE(plan.ok());
    EXPECT_EQ(plan.error().code(), Code::kUsage);
    EXPECT_THAT(plan.error().message(), HasSubstr("longer than the 63 bytes"));
  });
}

TEST_F(TenantRestore, AWholeDatabaseIsNotReplacedByOneTenant) {
  RestoreRequest request;
  request.databases.in_place = true;
  with_plan(request, [&](const Result<RestorePlan>& plan, RestoreContext&) {
    ASSERT_FALSE(plan.ok());
    EXPECT_EQ(plan.error().code(), Code::kRefused);
    EXPECT_THAT(plan.error().hint(), HasSubstr("--into"));
  });
}

TEST_F(TenantRestore, ASafetyBackupOfTheSameTenantFindsItsRules) {
  configuration_.sets.front().name = "renamed";
  with_plan({}, [&](const Result<RestorePlan>& plan, RestoreContext&) { EXPECT_TRUE(plan.ok()); });
}

TEST_F(TenantRestore, ByAnotherSelectionThanTheBackupsNothingIsMerged) {
  rules().rows.excluded = {{"results", "backup-sets.yaml:3"}};
  record_selection();
  with_plan({}, [&](const Result<RestorePlan>& plan, RestoreContext&) {
    EXPECT_TRUE(plan.ok()) << plan.error().to_string();
  });
  rules().rows.excluded.clear();
  with_plan({}, [&](const Result<RestorePlan>& plan, RestoreContext&) {
    ASSERT_FALSE(plan.ok()) << "the results of acme, which the backup does not hold, would be deleted";
    EXPECT_EQ(plan.error().code(), Code::kRefused);
    EXPECT_THAT(plan.error().message(), HasSubstr("`exclude` was [\"results\"] and is not set now"));
    EXPECT_THAT(plan.error().hint(),
                AllOf(HasSubstr("of set `tenant` back as it was"),
                      HasSubstr(fmt::format("summit-dr info {}", kId)), HasSubstr("--into=NAME")));
  });
  RestoreRequest beside;
  beside.databases.into = "acme_beside";
  with_plan(beside, [&](const Result<RestorePlan>& plan, RestoreContext&) {
    EXPECT_TRUE(plan.ok()) << plan.error().to_string();
  });
}

TEST_F(TenantRestore, ASafetyBackupFindsTheSetWithTheSelectionThatItWasMadeBy) {
  rules().rows.excluded = {{"results", "backup-sets.yaml:3"}};
  record_selection();
  auto other = tenant_set();
  other.name = "another set of the same tenant";
  configuration_.sets.front().name = "renamed";
  configuration_.sets.insert(configuration_.sets.begin(), other);
  with_plan({}, [&](const Result<RestorePlan>& plan, RestoreContext&) {
    EXPECT_TRUE(plan.ok()) << plan.error().to_string();
  });
}

TEST_F(TenantRestore, WithoutRulesNothingIsMerged) {
  configuration_.sets.clear();
  with_plan({}, [&](const Result<RestorePlan>& plan, RestoreContext&) {
    ASSERT_FALSE(plan.ok());
    EXPECT_EQ(plan.error().code(), Code::kConfig);
    EXPECT_THAT(plan.error().hint(), AllOf(HasSubstr("selection"), HasSubstr("--into")));
  });
}

}  // namespace
}  // namespace summit::recovery
