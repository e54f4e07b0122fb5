// What goes wrong, and what is promised then: a clear error, and the old database as it was.
#include <fmt/format.h>
#include <signal.h>

#include <fstream>
#include <optional>
#include <thread>

#include "core/task_group.h"
#include "core/wait.h"
#include "stores/postgres/catalog.h"
#include "stores/postgres/globals.h"
#include "stores/postgres/sql.h"
#include "stores/postgres/swap.h"
#include "stores/postgres/tools.h"
#include "tests/stores/postgres/helper/test_database.h"

namespace summit::postgres {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class Fault : public PostgresTest {
 protected:
  void SetUp() override {
    PostgresTest::SetUp();
    create_database("summit");
    run("summit", "CREATE TABLE public.t (id integer); INSERT INTO public.t SELECT generate_series(1, 100)");
  }

  // A table whose index takes some seconds to build, so that a restore can be caught in the middle.
  void make_restore_slow() {
    constexpr std::string_view kFast =
        "CREATE FUNCTION public.slow(i integer) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT i $$; "
        "CREATE TABLE public.s AS SELECT generate_series(1, 12) AS id; CREATE INDEX ON public.s "
        "(public.slow(id))";
    constexpr std::string_view kSlow =
        "CREATE OR REPLACE FUNCTION public.slow(i integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS "
        "$$ BEGIN PERFORM pg_catalog.pg_sleep(0.2); RETURN i; END $$";
    run("summit", kFast);
    run("summit", kSlow);
  }

  // Process ids of running pg_restore programs that this test started, directly or not.
  std::vector<pid_t> restoring_processes() {
    std::vector<pid_t> found;
    for (const auto& entry : fs::directory_iterator("/proc")) {
      std::ifstream file(entry.path() / "cmdline", std::ios::binary);
      const std::string line((std::istreambuf_iterator<char>(file)), {});
      if (line.find("pg_restore") != std::string::npos &&
          line.find(fmt::format("port={}", endpoint().port)) != std::string::npos) {
        found.push_back(static_cast<pid_t>(std::stol(entry.path().filename().string())));
      }
    }
    return found;
  }

  // In a database that is being restored.
  void wait_for_statement(const std::string& pattern) {
    auto connection = connect("postgres");
    expect_ok(wait_until(
        [&]() -> Result<bool> {
          ASSIGN_OR_RETURN(auto rows,
                           connection.query("SELECT FROM pg_catalog.pg_stat_activity WHERE query LIKE $1 "
                                            "AND state = 'active' AND datname LIKE '%restoring%'",
                                            {pattern}));
          return !rows.empty();
        },
        "statement " + pattern, 30s, 20ms, {}));
  }
};

TEST_F(Fault, AWrongPasswordIsDeniedAndNeverShown) {
  auto wrong = endpoint();
  wrong.password = Secret("not the password");
  const auto connection = Connection::open(wrong, "summit");
  ASSERT_FALSE(connection.ok());
  EXPECT_EQ(connection.error().code(), Code::kDenied);
  EXPECT_THAT(connection.error().hint(), HasSubstr("POSTGRES_PASSWORD"));
  EXPECT_THAT(connection.error().to_string(), Not(HasSubstr("not the password")));
}

TEST_F(Fault, AMissingDatabaseIsNotFound) {
  const auto connection = Connection::open(endpoint(), "nowhere");
  ASSERT_FALSE(connection.ok());
  EXPECT_EQ(connection.error().code(), Code::kNotFound);
  EXPECT_THAT(connection.error().message(), HasSubstr("nowhere"));
}

TEST_F(Fault, AStoppedServerIsUnreachable) {
  expect_ok(server().stop());
  const auto connection = Connection::open(endpoint(), "summit");
  ASSERT_FALSE(connection.ok());
  EXPECT_EQ(connection.error().code(), Code::kUnreachable);
  EXPECT_THAT(connection.error().hint(), HasSubstr("make up"));
}

TEST_F(Fault, AServerThatDiesDuringADumpEndsItClearly) {
  auto snapshot = snapshot_of("summit");
  const auto inventory = expect_ok(read_inventory(snapshot.connection()));
  expect_ok(server().kill());
  FileSink sink(directory() / "lost.dump");
  const CaptureRequest request{.database = "summit",
                               .snapshot = snapshot.id(),
                               .inventory = inventory,
                               .scope = {"postgresql", ""},
                               .compression = {}};
  const auto dumped = capture_database(endpoint(), request, sink, nullptr, {});
  ASSERT_FALSE(dumped.ok());
  EXPECT_EQ(dumped.error().code(), Code::kUnreachable) << dumped.error().to_string();
}

TEST_F(Fault, AMissingPgDumpIsNamedWithAHint) {
  const auto tool = find_tool(endpoint(), "pg_dump_that_nobody_has", 16);
  ASSERT_FALSE(tool.ok());
  EXPECT_EQ(tool.error().code(), Code::kMissingTool);
  EXPECT_THAT(tool.error().hint(), AllOf(HasSubstr("postgresql-client-16"), HasSubstr("POSTGRES_BIN_DIR")));
}

TEST_F(Fault, AnOlderPgDumpIsRefusedBeforeItStarts) {
  const fs::path old = directory() / "pg_dump";
  std::ofstream(old) << "#!/bin/sh\necho 'pg_dump (PostgreSQL) 15.4'\n";
  fs::permissions(old, fs::perms::owner_all);
  auto target = endpoint();
  target.bin_directory = directory();
  const auto tool = find_tool(target, "pg_dump", 16);
  ASSERT_FALSE(tool.ok());
  EXPECT_EQ(tool.error().code(), Code::kUnsupported);
  EXPECT_THAT(tool.error().message(), HasSubstr("15.4"));
}

TEST_F(Fault, ADatabaseInUseIsRefusedWithWhoIsConnected) {
  const auto original = dump("summit");
  auto user = connect("summit");
  const auto restored = restore("summit", original.archive);
  ASSERT_FALSE(restored.ok());
  EXPECT_EQ(restored.error().code(), Code::kBusy);
  EXPECT_THAT(restored.error().message(),
              AllOf(HasSubstr(fmt::format("pid {}", user.backend_pid())), HasSubstr("user summit"),
                    HasSubstr("application 'summit-dr'")));
  EXPECT_THAT(restored.error().hint(), HasSubstr("--terminate-connections"));
  EXPECT_EQ(expect_ok(user.scalar("SELECT count(*) FROM public.t")), "100");
  EXPECT_THAT(databases(), Not(Contains(HasSubstr("_restoring_"))));
}

TEST_F(Fault, ASessionThatHangsUpAMomentLaterDoesNotStopARestore) {
  const auto original = dump("summit");
  std::optional<Connection> leaving = connect("summit");
  TaskGroup group;
  group.spawn([&]() -> Result<void> {
    RETURN_IF_ERROR(pause_for(std::chrono::milliseconds(500), {}));
    leaving.reset();
    return {};
  });
  const auto restored = restore("summit", original.archive);
  EXPECT_TRUE(restored.ok()) << (restored.ok() ? "" : restored.error().to_string());
  EXPECT_TRUE(group.join().ok());
}

TEST_F(Fault, SessionsThatKeepComingBackAreEndedWhenAllowed) {
  const auto original = dump("summit");
  run("summit", "DELETE FROM public.t");
  Cancellation enough;
  TaskGroup clients;
  for (int i = 0; i < 3; ++i) {
    clients.spawn([&]() -> Result<void> {
      while (!enough.requested()) {
        auto connection = Connection::open(endpoint(), "summit");
        while (connection.ok() && !enough.requested() && connection->query("SELECT 1").ok()) {
        }
      }
      return {};
    });
  }
  DatabaseRestore options;
  options.terminate_connections = true;
  const auto restored = restore("summit", original.archive, options);
  enough.request();
  expect_ok(clients.join());
  ASSERT_TRUE(restored.ok()) << restored.error().to_string();
  EXPECT_EQ(ask("summit", "SELECT count(*) FROM public.t"), "100");
}

TEST_F(Fault, ADatabaseWithALogicalSlotIsRefused) {
  const auto original = dump("summit");
  run("summit", "SELECT pg_catalog.pg_create_logical_replication_slot('cdc', 'pgoutput')");
  const auto restored = restore("summit", original.archive);
  ASSERT_FALSE(restored.ok());
  EXPECT_EQ(restored.error().code(), Code::kRefused);
  EXPECT_THAT(restored.error().message(), HasSubstr("cdc"));
  run("summit", "SELECT pg_catalog.pg_drop_replication_slot('cdc')");
}

TEST_F(Fault, ADamagedArchiveLeavesTheDatabaseAlone) {
  run("summit",
      "CREATE TABLE public.noise AS SELECT pg_catalog.md5(i::text) AS m FROM generate_series(1, 20000) i");
  const auto original = dump("summit");
  const auto size = fs::file_size(original.archive);
  const fs::path damaged = directory() / "damaged.dump";

  fs::copy_file(original.archive, damaged);
  fs::resize_file(damaged, size * 2 / 3);
  auto restored = restore("summit", damaged);
  ASSERT_FALSE(restored.ok()) << "a truncated archive was accepted";
  EXPECT_EQ(restored.error().code(), Code::kCorrupt) << restored.error().to_string();

  fs::resize_file(damaged, 100);
  restored = restore("summit", damaged);
  ASSERT_FALSE(restored.ok());
  EXPECT_EQ(restored.error().code(), Code::kCorrupt) << restored.error().to_string();

  std::ofstream(damaged) << "-- a plain SQL dump\n";
  restored = restore("summit", damaged);
  ASSERT_FALSE(restored.ok());
  EXPECT_EQ(restored.error().code(), Code::kCorrupt);
  EXPECT_THAT(restored.error().message(), HasSubstr("PGDMP"));

  EXPECT_EQ(ask("summit", "SELECT count(*) FROM public.t"), "100");
  EXPECT_THAT(databases(), Not(Contains(HasSubstr("_restoring_"))));
}

TEST_F(Fault, AnExtensionThatIsNotInstalledIsSaidBeforeAnythingBegins) {
  const auto original = dump("summit");
  DatabaseRestore options;
  run("summit", "CREATE EXTENSION timescaledb SCHEMA public");
  const auto with_timescale = dump("summit");
  options.timescale_version = "1.2.3";
  const auto restored = restore("summit", with_timescale.archive, options);
  ASSERT_FALSE(restored.ok());
  EXPECT_EQ(restored.error().code(), Code::kUnsupported);
  EXPECT_THAT(restored.error().message(),
              AllOf(HasSubstr("timescaledb 1.2.3 is needed"), HasSubstr(with_timescale.timescale_version)));
}

TEST_F(Fault, KillDuringPgRestore_OldDatabaseStaysAndNextRestoreWorks) {
  run("summit", "CREATE FUNCTION public.slow() RETURNS integer LANGUAGE sql AS $$ SELECT 1 $$");
  run("summit", "CREATE MATERIALIZED VIEW public.v AS SELECT public.slow() AS one");
  run("summit",
      "CREATE OR REPLACE FUNCTION public.slow() RETURNS integer LANGUAGE plpgsql AS "
      "$$ BEGIN PERFORM pg_catalog.pg_sleep(3); RETURN 1; END $$");
  const auto original = dump("summit");
  run("summit", "INSERT INTO public.t VALUES (101)");
  TaskGroup restoring;
  restoring.spawn([&]() -> Result<void> {
    RETURN_IF_ERROR(restore("summit", original.archive));
    return {};
  });
  wait_for_statement("REFRESH%");
  const auto processes = restoring_processes();
  ASSERT_FALSE(processes.empty());
  for (const pid_t pid : processes) kill(pid, SIGKILL);
  const auto restored = restoring.join();
  ASSERT_FALSE(restored.ok());
  EXPECT_THAT(restored.error().message(), HasSubstr("while restoring summit"));
  EXPECT_EQ(ask("summit", "SELECT count(*) FROM public.t"), "101");
  EXPECT_THAT(databases(), Not(Contains(HasSubstr("_restoring_"))));
  expect_ok(restore("summit", original.archive));
  EXPECT_EQ(ask("summit", "SELECT count(*) FROM public.t"), "100");
}

TEST_F(Fault, EndOfAnIndexBuild_OldDatabaseStays) {
  make_restore_slow();
  const auto original = dump("summit");
  run("summit", "INSERT INTO public.t VALUES (101)");
  TaskGroup restoring;
  restoring.spawn([&]() -> Result<void> {
    RETURN_IF_ERROR(restore("summit", original.archive));
    return {};
  });
  wait_for_statement("CREATE INDEX%");
  run("postgres",
      "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE query LIKE 'CREATE "
      "INDEX%' AND datname LIKE '%restoring%'");
  const auto restored = restoring.join();
  ASSERT_FALSE(restored.ok());
  EXPECT_EQ(restored.error().code(), Code::kUnreachable) << restored.error().to_string();
  EXPECT_THAT(restored.error().message(), HasSubstr("while building public.s_slow_idx"));
  EXPECT_EQ(ask("summit", "SELECT count(*) FROM public.t"), "101");
  EXPECT_THAT(databases(), Not(Contains(HasSubstr("_restoring_"))));
}

TEST_F(Fault, KillOfTheWholeProgram_OldDatabaseStaysAndNextRestoreCleansUp) {
  make_restore_slow();
  const auto original = dump("summit");
  run("summit", "INSERT INTO public.t VALUES (101)");
  Command helper;
  helper.argv = {SUMMIT_BIN_DIR "/postgres-restore-helper",
                 endpoint().host,
                 fmt::format("{}", endpoint().port),
                 endpoint().user,
                 endpoint().bin_directory.string(),
                 "summit",
                 original.archive.string(),
                 directory().string()};
  helper.env["PGPASSWORD"] = endpoint().password.reveal();
  auto process = expect_ok(Process::start(helper, {}));
  wait_for_statement("CREATE INDEX%");
  kill(process.pid(), SIGKILL);
  expect_ok(process.wait());

  EXPECT_THAT(databases(), Contains(HasSubstr("summit_restoring_")));
  EXPECT_EQ(ask("summit", "SELECT count(*) FROM public.t"), "101");
  expect_ok(wait_until([&]() -> Result<bool> { return restoring_processes().empty(); },
                       "pg_restore to be gone", 10s, 50ms, {}));

  expect_ok(wait_until(
      [&]() -> Result<bool> {
        auto restored = restore("summit", original.archive);
        // The server takes a moment to notice that the killed restore is gone.
        if (!restored.ok() && restored.error().code() == Code::kBusy) return false;
        RETURN_IF_ERROR(std::move(restored));
        return true;
      },
      "the next restore to work", 60s, 100ms, {}));
  EXPECT_EQ(ask("summit", "SELECT count(*) FROM public.t"), "100");
  EXPECT_THAT(databases(), ElementsAre("postgres", "summit", "summit_dev"));
}

TEST_F(Fault, CancellingARestoreLeavesNothingBehind) {
  make_restore_slow();
  const auto original = dump("summit");
  run("summit", "INSERT INTO public.t VALUES (101)");
  Cancellation cancellation;
  TaskGroup restoring;
  restoring.spawn([&]() -> Result<void> {
    RETURN_IF_ERROR(restore("summit", original.archive, {}, cancellation));
    return {};
  });
  wait_for_statement("CREATE INDEX%");
  cancellation.request();
  const auto restored = restoring.join();
  ASSERT_FALSE(restored.ok());
  EXPECT_EQ(restored.error().code(), Code::kCancelled) << restored.error().to_string();
  EXPECT_EQ(ask("summit", "SELECT count(*) FROM public.t"), "101");
  EXPECT_THAT(databases(), ElementsAre("postgres", "summit", "summit_dev"));
}

TEST_F(Fault, OnlyLeftoversThatSayTheyAreOursAreDropped) {
  const auto original = dump("summit");
  create_database("summit_restoring_0123abcd");
  create_database("summit_replaced_0123abcd");
  create_database("summit2_restoring_0123abcd");
  run("postgres",
      "COMMENT ON DATABASE summit_replaced_0123abcd IS 'summit-dr: part of a restore of summit; the next "
      "restore removes it'");
  expect_ok(restore("summit", original.archive));
  EXPECT_THAT(databases(), ElementsAre("postgres", "summit", "summit2_restoring_0123abcd", "summit_dev",
                                       "summit_restoring_0123abcd"));
}

TEST_F(Fault, TwoRestoresOfOneDatabaseExcludeEachOther) {
  const auto original = dump("summit");
  auto first = expect_ok(DatabaseSwap::begin(endpoint(), "summit", {}));
  const auto second = restore("summit", original.archive);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code(), Code::kBusy);
  EXPECT_TRUE(restore("other", original.archive).ok()) << "a restore of another database was kept out";
}

TEST_F(Fault, NamesThatLookLikeConnectionStringsAreNames) {
  const std::string odd = "host=nowhere 'x' \"y\" \\ /ü";
  create_database(odd);
  run(odd, "CREATE TABLE public.t (id integer)");
  const auto original = dump(odd);
  expect_ok(restore(odd, original.archive));
  EXPECT_EQ(lines(original.fingerprints), lines(fingerprints(odd)));
}

TEST_F(Fault, ALongDatabaseNameIsRestoredUnderItsOwnName) {
  const std::string name = "a_database_name_of_sixty_three_bytes_is_cut__ööööööööö";
  ASSERT_EQ(name.size(), 63u);
  create_database(name);
  const auto original = dump(name);
  expect_ok(restore(name, original.archive));
  EXPECT_TRUE(exists(name));
}

}  // namespace
}  // namespace summit::postgres
