// Archives of the stock pg_dump and of ours, loaded as they stream by.
#include "stores/postgres/load.h"

#include <fmt/format.h>

#include <fstream>
#include <sstream>

#include "core/task_group.h"
#include "core/wait.h"
#include "stores/postgres/copy_watch.h"
#include "stores/postgres/row_loader.h"
#include "stores/postgres/skipped_definitions.h"
#include "tests/stores/postgres/helper/awkward_database.h"
#include "tests/stores/postgres/helper/test_database.h"

namespace summit::postgres {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

class Load : public PostgresTest {
 protected:
  void SetUp() override {
    PostgresTest::SetUp();
    create_database("summit");
  }

  fs::path stock_dump(const std::string& database, std::vector<std::string> options) {
    const fs::path file = directory() / "stock.dump";
    options.insert(options.begin(),
                   {"--format=custom", "--exclude-schema=summit_dr", "--file=" + file.string()});
    run_tool("pg_dump", database, std::move(options));
    return file;
  }

  // What pg_dump makes of a database, without what differs between any two runs.
  std::string dumped(const std::string& database) {
    return run_tool("pg_dump", database, {"--exclude-schema=summit_dr", "--restrict-key=same"});
  }
};

// Blocks half way through, until the test allows the rest: what it does meanwhile falls into the middle of a
// COPY.
class PausedArchive {
 public:
  explicit PausedArchive(const fs::path& path) : path_(path), half_(fs::file_size(path) / 2) {}

  ArchiveSource source() {
    return [this](const std::function<Result<void>(ByteView)>& consume) {
      uint64_t given = 0;
      return archive_file(path_)([&, this](ByteView piece) -> Result<void> {
        given += piece.size();
        if (given > half_) {
          reached_.request();
          while (!go_on_.requested()) {
            RETURN_IF_ERROR(pause_for(2ms, {}));
            RETURN_IF_ERROR(consume({}));
          }
        }
        return consume(piece);
      });
    };
  }
  void wait() {
    while (!reached_.requested()) EXPECT_TRUE(pause_for(2ms, {}).ok());
  }
  void go_on() { go_on_.request(); }

 private:
  fs::path path_;
  uint64_t half_;
  Cancellation reached_;
  Cancellation go_on_;
};

TEST_F(Load, ArchivesOfStockPgDumpGiveEqualDatabasesWhateverTheirCompression) {
  run("postgres", awkward_roles());
  run("summit", awkward_schema());
  run("summit", awkward_rows());
  const auto original = lines(fingerprints("summit"));
  DatabaseRestore options;
  options.timescale_version =
      ask("summit", "SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'");
  for (const std::string compression : {"none", "gzip:1", "zstd:3"}) {
    const auto archive = stock_dump("summit", {"--compress=" + compression});
    expect_ok(restore("copy", archive, options), compression.c_str());
    EXPECT_EQ(lines(fingerprints("copy")), original) << compression;
  }
}

TEST_F(Load, TheRestoredDatabaseDumpsToTheSameText) {
  run("summit",
      "CREATE TABLE public.a (id integer PRIMARY KEY, b text UNIQUE); INSERT INTO public.a SELECT i, 'b' || "
      "i "
      "FROM generate_series(1, 3000) i; CREATE TABLE public.c (id integer REFERENCES public.a, n numeric); "
      "INSERT INTO public.c SELECT i, i / 7.0 FROM generate_series(1, 3000) i; CREATE VIEW public.grouped AS "
      "SELECT a.id, a.b, count(*) AS n FROM public.a GROUP BY a.id; CREATE MATERIALIZED VIEW public.stored "
      "AS "
      "SELECT a.id, a.b FROM public.a GROUP BY a.id; CREATE UNIQUE INDEX ON public.stored (id); CREATE "
      "SEQUENCE public.s; SELECT nextval('public.s'); SELECT lo_from_bytea(7, '\\x0102');"
      "CREATE TABLE public.p (id integer, k text) PARTITION BY HASH (id); CREATE TABLE public.p0 PARTITION "
      "OF "
      "public.p FOR VALUES WITH (MODULUS 2, REMAINDER 0); CREATE TABLE public.p1 PARTITION OF public.p FOR "
      "VALUES WITH (MODULUS 2, REMAINDER 1); ALTER TABLE public.p ADD PRIMARY KEY (id); INSERT INTO public.p "
      "SELECT i, 'k' FROM generate_series(1, 500) i; CREATE TABLE public.q (p integer REFERENCES public.p); "
      "INSERT INTO public.q SELECT generate_series(1, 500)");
  for (const std::string option : {"--compress=zstd:1", "--load-via-partition-root"}) {
    expect_ok(restore("copy", stock_dump("summit", {option})), option.c_str());
    EXPECT_EQ(dumped("copy"), dumped("summit")) << option;
  }
}

TEST_F(Load, ALargeTableOverSeveralConnectionsLosesAndDoublesNoRow) {
  // Longer than what one connection takes whole; rows of every length, one longer than a block.
  run("summit",
      "CREATE TABLE public.wide (id integer, empty text, body text); INSERT INTO public.wide SELECT i, '', "
      "repeat(md5(i::text), i % 20) FROM generate_series(1, 60000) i; INSERT INTO public.wide VALUES (0, "
      "NULL, "
      "repeat('0123456789abcdef', 200000)); CREATE TABLE public.blank (nothing text); INSERT INTO "
      "public.blank "
      "SELECT '' FROM generate_series(1, 1000)");
  const auto original = lines(fingerprints("summit"));
  DatabaseRestore options;
  options.jobs = 3;
  const auto restored = expect_ok(restore("copy", stock_dump("summit", {"--compress=none"}), options));
  EXPECT_EQ(restored.loaded.rows, 61001u);
  EXPECT_EQ(lines(fingerprints("copy")), original);
}

// Three tables that one connection each loads, and small ones.
constexpr std::string_view kSeveralLargeTables = R"sql(
CREATE TABLE public.words (id integer, body text);
INSERT INTO public.words SELECT i, md5(i::text) || md5((-i)::text) FROM generate_series(1, 80000) i;
CREATE TABLE public.numbers (id integer, n numeric, j jsonb);
INSERT INTO public.numbers SELECT i, i / 7.0, jsonb_build_object('k', md5(i::text)) FROM generate_series(1, 120000) i;
CREATE TABLE public.lists (id integer, l text[]);
INSERT INTO public.lists SELECT i, ARRAY[md5(i::text), NULL, ''] FROM generate_series(1, 200000) i;
CREATE TABLE public.small (id integer PRIMARY KEY);
INSERT INTO public.small SELECT generate_series(1, 10);
ALTER TABLE public.words ADD PRIMARY KEY (id);
ALTER TABLE public.numbers ADD PRIMARY KEY (id);
CREATE INDEX ON public.numbers USING gin (j);
ALTER TABLE public.lists ADD PRIMARY KEY (id), ADD FOREIGN KEY (id) REFERENCES public.lists;
CREATE INDEX ON public.small (id);
)sql";

TEST_F(Load, SeveralLargeTablesAreFrozenByOneConnectionEach) {
  run("summit", kSeveralLargeTables);
  const auto original = dump("summit");
  ASSERT_THAT(original.extents, testing::SizeIs(3));
  DatabaseRestore options;
  options.archive = archive_file(original.archive, original.extents);
  for (const size_t jobs : {2, 3, 7}) {
    options.jobs = jobs;
    const auto restored = expect_ok(restore("copy", original.archive, options));
    EXPECT_EQ(restored.loaded.rows, 400010u);
    EXPECT_EQ(lines(fingerprints("copy")), lines(original.fingerprints)) << jobs;
    // With more connections the largest table is for all of them, and with many every one is.
    for (const auto* table : {"words", "numbers", "lists"}) {
      if (jobs == 2) {
        EXPECT_TRUE(is_frozen("copy", table)) << table;
      }
    }
  }
}

// A block with a value that has no binary form goes in as text, and must not empty the table again.
TEST_F(Load, ATableThatChangesItsFormatIsFrozenAsFarAsItCanBeAndLosesNoRow) {
  run("summit",
      "CREATE TABLE public.dates (id integer, day date, body text); INSERT INTO public.dates SELECT i, CASE "
      "WHEN i % 30000 = 0 THEN '4000-01-01 BC' ELSE date '2024-01-01' + i % 900 END::date, "
      "repeat(md5(i::text), 8) FROM generate_series(1, 100000) i; CREATE TABLE public.other AS SELECT * FROM "
      "public.dates; ALTER TABLE public.dates ADD PRIMARY KEY (id)");
  const auto original = dump("summit");
  ASSERT_THAT(original.extents, testing::SizeIs(2));
  DatabaseRestore options;
  options.archive = archive_file(original.archive, original.extents);
  expect_ok(restore("copy", original.archive, options));
  EXPECT_EQ(lines(fingerprints("copy")), lines(original.fingerprints));
}

TEST_F(Load, DamageInATableThatIsReadByItselfIsFound) {
  run("summit", kSeveralLargeTables);
  const auto original = dump("summit");
  const auto archive = expect_ok(read_file(original.archive));
  DatabaseRestore options;
  for (const auto& [entry, extent] : original.extents) {
    const fs::path damaged = directory() / "damaged.dump";
    std::string bytes = archive;
    bytes[extent.offset + extent.bytes / 2] = static_cast<char>(bytes[extent.offset + extent.bytes / 2] ^ 4);
    expect_ok(write_file_durably(damaged, bytes));
    options.archive = archive_file(damaged, original.extents);
    EXPECT_EQ(restore("copy", damaged, options).error().code(), Code::kCorrupt);
    EXPECT_FALSE(exists("copy"));
  }
}

// Metadata that are wrong must not load one table into another, nor leave one out.
TEST_F(Load, AWrongPlaceOfATableIsDamage) {
  run("summit", kSeveralLargeTables);
  const auto original = dump("summit");
  auto swapped = original.extents;
  std::swap(swapped.begin()->second, std::prev(swapped.end())->second);
  auto shorter = original.extents;
  shorter.begin()->second.bytes -= 10;
  auto unknown = original.extents;
  unknown[99999] = unknown.begin()->second;
  unknown.erase(unknown.begin());
  for (const auto& extents : {swapped, shorter, unknown}) {
    DatabaseRestore options;
    options.archive = archive_file(original.archive, extents);
    EXPECT_EQ(restore("copy", original.archive, options).error().code(), Code::kCorrupt) << to_text(extents);
    EXPECT_FALSE(exists("copy"));
  }
}

// The server says so at the end of a COPY only, and all of a huge table would have been sent before.
TEST_F(Load, ACopyThatTheServerHasEndedIsNotGivenMore) {
  run("summit", "CREATE TABLE public.t (id integer, body text)");
  auto connection = connect("summit");
  pgarchive::Entry entry;
  LoadTarget target;
  target.entry = &entry;
  target.name = "public.t";
  target.copy = "COPY public.t (id, body) FROM stdin";
  target.truncate = "TRUNCATE ONLY public.t";
  CopyWatch watch([&] { return Connection::open(endpoint(), "summit"); });
  const auto process = expect_ok(CopyWatch::process_of(connection));
  int asked = 0;
  RowLoader loader(connection, nullptr, nullptr, [&] {
    ++asked;
    return watch.goes_on(process);
  });
  LoadUnit unit;
  unit.kind = LoadUnit::Kind::kRowsInTurn;
  unit.target = &target;
  std::string rows = "no number\tx\n";
  for (int i = 0; i < 4000; ++i) rows += fmt::format("{}\t{}\n", i, std::string(1000, 'x'));
  unit.block = {rows, 4001};
  Result<void> loaded;
  uint64_t sent = 0;
  for (; loaded.ok() && sent < 2 * GiB; sent += rows.size()) loaded = loader.load(unit);
  ASSERT_FALSE(loaded.ok());
  EXPECT_THAT(loaded.error().message(), HasSubstr("invalid input syntax for type integer"));
  EXPECT_EQ(asked, 1);
  EXPECT_LT(sent, 300 * MiB);
}

// How often the server's log has a COPY of `table` in this format since `begin`.
struct LoggedCopies {
  size_t text = 0;
  size_t binary = 0;
};
LoggedCopies copies_of(std::string_view table, const fs::path& log, uint64_t begin) {
  LoggedCopies found;
  std::istringstream lines(expect_ok(read_file(log)).substr(begin));
  for (std::string line; std::getline(lines, line);) {
    if (line.find(fmt::format("COPY {} (", table)) == std::string::npos) continue;
    ++(line.find("FORMAT binary") != std::string::npos ? found.binary : found.text);
  }
  return found;
}

TEST_F(Load, BlocksWithAValueThatHasNoBinaryFormGoInAsText) {
  run("summit",
      "CREATE TABLE public.large (id integer, at timestamptz, n numeric, note text); INSERT INTO "
      "public.large "
      "SELECT i, CASE WHEN i % 50000 = 0 THEN '0044-03-15 BC' ELSE "
      "timestamptz '2024-01-01' + i * interval '1 minute' END, i / 7.0, repeat(E'\\t' || i, 10) FROM "
      "generate_series(1, 200000) i; CREATE TABLE public.small AS SELECT * FROM public.large WHERE id < "
      "5000; "
      "CREATE TABLE public.odd AS SELECT * FROM public.large WHERE id BETWEEN 49000 AND 51000; CREATE TABLE "
      "public.tiny AS SELECT * FROM public.large WHERE id < 100");
  const auto original = lines(fingerprints("summit"));
  const auto archive = stock_dump("summit", {"--compress=none"});
  run("postgres", "ALTER ROLE CURRENT_USER SET log_statement = 'mod'");
  const uint64_t begin = fs::file_size(server().log_file());
  const auto restored = expect_ok(restore("copy", archive));
  run("postgres", "ALTER ROLE CURRENT_USER RESET log_statement");
  EXPECT_EQ(restored.loaded.rows, 200000u + 4999 + 2001 + 99);
  EXPECT_EQ(lines(fingerprints("copy")), original);
  const auto logged = [&](std::string_view table) { return copies_of(table, server().log_file(), begin); };
  EXPECT_GT(logged("public.large").text, 0u);
  EXPECT_GT(logged("public.large").binary, 1u);
  EXPECT_EQ(logged("public.small").binary, 1u);
  EXPECT_EQ(logged("public.small").text, 0u);
  EXPECT_EQ(logged("public.odd").text, 1u);
  EXPECT_EQ(logged("public.tiny").text, 1u);
}

TEST_F(Load, SmallTablesAreFrozen) {
  run("summit", "CREATE TABLE public.t AS SELECT generate_series(1, 1000) AS id");
  expect_ok(restore("copy", stock_dump("summit", {})));
  EXPECT_EQ(ask("copy", "SELECT count(*) FROM public.t WHERE xmin::text::bigint > 2"), "1000");
  EXPECT_EQ(ask("copy", "SELECT relallvisible > 0 FROM pg_class WHERE relname = 't'"), "t");
}

TEST_F(Load, JobsOfTimescaleWaitUntilTheRestoredDatabaseHasItsPlace) {
  run("summit", "CREATE EXTENSION timescaledb SCHEMA public");
  const auto original = dump("summit");
  const auto schedulers_in = [&](const std::string& database) {
    return ask("postgres", fmt::format("SELECT count(*) FROM pg_stat_activity WHERE datname = '{}' AND "
                                       "backend_type LIKE 'TimescaleDB%Scheduler'",
                                       database));
  };
  const auto scheduler_comes_to = [&](const std::string& database) {
    return wait_until([&]() -> Result<bool> { return schedulers_in(database) == "1"; }, "the scheduler", 20s,
                      50ms, {});
  };
  expect_ok(scheduler_comes_to("summit"));

  SilentReporter reporter;
  DatabaseRestore options;
  options.database = "copy";
  options.archive = archive_file(original.archive);
  options.timescale_version = original.timescale_version;
  options.workspace = directory();
  auto filled = expect_ok(fill_database(endpoint(), options, reporter, "postgresql", {}));
  expect_ok(pause_for(1s, {}));
  EXPECT_EQ(schedulers_in(filled.name()), "0");
  expect_ok(filled.commit(FilledDatabase::Doors::kOpen));
  expect_ok(scheduler_comes_to("copy"));
}

TEST_F(Load, RowsAsInsertStatementsAreRefused) {
  run("summit", "CREATE TABLE public.t AS SELECT generate_series(1, 10) AS id");
  const auto restored = restore("copy", stock_dump("summit", {"--inserts"}));
  ASSERT_FALSE(restored.ok());
  EXPECT_EQ(restored.error().code(), Code::kUnsupported);
  EXPECT_THAT(restored.error().message(), HasSubstr("public.t"));
  EXPECT_FALSE(exists("copy"));
}

TEST_F(Load, OnlyCommandsOfDefinitionsThatMayBeLeftOutGetTheHintHow) {
  EXPECT_TRUE(SkippedDefinitions::may_leave_out("ALTER TABLE ONLY public.t; ADD CONSTRAINT k UNIQUE (id)"));
  EXPECT_TRUE(SkippedDefinitions::may_leave_out("CREATE UNIQUE INDEX i ON public.t USING btree (id)"));
  EXPECT_FALSE(SkippedDefinitions::may_leave_out("ALTER TABLE ONLY public.t ATTACH PARTITION public.p"));
  EXPECT_FALSE(SkippedDefinitions::may_leave_out("ALTER TABLE ONLY public.t REPLICA IDENTITY FULL"));
}

TEST_F(Load, MoreDefinitionsThatMayBeLeftOutThanTheServerHasLocksComeBack) {
  constexpr int kComments = 2400;
  platform::PostgresServer::Options settings;
  settings.settings["max_locks_per_transaction"] = "10";
  settings.settings["max_connections"] = "20";
  const auto small = expect_ok(platform::PostgresServer::create(settings));
  use(*small);
  create_database("summit");
  run("summit", "CREATE TABLE public.t (a integer, b integer)");
  // Each comment locks the statistics object that it is on.
  for (int made = 0; made < kComments; made += 200) {
    run("summit", fmt::format("DO $$ BEGIN FOR i IN {}..{} LOOP EXECUTE format('CREATE STATISTICS public.s%s "
                              "ON a, b FROM public.t; COMMENT ON STATISTICS public.s%s IS ''of t''', i, i); "
                              "END LOOP; END $$",
                              made, made + 199));
  }
  DatabaseRestore options;
  options.skip_failed_definitions = true;
  const auto restored = expect_ok(restore("copy", dump("summit").archive, options));
  EXPECT_THAT(restored.loaded.skipped, testing::IsEmpty());
  EXPECT_EQ(ask("copy", "SELECT count(obj_description(oid, 'pg_statistic_ext')) FROM pg_statistic_ext"),
            fmt::format("{}", kComments));
}

TEST_F(Load, AnotherEncodingIsHeeded) {
  run("postgres", "CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'");
  run("latin", "CREATE TABLE public.t (word text); INSERT INTO public.t VALUES ('äöü'), ('ñ')");
  const auto original = lines(fingerprints("latin"));
  expect_ok(restore("copy", stock_dump("latin", {})));
  EXPECT_EQ(lines(fingerprints("copy")), original);
  EXPECT_EQ(ask("copy", "SHOW server_encoding"), "LATIN1");
}

TEST_F(Load, EndOfALoadingConnection_OldDatabaseStays) {
  run("summit",
      "CREATE TABLE public.t AS SELECT i AS id, md5(i::text) || md5((-i)::text) AS m FROM generate_series(1, "
      "400000) i");
  const auto archive = stock_dump("summit", {"--compress=none"});
  run("summit", "DELETE FROM public.t WHERE id = 1");
  PausedArchive paused(archive);
  DatabaseRestore options;
  options.database = "summit";
  options.archive = paused.source();
  options.workspace = directory();
  options.jobs = 2;
  SilentReporter reporter;
  TaskGroup restoring;
  restoring.spawn([&]() -> Result<void> {
    RETURN_IF_ERROR(restore_database(endpoint(), options, reporter, "postgresql", {}));
    return {};
  });
  paused.wait();
  auto killer = connect("postgres");
  expect_ok(wait_until(
      [&]() -> Result<bool> {
        ASSIGN_OR_RETURN(
            auto rows,
            killer.query("SELECT pg_catalog.pg_terminate_backend(pid) FROM "
                         "pg_catalog.pg_stat_progress_copy WHERE datname LIKE '%restoring%' LIMIT 1"));
        return !rows.empty();
      },
      "a COPY to end", 30s, 5ms, {}));
  paused.go_on();
  const auto restored = restoring.join();
  ASSERT_FALSE(restored.ok());
  EXPECT_EQ(restored.error().code(), Code::kUnreachable) << restored.error().to_string();
  EXPECT_THAT(restored.error().message(), HasSubstr("while loading the rows of public.t"));
  EXPECT_EQ(ask("summit", "SELECT count(*) FROM public.t"), "399999");
  EXPECT_THAT(databases(), Not(Contains(HasSubstr("_restoring_"))));
  expect_ok(restore("summit", archive));
  EXPECT_EQ(ask("summit", "SELECT count(*) FROM public.t"), "400000");
}

TEST_F(Load, CrashOfTheServerInACopy_OldDatabaseStaysAndNextRestoreWorks) {
  run("summit",
      "CREATE TABLE public.t AS SELECT i AS id, md5(i::text) || md5((-i)::text) AS m FROM generate_series(1, "
      "400000) i");
  const auto archive = stock_dump("summit", {"--compress=none"});
  run("summit", "DELETE FROM public.t WHERE id = 1; CHECKPOINT");
  PausedArchive paused(archive);
  DatabaseRestore options;
  options.database = "summit";
  options.archive = paused.source();
  options.workspace = directory();
  options.jobs = 2;
  SilentReporter reporter;
  TaskGroup restoring;
  restoring.spawn([&]() -> Result<void> {
    RETURN_IF_ERROR(restore_database(endpoint(), options, reporter, "postgresql", {}));
    return {};
  });
  paused.wait();
  expect_ok(server().kill());
  paused.go_on();
  const auto restored = restoring.join();
  ASSERT_FALSE(restored.ok());
  EXPECT_EQ(restored.error().code(), Code::kUnreachable) << restored.error().to_string();
  expect_ok(server().start());
  EXPECT_EQ(ask("summit", "SELECT count(*) FROM public.t"), "399999");
  expect_ok(restore("summit", archive));
  EXPECT_EQ(ask("summit", "SELECT count(*) FROM public.t"), "400000");
  EXPECT_THAT(databases(), Not(Contains(HasSubstr("_restoring_"))));
}

TEST_F(Load, DamageThatShowsAtTheEndOfTheSource_OldDatabaseStays) {
  run("summit", "CREATE TABLE public.t AS SELECT generate_series(1, 1000) AS id");
  const auto archive = stock_dump("summit", {});
  DatabaseRestore options;
  options.database = "summit";
  options.workspace = directory();
  options.archive = [&](const std::function<Result<void>(ByteView)>& consume) -> Result<void> {
    RETURN_IF_ERROR(archive_file(archive)(consume));
    return Error(Code::kCorrupt, "its SHA-256 is not the recorded one");
  };
  run("summit", "DELETE FROM public.t WHERE id = 1");
  SilentReporter reporter;
  const auto restored = restore_database(endpoint(), options, reporter, "postgresql", {});
  ASSERT_FALSE(restored.ok());
  EXPECT_EQ(restored.error().code(), Code::kCorrupt);
  EXPECT_EQ(ask("summit", "SELECT count(*) FROM public.t"), "999");
  EXPECT_THAT(databases(), Not(Contains(HasSubstr("_restoring_"))));
}

TEST_F(Load, AnArchiveCutAnywhereNeverReplacesTheDatabase) {
  run("summit",
      "CREATE TABLE public.t AS SELECT i AS id, md5(i::text) AS m FROM generate_series(1, 300) i; CREATE "
      "INDEX "
      "ON public.t (id)");
  const std::string whole = expect_ok(read_file(stock_dump("summit", {"--compress=zstd:1"})));
  run("summit", "DELETE FROM public.t WHERE id = 1");
  const fs::path damaged = directory() / "damaged.dump";
  for (size_t i = 1; i <= 6; ++i) {
    std::ofstream(damaged, std::ios::binary) << whole.substr(0, whole.size() * i / 7);
    const auto restored = restore("summit", damaged);
    ASSERT_FALSE(restored.ok()) << "cut after " << i << " of 7 parts";
    EXPECT_EQ(restored.error().code(), Code::kCorrupt) << restored.error().to_string();
    EXPECT_EQ(ask("summit", "SELECT count(*) FROM public.t"), "299");
  }
  EXPECT_THAT(databases(), Not(Contains(HasSubstr("_restoring_"))));
}

}  // namespace
}  // namespace summit::postgres
